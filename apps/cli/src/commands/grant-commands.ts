import { decodeImageRequestLink } from '@radledger/handover';
import { equalBytes, toHex } from '@radledger/primitives';
import type { GrantView, Wallet } from '@radledger/wallet';
import Table from 'cli-table3';
import type { Command } from 'commander';
import { idArgument, timeArgument } from '../arguments.js';
import { type Context, type WalletOptions, withWallet } from '../context.js';
import { CliError, usageError } from '../errors.js';
import { addWalletOptions, example } from '../options.js';
import { longOf } from '../progress.js';
import { addGrantCodeCommand } from './grant-code-command.js';
import { finalJson } from './study-commands.js';

/** `grant allow|code|revoke|list`. */
export function addGrantCommands(program: Command, context: Context): void {
  const { output, signal } = context;
  const long = longOf(context);
  const grant = program.command('grant').description('who may fetch your studies');

  addWalletOptions(grant.command('allow'))
    .description('let the sender of an image request fetch one study until an end date')
    .argument('<study>', 'study id', idArgument)
    .requiredOption('--request <link>', 'the image request link')
    .requiredOption('--until <time>', 'end date, required: e.g. 2027-01-31, 2027-01-31T12:00Z or 30d', timeArgument)
    .addHelpText(
      'after',
      example("radledger grant allow <study> --request 'https://wallet.example/#r=...' --until 30d"),
    )
    .action(async (studyId: Uint8Array, options: WalletOptions & { request: string; until: number }) => {
      const request = decodeImageRequestLink(options.request);
      await withWallet(context, options, async (wallet) => {
        const { tag, noticeDelivered, ...done } = await wallet.allow(
          { studyId, request, notAfterMs: options.until },
          long,
        );
        output.result(
          'grant allow',
          { studyId: toHex(studyId), tag: toHex(tag), notAfterMs: options.until, noticeDelivered, ...finalJson(done) },
          [
            `allowed until ${new Date(options.until).toISOString()}, final at height ${done.height}`,
            noticeDelivered
              ? 'the recipient has been told'
              : "the recipient's gateway did not answer; `grant list` tries again",
          ],
        );
      });
    });

  addGrantCodeCommand(grant, context);

  addWalletOptions(grant.command('revoke'))
    .description('end a grant: new downloads stop now, copies already made stay')
    .argument('<study>', 'study id', idArgument)
    .option('--tag <tag>', 'the grant, as `grant list` shows it', idArgument)
    .option('--recipient <key>', 'or the key of its recipient', idArgument)
    .addHelpText('after', example('radledger grant revoke <study> --tag <tag>'))
    .action(async (studyId: Uint8Array, options: WalletOptions & { tag?: Uint8Array; recipient?: Uint8Array }) => {
      if ((options.tag === undefined) === (options.recipient === undefined)) {
        throw usageError('--tag', 'give either --tag or --recipient');
      }
      await withWallet(context, options, async (wallet) => {
        const tag = options.tag ?? (await tagOf(wallet, studyId, options.recipient as Uint8Array, signal));
        const done = await wallet.revoke({ studyId, tag }, long);
        output.result('grant revoke', { studyId: toHex(studyId), tag: toHex(tag), ...finalJson(done) }, [
          `ended, final at height ${done.height}`,
        ]);
      });
    });

  addWalletOptions(grant.command('list'))
    .description('list the grants of one study, or of all, with their state on the ledger')
    .argument('[study]', 'study id', idArgument)
    .addHelpText('after', example('radledger grant list'))
    .action(async (studyId: Uint8Array | undefined, options: WalletOptions) => {
      await withWallet(context, options, async (wallet) => {
        const undelivered = await wallet.deliverNotices({ signal });
        const studies =
          studyId === undefined ? (await wallet.studies({ signal })).map((view) => view.studyId) : [studyId];
        const rows: { studyId: Uint8Array; view: GrantView }[] = [];
        for (const id of studies) {
          for (const view of await wallet.grants(id, { signal })) rows.push({ studyId: id, view });
        }
        const table = new Table({ head: ['study', 'tag', 'reason', 'until', 'status'], style: { head: [] } });
        for (const { studyId: id, view } of rows) {
          const until = new Date(view.notAfterMs).toISOString().slice(0, 16);
          table.push([toHex(id).slice(0, 12), toHex(view.tag), view.reason ?? '', until, view.status]);
        }
        output.result('grant list', { grants: rows.map(grantJson), undelivered }, [
          rows.length === 0 ? 'no grants' : table.toString(),
        ]);
      });
    });
}

async function tagOf(
  wallet: Wallet,
  studyId: Uint8Array,
  recipient: Uint8Array,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const grants = await wallet.grants(studyId, { signal });
  const found = grants.find(({ recipientKey }) => recipientKey !== undefined && equalBytes(recipientKey, recipient));
  if (found !== undefined) return found.tag;
  throw new CliError({ code: 'NOT_FOUND', what: 'grant' }, 'this study has no grant for that recipient');
}

function grantJson({ studyId, view }: { studyId: Uint8Array; view: GrantView }): Record<string, unknown> {
  return {
    studyId: toHex(studyId),
    tag: toHex(view.tag),
    status: view.status,
    notAfterMs: view.notAfterMs,
    recipient: view.recipientKey === undefined ? null : toHex(view.recipientKey),
    reason: view.reason ?? null,
    gatewayApi: view.gatewayApi ?? null,
    noticeDelivered: view.noticeDelivered,
  };
}
