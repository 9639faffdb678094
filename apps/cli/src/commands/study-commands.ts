import { decodeInvitationLink, encodeRoleAcceptance, readRoleAcceptance } from '@radledger/handover';
import { toHex } from '@radledger/primitives';
import { RETIRE_REASON_NUMBERS, type RetireReason } from '@radledger/transactions';
import type { StudyView } from '@radledger/wallet';
import Table from 'cli-table3';
import { type Command, Option } from 'commander';
import { idArgument, secondsArgument, timeArgument } from '../arguments.js';
import { type Context, type OperatorOptions, operatorOf, type WalletOptions, withWallet } from '../context.js';
import { usageError } from '../errors.js';
import { addOperatorOptions, addWalletOptions, example } from '../options.js';
import { addOwnerCommands } from './owner-commands.js';
import { longOf } from '../progress.js';

/** `study claim|list|who-looked|delegate|accept|move-owner|publish|retire`. */
export function addStudyCommands(program: Command, context: Context): void {
  const study = program.command('study').description('studies: of your wallet, or of the gateway that you operate');
  addPatientCommands(study, context);
  addOwnerCommands(study, context);
  addOperatorCommands(study, context);
}

function addPatientCommands(study: Command, context: Context): void {
  const { output, signal } = context;
  const long = longOf(context);

  addWalletOptions(study.command('claim'))
    .description('claim an invitation, and wait until the study is on the ledger')
    .option(
      '--invitation-file <file>',
      'the invitation link: a file of mode 0600, or - for the next line of standard input',
    )
    .option('--code-file <file>', 'the six-digit code: a file of mode 0600, or - for the next line of standard input')
    .option('--timeout <seconds>', 'longest wait for publication (default 600)', secondsArgument)
    .addHelpText('after', example('radledger study claim --invitation-file link.txt --code-file code.txt'))
    .action(async (options: WalletOptions & { invitationFile?: string; codeFile?: string; timeout?: number }) => {
      await withWallet(context, options, async (wallet) => {
        const link = await context.input.read('--invitation-file', options.invitationFile, 'The invitation link');
        const invitation = decodeInvitationLink(link);
        const code = await context.input.read('--code-file', options.codeFile, 'The six-digit code', true);
        const view = await wallet.claim(
          { invitation, code, ...(options.timeout === undefined ? {} : { publishTimeoutMs: options.timeout }) },
          long,
        );
        output.result('study claim', studyJson(view), [`${view.label ?? 'study'} is yours: ${toHex(view.studyId)}`]);
      });
    });

  addOperatorOptions(addWalletOptions(study.command('list')))
    .description('list the studies of the wallet, or with --operator those of the archive')
    .addHelpText('after', example('radledger study list --node http://127.0.0.1:7101'))
    .action(async (options: WalletOptions & OperatorOptions) => {
      if (options.operator !== undefined) return listArchive(context, options);
      await withWallet(context, options, async (wallet) => {
        const studies = await wallet.studies({ signal });
        const table = new Table({ head: ['study', 'label', 'status', 'role'], style: { head: [] } });
        for (const view of studies) table.push([toHex(view.studyId), view.label ?? '', view.status, view.role]);
        output.result('study list', { studies: studies.map(studyJson) }, [
          studies.length === 0 ? 'no studies' : table.toString(),
        ]);
      });
    });

  addWalletOptions(study.command('who-looked'))
    .description('list who read a study since it is yours: the source tells, and signs what it tells')
    .argument('<study>', 'study id', idArgument)
    .addHelpText('after', example('radledger study who-looked <study>'))
    .action(async (studyId: Uint8Array, options: WalletOptions) => {
      await withWallet(context, options, async (wallet) => {
        const readings = await wallet.whoLooked(studyId, { signal });
        const table = new Table({
          head: ['when', 'who', 'what', 'times', 'allowed as', 'outcome'],
          style: { head: [] },
        });
        for (const { atMs, reader, reason, part, readings: times, basis, outcome } of readings) {
          table.push([new Date(atMs).toISOString(), reason ?? toHex(reader), part, times, basis, outcome]);
        }
        const json = readings.map(({ reader, reason, ...reading }) => ({
          ...reading,
          reader: toHex(reader),
          reason: reason ?? null,
        }));
        const result = { studyId: toHex(studyId), readings: json };
        output.result('study who-looked', result, [readings.length === 0 ? 'nobody' : table.toString()]);
      });
    });

  addWalletOptions(study.command('accept'))
    .description("accept to become delegate or next owner of somebody's study; prints the text to give to its owner")
    .argument('<source>', 'source id', idArgument)
    .argument('<study>', 'study id', idArgument)
    .addOption(new Option('--role <role>', 'what to become').choices(['delegate', 'owner']).makeOptionMandatory())
    .option('--delegation <text>', "second step of a delegate: what the owner's `study delegate` printed")
    .addHelpText('after', example('radledger study accept <source> <study> --role delegate'))
    .action(
      async (
        source: Uint8Array,
        studyId: Uint8Array,
        options: WalletOptions & { role: 'delegate' | 'owner'; delegation?: string },
      ) => {
        const { delegation } = options;
        if (delegation !== undefined && options.role !== 'delegate') {
          throw usageError(
            '--delegation',
            'only a delegate is told by a delegation; a new owner runs `wallet restore`',
          );
        }
        await withWallet(context, options, async (wallet) => {
          if (delegation !== undefined) {
            const view = await wallet.receiveDelegation({ source, studyId, delegation }, { signal });
            output.result('study accept', studyJson(view), [`you may now share ${view.label ?? 'the study'}`]);
            return;
          }
          const acceptance = await wallet.acceptRole({ source, studyId, role: options.role }, { signal });
          const text = encodeRoleAcceptance(acceptance);
          output.result('study accept', { acceptance: text, key: toHex(acceptance.key), role: options.role }, [text]);
        });
      },
    );

  addWalletOptions(study.command('delegate'))
    .description('let another person allow and stop for one study until an end date, or end that')
    .argument('<study>', 'study id', idArgument)
    .option('--acceptance <text>', 'what `study accept --role delegate` printed for that person')
    .option('--until <time>', 'end date, e.g. 2027-01-31 or 90d', timeArgument)
    .option('--none', 'end the delegation')
    .addHelpText('after', example('radledger study delegate <study> --acceptance <text> --until 90d'))
    .action(
      async (studyId: Uint8Array, options: WalletOptions & { acceptance?: string; until?: number; none?: true }) => {
        const { acceptance, until, none } = options;
        if (
          none === true
            ? acceptance !== undefined || until !== undefined
            : acceptance === undefined || until === undefined
        ) {
          throw usageError('--acceptance', 'give --acceptance and --until, or --none alone');
        }
        await withWallet(context, options, async (wallet) => {
          if (acceptance === undefined || until === undefined) {
            const done = await wallet.removeDelegate(studyId, long);
            const result = { studyId: toHex(studyId), delegation: null, ...finalJson(done) };
            output.result('study delegate', result, [`final at height ${done.height}`]);
            return;
          }
          const { delegation, ...done } = await wallet.setDelegate(
            { studyId, acceptance: await readRoleAcceptance(acceptance), notAfterMs: until },
            long,
          );
          const result = { studyId: toHex(studyId), delegation, ...finalJson(done) };
          output.result('study delegate', result, [delegation]);
        });
      },
    );

  addWalletOptions(study.command('move-owner'))
    .description('move a study to another person, or to a fresh key of this wallet; all its grants end')
    .argument('<study>', 'study id', idArgument)
    .option('--acceptance <text>', 'what `study accept --role owner` printed for that person')
    .option('--to-self', 'move to a fresh key of this wallet')
    .addHelpText('after', example('radledger study move-owner <study> --to-self'))
    .action(async (studyId: Uint8Array, options: WalletOptions & { acceptance?: string; toSelf?: true }) => {
      const { acceptance, toSelf } = options;
      if ((acceptance === undefined) !== (toSelf === true)) {
        throw usageError('--acceptance', 'give either --acceptance or --to-self');
      }
      await withWallet(context, options, async (wallet) => {
        const done = await wallet.moveOwner(
          { studyId, ...(acceptance === undefined ? {} : { acceptance: await readRoleAcceptance(acceptance) }) },
          long,
        );
        output.result('study move-owner', { studyId: toHex(studyId), ...finalJson(done) }, [
          `final at height ${done.height}`,
        ]);
      });
    });
}

function addOperatorCommands(study: Command, context: Context): void {
  const { output, signal } = context;
  addOperatorOptions(study.command('publish'))
    .description(
      'publish what a published study contains now, after it changed in the archive (a first publication follows its claim)',
    )
    .argument('<studyInstanceUid>', 'Study Instance UID')
    .addHelpText(
      'after',
      example('radledger study publish 1.2.840.113619.2.1 --operator http://127.0.0.1:7301 --token-file token'),
    )
    .action(async (studyInstanceUid: string, options: OperatorOptions) => {
      const operator = await operatorOf(context, options);
      const { txId, content } = await operator.amendStudy(studyInstanceUid, { signal });
      output.result('study publish', { txId: toHex(txId), content: toHex(content) }, [
        `transaction ${toHex(txId)} sent`,
      ]);
    });

  addOperatorOptions(study.command('retire'))
    .description('end a study: its gateway refuses it at once')
    .argument('<studyInstanceUid>', 'Study Instance UID')
    .addOption(new Option('--reason <class>', 'why').choices(Object.keys(RETIRE_REASON_NUMBERS)).makeOptionMandatory())
    .addHelpText('after', example('radledger study retire 1.2.840.113619.2.1 --reason wrong-patient'))
    .action(async (studyInstanceUid: string, options: OperatorOptions & { reason: RetireReason }) => {
      const operator = await operatorOf(context, options);
      const reasonClass = RETIRE_REASON_NUMBERS[options.reason];
      const { txId } = await operator.retireStudy({ studyInstanceUid, reasonClass }, { signal });
      output.result('study retire', { txId: toHex(txId) }, [`refused from now on; transaction ${toHex(txId)} sent`]);
    });
}

async function listArchive(context: Context, options: OperatorOptions): Promise<void> {
  const operator = await operatorOf(context, options);
  const studies = await operator.studies({ signal: context.signal });
  const table = new Table({ head: ['Study Instance UID', 'instances', 'state', 'label'], style: { head: [] } });
  for (const entry of studies) table.push([entry.studyInstanceUid, entry.instances, entry.state, entry.label ?? '']);
  const json = studies.map((entry) => ({ ...entry, studyId: entry.studyId === null ? null : toHex(entry.studyId) }));
  context.output.result('study list', { studies: json }, [studies.length === 0 ? 'no studies' : table.toString()]);
}

function studyJson(view: StudyView): Record<string, unknown> {
  return {
    source: toHex(view.source),
    studyId: toHex(view.studyId),
    role: view.role,
    status: view.status,
    label: view.label ?? null,
    studyInstanceUid: view.studyInstanceUid ?? null,
    era: view.era ?? null,
    delegate:
      view.delegate === undefined ? null : { key: toHex(view.delegate.key), notAfterMs: view.delegate.notAfterMs },
  };
}

/** A finalized transaction in JSON. */
export function finalJson({ txId, height }: { txId: Uint8Array; height: number }): { txId: string; height: number } {
  return { txId: toHex(txId), height };
}
