import { attestationPeriodOf, cellKey, decodeParamsCell } from '@radledger/chain';
import { createCellReader, type NodeClient } from '@radledger/client';
import type { Command } from 'commander';
import { countArgument, idArgument } from '../arguments.js';
import { type Context, nodeOf } from '../context.js';
import { CliError } from '../errors.js';
import { addNodeOption, example } from '../options.js';
import { signerOf, transact } from '../transact.js';

interface AuthorityOptions {
  readonly node?: string;
  readonly key: string;
}

/** `authority admit|vouch`: what a payer or registry that genesis lists says of a source. */
export function addAuthorityCommands(program: Command, context: Context): void {
  const authority = program.command('authority').description('what an authority of the network says of a source');

  addNodeOption(authority.command('admit'))
    .description('let a source enter the directory, up to a height')
    .argument('<source>', 'source id', idArgument)
    .requiredOption('--key <file>', 'PEM key file of the authority (mode 0600)')
    .requiredOption('--until-height <height>', 'last height at which it may be defined', countArgument)
    .addHelpText('after', example(`radledger authority admit ${'ab'.repeat(32)} --key payer.pem --until-height 250000`))
    .action((source: Uint8Array, options: AuthorityOptions & { untilHeight: number }) =>
      attest(
        context,
        options,
        { source, admitUntilHeight: options.untilHeight, studies: undefined },
        'authority admit',
      ),
    );

  addNodeOption(authority.command('vouch'))
    .description('say how many studies of a source are real, at most, in one period of 28 days of heights')
    .argument('<source>', 'source id', idArgument)
    .requiredOption('--key <file>', 'PEM key file of the authority (mode 0600)')
    .requiredOption('--studies <count>', 'at most so many count', countArgument)
    .option('--period <number>', 'the period; left out: the one that is open', countArgument)
    .addHelpText('after', example(`radledger authority vouch ${'ab'.repeat(32)} --key payer.pem --studies 9000`))
    .action(async (source: Uint8Array, options: AuthorityOptions & { studies: number; period?: number }) => {
      const period = options.period ?? (await openPeriod(nodeOf(context, options), context.signal));
      const studies = { period, countMax: options.studies };
      await attest(context, options, { source, admitUntilHeight: undefined, studies }, 'authority vouch');
    });
}

async function attest(
  context: Context,
  options: AuthorityOptions,
  payload: Parameters<typeof transact<'attest'>>[2]['payload'],
  command: string,
): Promise<void> {
  const signer = await signerOf(options.key);
  await transact(context, nodeOf(context, options), {
    command,
    kind: 'attest',
    signer,
    payload,
    source: payload.source,
  });
}

async function openPeriod(node: NodeClient, signal: AbortSignal): Promise<number> {
  const [params] = await createCellReader(node).read([cellKey.params], signal);
  if (params === undefined) throw new CliError({ code: 'NOT_FOUND', what: 'params' }, 'the ledger has no parameters');
  const { finalized } = await node.status({ signal });
  return attestationPeriodOf(finalized.height, decodeParamsCell(params).parameters);
}
