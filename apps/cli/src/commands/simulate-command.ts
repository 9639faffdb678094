import { type Command, InvalidArgumentError } from 'commander';
import type { ModuleFile } from '../consensus-modules.js';
import type { Context } from '../context.js';
import { example } from '../options.js';
import type { SimulateOptions } from '../simulate.js';

const SEED_MAX = 0xffff_ffff;

/** `simulate [scenario]`. */
export function addSimulateCommand(program: Command, context: Context): void {
  program
    .command('simulate')
    .argument('[scenario]', 'a scenario file, or the name of a shipped one; left out: lists the shipped ones')
    .description('run an experiment on consensus in virtual time, from one seed')
    .option('--html <file>', 'write a report with plots: one HTML file that needs nothing else')
    .option('--seed <number>', "another seed than the scenario's own", seedArgument)
    .option(
      '--module <name=file>',
      'a consensus module of your own, exported as default, under the name that the scenario uses; may be repeated',
      (text, earlier: readonly ModuleFile[] = []) => [...earlier, moduleArgument(text)],
    )
    .addHelpText('after', example('radledger simulate selection-5000 --html report.html'))
    .action(async (scenario: string | undefined, options: SimulateOptions) => {
      // Loaded when it is asked for: the other commands start faster without it.
      const { listScenarios, simulate } = await import('../simulate.js');
      return scenario === undefined ? listScenarios(context) : simulate(context, scenario, options);
    });
}

function seedArgument(text: string): number {
  if (/^\d{1,10}$/.test(text) && Number(text) <= SEED_MAX) return Number(text);
  throw new InvalidArgumentError(`Expected a whole number from 0 to ${SEED_MAX}.`);
}

function moduleArgument(text: string): ModuleFile {
  const [, name, file] = /^([a-z][a-z0-9-]{0,39})=(.+)$/.exec(text) ?? [];
  if (name === undefined || file === undefined) {
    throw new InvalidArgumentError('Expected a name and a file, such as mine=./my-module.js.');
  }
  return { name, file };
}
