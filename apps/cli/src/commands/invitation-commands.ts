import type { OperatorAppointment, OperatorClient } from '@radledger/client';
import { IDENTITY_CHECKS, type IdentityCheck } from '@radledger/handover';
import { toHex } from '@radledger/primitives';
import Table from 'cli-table3';
import { type Command, Option } from 'commander';
import { type Context, type OperatorOptions, operatorOf } from '../context.js';
import { CliError, usageError } from '../errors.js';
import { addInvitationFileOptions, type InvitationFileOptions, showInvitation } from '../invitation-output.js';
import { addOperatorOptions, example } from '../options.js';

interface InviteOptions extends OperatorOptions, InvitationFileOptions {
  readonly accession?: string;
  readonly label?: string;
  readonly identity?: IdentityCheck;
}

/** `source worklist|invite`. */
export function addInvitationCommands(source: Command, context: Context): void {
  addOperatorOptions(source.command('worklist'))
    .description(
      'list the studies of the archive with what was ordered of them, and what is expected; shows patient data',
    )
    .option('--state <state>', 'only those in one state: draft can be invited, expected has no images yet')
    .addHelpText('after', example('radledger source worklist --state draft'))
    .action((options: OperatorOptions & { state?: string }) => listAppointments(context, options));

  addInvitationFileOptions(addOperatorOptions(source.command('invite')))
    .description('invite a patient to claim a study; prints the link and, apart from it, the code')
    .argument('[studyInstanceUid]', 'Study Instance UID; or name the order by --accession')
    .option('--accession <number>', 'accession number, as `source worklist` shows it')
    .option('--label <text>', 'what the patient is shown, e.g. "MRI, knee, 20 Nov 2026"; default what was ordered')
    .addOption(
      new Option(
        '--identity <check>',
        "how you know who she is; default the one of the gateway's configuration",
      ).choices(IDENTITY_CHECKS),
    )
    .addHelpText(
      'after',
      example(
        "radledger source invite 1.2.840.113619.2.1 --label 'MRI, knee' --identity photo-id --link-file link --code-file code",
      ),
    )
    .action((studyInstanceUid: string | undefined, options: InviteOptions) =>
      invite(context, studyInstanceUid, options),
    );
}

async function listAppointments(context: Context, options: OperatorOptions & { state?: string }): Promise<void> {
  const operator = await operatorOf(context, options);
  const all = await operator.worklist({ signal: context.signal });
  const entries = all.filter(({ state }) => options.state === undefined || state === options.state);
  const head = ['state', 'when', 'patient', 'born', 'what', 'accession', 'Study Instance UID'];
  const table = new Table({ head, style: { head: [] } });
  for (const { state, studyInstanceUid, label, orders } of entries) {
    const order = orders[0];
    const what = order?.description ?? label ?? '';
    const { scheduledAt = '', patientName = '', birthDate = '', accessionNumber = '' } = order ?? {};
    table.push(
      [state, scheduledAt, patientName, birthDate, what, accessionNumber, studyInstanceUid].map((cell) => cell ?? ''),
    );
  }
  const json = entries.map((entry) => ({ ...entry, studyId: entry.studyId === null ? null : toHex(entry.studyId) }));
  context.output.result('source worklist', { entries: json }, [entries.length === 0 ? 'nothing' : table.toString()]);
}

async function invite(context: Context, studyInstanceUid: string | undefined, options: InviteOptions): Promise<void> {
  const operator = await operatorOf(context, options);
  const subject = await subjectOf(context, operator, studyInstanceUid, options);
  const asked = { ...subject, identityCheckedBy: options.identity };
  const made = await operator.invite(asked, { signal: context.signal });
  const { shown, lines } = await showInvitation(made, options);
  context.output.result('source invite', shown, lines);
}

/** Which study, and what its patient is shown: as typed, or as the worklist has it. */
async function subjectOf(
  context: Context,
  operator: OperatorClient,
  typedUid: string | undefined,
  { accession, label }: InviteOptions,
): Promise<{ studyInstanceUid: string; label: string }> {
  if ((typedUid === undefined) === (accession === undefined)) {
    throw usageError('--accession', 'give either a Study Instance UID or --accession');
  }
  if (typedUid !== undefined && label !== undefined) return { studyInstanceUid: typedUid, label };
  const isMeant = ({ studyInstanceUid, orders }: OperatorAppointment): boolean =>
    typedUid === undefined
      ? orders.some(({ accessionNumber }) => accessionNumber === accession)
      : studyInstanceUid === typedUid;
  const entries = (await operator.worklist({ signal: context.signal })).filter(isMeant);
  const studies = entries.filter(({ state }) => state !== 'expected');
  const [study] = studies;
  if (study === undefined || study.studyInstanceUid === null) {
    const message =
      entries.length > 0 ? 'the images of this order are not there yet' : 'the worklist has no such entry';
    throw new CliError({ code: 'NOT_FOUND', what: 'study' }, message);
  }
  if (studies.length > 1) {
    throw usageError('--accession', 'several studies have this number: name one by its Study Instance UID');
  }
  const order = study.orders.find(({ accessionNumber }) => accession === undefined || accessionNumber === accession);
  const shown = label ?? labelOf(order?.description, order?.scheduledAt);
  if (shown === '') throw usageError('--label', 'nothing is known of what was ordered: give --label');
  return { studyInstanceUid: study.studyInstanceUid, label: shown };
}

/** The examination and its day. */
function labelOf(description = '', scheduledAt: string | null = null): string {
  return description === '' ? '' : [description, scheduledAt?.slice(0, 10)].filter(Boolean).join(', ');
}
