#!/usr/bin/env node
/** The reference gateway: parses configuration, calls packages, prints. Guide: docs/guides/integrators-gateway.md. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { verifyAudit } from './audit.js';
import { collectYoungBuffers } from './collect-young.js';
import { readConfig } from './config.js';
import { disclosureLines } from './disclosures.js';
import { exitCodeOf } from './errors.js';
import { initFolder, type Role } from './init.js';
import { createLogger } from './log.js';

function print(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

function countOf(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError('expected a number from 1 on.');
  return Number(text);
}

function dayOf(text: string): number {
  const ms = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) throw new InvalidArgumentError('expected a day as 2026-01-31.');
  return ms;
}

function hexKeysOf(text: string, before: readonly string[] = []): readonly string[] {
  if (!/^[0-9a-f]{64}$/.test(text)) throw new InvalidArgumentError('expected 64 lower-case hex characters.');
  return [...before, text];
}

const program = new Command('radledger-gateway')
  .description('an image source, an image recipient, or both, beside a PACS')
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));

program
  .command('init')
  .description('make the keys of a role and a first configuration')
  .requiredOption('--folder <folder>', 'where to make them; nothing in it is overwritten')
  .addOption(new Option('--role <role>', 'what to make').choices(['source', 'recipient']).makeOptionMandatory())
  .option('--node <url>', "address of the operator's own node", 'http://127.0.0.1:7410')
  .action(async (options: { folder: string; role: Role; node: string }) => {
    print(await initFolder(options));
  });

program
  .command('run')
  .description('run the gateway until SIGTERM or SIGINT')
  .requiredOption('--config <file>', 'gateway.toml')
  .action(async ({ config: file }: { config: string }) => {
    const stopRequested = new Promise<void>((resolve) => {
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve());
    });
    collectYoungBuffers();
    const config = await readConfig(file);
    // Loaded when it is needed: every other command is done before.
    const { startGateway } = await import('./run.js');
    const gateway = await startGateway(config, createLogger(config.logLevel));
    print({ event: 'listening', ...gateway.listening });
    process.on('SIGHUP', () => void gateway.renewTls());
    await stopRequested;
    await gateway.close();
    print({ event: 'stopped' });
    // Connections to the node that are kept for reuse would hold the process for seconds more.
    setImmediate(() => process.exit(0));
  });

program
  .command('audit-verify')
  .description('check every line, link and signed day of the audit trail')
  .requiredOption('--config <file>', 'gateway.toml')
  .option('--heads <file>', 'signed heads that were kept elsewhere, one a line')
  .option('--first <number>', 'number of the first line, when older days were archived elsewhere', countOf)
  .option('--earlier-key <hex...>', 'keys of this gateway before a rotation: they signed older heads', hexKeysOf)
  .action(async (options: { config: string; heads?: string; first?: number; earlierKey?: string[] }) => {
    const { config: file, heads: headFile, first: firstNumber, earlierKey: earlierKeys } = options;
    const report = await verifyAudit(await readConfig(file), { headFile, firstNumber, earlierKeys });
    print(report);
    if (report.problems.length > 0) process.exitCode = 1;
  });

program
  .command('disclosures')
  .description(
    'print the accounting of disclosures as CSV: who was given which study, when, what and why; holds patient data',
  )
  .requiredOption('--config <file>', 'gateway.toml of the gateway that runs')
  .option('--from <day>', 'first day, as 2026-01-31 (UTC); default the first there is', dayOf)
  .option('--to <day>', 'last day, inclusive; default today', dayOf)
  .option('--study <uid>', 'only of this Study Instance UID')
  .action(async (options: { config: string; from?: number; to?: number; study?: string }) => {
    const { from, to, study } = options;
    const filter = {
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to: to + 86_400_000 }),
      ...(study === undefined ? {} : { study }),
    };
    for await (const line of disclosureLines(await readConfig(options.config), filter))
      process.stdout.write(`${line}\r\n`);
  });

try {
  await program.parseAsync();
} catch (error) {
  const [line] = (error instanceof Error ? error.message : String(error)).split('\n', 1);
  process.stderr.write(`radledger-gateway: ${line}\n`);
  process.exitCode = exitCodeOf(error);
}
