import { toHex } from '@radledger/primitives';
import type { PlainOrder, SourceStanding } from '@radledger/wallet';
import Table from 'cli-table3';
import { type Command, Option } from 'commander';
import { idArgument } from '../arguments.js';
import { type Context, type WalletOptions, withWallet } from '../context.js';
import { addWalletOptions, example } from '../options.js';

const ORDERS = [
  'wrong-patient',
  'stop-replacement',
  'confirm-replacement',
  'pause-link',
  'resume-link',
  'end-link',
] as const satisfies readonly PlainOrder['kind'][];

/** `study look|leave-keys|order|tell`: what an owner orders of the source of a study. */
export function addOwnerCommands(study: Command, context: Context): void {
  const { output, signal } = context;
  const show = (command: string, standing: SourceStanding): void =>
    output.result(command, standingJson(standing), [describe(standing)]);

  addWalletOptions(study.command('look'))
    .description(
      'ask the sources how things stand: takes in studies that came on keys left there, and says whether access is being replaced',
    )
    .addHelpText('after', example('radledger study look'))
    .action(async (options: WalletOptions) => {
      await withWallet(context, options, async (wallet) => {
        const { standings, unanswered } = await wallet.askSources({ signal });
        const table = new Table({ head: ['study', 'how things stand'], style: { head: [] } });
        for (const standing of standings) table.push([toHex(standing.studyId), describe(standing)]);
        for (const studyId of unanswered) table.push([toHex(studyId), 'the source did not answer']);
        await wallet.lookForDevices({ signal });
        const otherDevices = wallet.newDevices();
        const result = { standings: standings.map(standingJson), unanswered: unanswered.map(toHex), otherDevices };
        output.result('study look', result, [
          table.length === 0 ? 'no studies' : table.toString(),
          ...otherDevices.map(
            ({ atMs, by }) =>
              `brought back on another device at ${new Date(atMs).toISOString()} (${by}): was that you? If not, stop every grant`,
          ),
        ]);
      });
    });

  addWalletOptions(study.command('leave-keys'))
    .description('leave keys with the source of a study: later studies then come without an invitation')
    .argument('<study>', 'study id', idArgument)
    .addHelpText('after', example('radledger study leave-keys <study>'))
    .action(async (studyId: Uint8Array, options: WalletOptions) => {
      await withWallet(context, options, async (wallet) =>
        show('study leave-keys', await wallet.leaveKeys(studyId, { signal })),
      );
    });

  addWalletOptions(study.command('order'))
    .description('order something of the source of a study')
    .argument('<study>', 'study id', idArgument)
    .addOption(new Option('--what <order>', 'what it shall do').choices(ORDERS).makeOptionMandatory())
    .addHelpText('after', example('radledger study order <study> --what stop-replacement'))
    .action(async (studyId: Uint8Array, options: WalletOptions & { what: (typeof ORDERS)[number] }) => {
      await withWallet(context, options, async (wallet) =>
        show('study order', await wallet.order(studyId, { kind: options.what }, { signal })),
      );
    });

  addWalletOptions(study.command('tell'))
    .description(
      'tell the privacy office of a source something about a study, for instance a reader whom you do not know',
    )
    .argument('<study>', 'study id', idArgument)
    .requiredOption('--text <text>', 'one line of at most 1,000 bytes')
    .addHelpText(
      'after',
      example("radledger study tell <study> --text 'Who is the practice that read this on Monday?'"),
    )
    .action(async (studyId: Uint8Array, options: WalletOptions & { text: string }) => {
      await withWallet(context, options, async (wallet) =>
        show(
          'study tell',
          await wallet.order(studyId, { kind: 'tell-privacy-office', text: options.text }, { signal }),
        ),
      );
    });
}

function describe({ link, keysLeft, replacement }: SourceStanding): string {
  const keys = link === 'none' ? 'no keys left for later studies' : `keys for later studies: ${keysLeft}, ${link}`;
  if (replacement === undefined) return keys;
  const due = new Date(replacement.dueAtMs).toISOString();
  return `${keys}; somebody asked at the desk to replace your access, from ${due}: stop it unless it was you`;
}

function standingJson({
  studyId,
  source,
  replacement,
  ...standing
}: SourceStanding): Readonly<Record<string, unknown>> {
  return { studyId: toHex(studyId), source: toHex(source), ...standing, replacement: replacement ?? null };
}
