/** The command tree, and one run of it. */
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { addAuthorityCommands } from './commands/authority-commands.js';
import { addDeskCommands } from './commands/desk-commands.js';
import { addGrantCommands } from './commands/grant-commands.js';
import { addQuarantineCommands } from './commands/quarantine-commands.js';
import { addRecipientCommands } from './commands/recipient-commands.js';
import { addRequestCommands } from './commands/request-commands.js';
import { addSimulateCommand } from './commands/simulate-command.js';
import { addSourceCommands } from './commands/source-commands.js';
import { addStudyCommands } from './commands/study-commands.js';
import { addWalletCommands } from './commands/wallet-commands.js';
import type { Context } from './context.js';
import { EXIT, failureOf } from './exit-codes.js';
import { createOutput, type Output } from './output.js';
import { SecretInput } from './secret-input.js';
import { refuseSecrets } from './secret-guard.js';

/** The whole command tree; parse errors and help are thrown and collected, never printed past `output`. */
export function createProgram(context: Context): Command {
  const program = new Command('radledger');
  program
    .description('Radledger for patients, practices and image sources')
    .option('--json', 'print one JSON object on standard output, on failure too')
    .version(packageVersion())
    .addHelpText(
      'after',
      '\nExit status: 0 ok, 2 usage, 3 refused, 4 not found, 5 network, 6 stale view, 7 verification failed.\n',
    );
  addWalletCommands(program, context);
  addStudyCommands(program, context);
  addGrantCommands(program, context);
  addRequestCommands(program, context);
  addQuarantineCommands(program, context);
  addRecipientCommands(program, context);
  addSourceCommands(program, context);
  addDeskCommands(program, context);
  addAuthorityCommands(program, context);
  addSimulateCommand(program, context);
  forEachCommand(program, (command) => {
    if (command !== program) command.option('--json', 'print one JSON object on standard output, on failure too');
    command.exitOverride();
    // What a person typed may be a secret that landed in the wrong place: commander's own messages would repeat it.
    command.configureOutput({ writeOut: (text) => context.output.text(text), writeErr: () => undefined });
    command.showSuggestionAfterError(false);
  });
  return program;
}

/** Runs one command line. @returns the exit status */
export async function run(
  args: readonly string[],
  streams: Pick<NodeJS.Process, 'stdin' | 'stdout' | 'stderr' | 'env'> & { signal: AbortSignal },
): Promise<number> {
  const output = createOutput(args.includes('--json'), streams);
  try {
    refuseSecrets(args);
    const input = new SecretInput(streams.stdin);
    const program = createProgram({ output, input, env: streams.env, signal: streams.signal });
    await program.parseAsync([...args], { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) {
      output.end();
      return EXIT.ok;
    }
    return reportFailure(output, error, args);
  }
}

function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return version;
}

function reportFailure(output: Output, error: unknown, args: readonly string[]): number {
  const failure = failureOf(error);
  // Commander quotes what was typed, which may be a secret in the wrong place; each quoted piece is left out.
  const typed = args.flatMap((arg) => [arg, ...arg.split('=')]);
  const message = typed.reduce((text, piece) => text.replaceAll(`'${piece}'`, '(not repeated)'), failure.message);
  output.failure({ ...failure, message });
  return failure.exitCode;
}

function forEachCommand(command: Command, visit: (command: Command) => void): void {
  visit(command);
  for (const child of command.commands) forEachCommand(child, visit);
}
