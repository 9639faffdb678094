import type { DeskClient, StandingLinkState } from '@radledger/client';
import { IDENTITY_CHECKS, type IdentityCheck } from '@radledger/handover';
import { toHex } from '@radledger/primitives';
import Table from 'cli-table3';
import { type Command, Option } from 'commander';
import { idArgument } from '../arguments.js';
import { type Context, deskOf, type OperatorOptions } from '../context.js';
import { addInvitationFileOptions, type InvitationFileOptions, showInvitation } from '../invitation-output.js';
import { addOperatorOptions, example } from '../options.js';
import { writeNewSecretFile } from '../secret-input.js';
import { addDeskHandOverCommand } from './desk-hand-over-command.js';
import { addDeskShareCommand } from './desk-share-command.js';
import { addErasureCommands } from './erasure-commands.js';

/** `desk sheet|share|hand-over|send|links|link|wrong-patient|replace-access|cancel-replacement|emergency|erase|erasures|privacy|close`. */
export function addDeskCommands(program: Command, context: Context): void {
  const desk = program
    .command('desk')
    .description('what the desk and the privacy office of an image source do, through the gateway that you operate');
  addSheetCommand(desk, context);
  addDeskShareCommand(desk, context);
  addDeskHandOverCommand(desk, context);
  addLinkCommands(desk, context);
  addAccessCommands(desk, context);
  addEmergencyCommand(desk, context);
  addErasureCommands(desk, context);
  addPrivacyCommands(desk, context);
}

function addSheetCommand(desk: Command, context: Context): void {
  addOperatorOptions(desk.command('sheet'))
    .description('print the sheet of an invitation, or of its six digits, as PDF into a new file (mode 0600)')
    .argument('<invitationId>', 'what `source invite` gave')
    .requiredOption('--out <file>', 'where to write it')
    .addOption(new Option('--language <language>', "the patient's").choices(['en', 'de']).default('en'))
    .addOption(new Option('--part <part>', 'what to print').choices(['invitation', 'code']).default('invitation'))
    .addHelpText('after', example('radledger desk sheet <invitationId> --language de --out sheet.pdf'))
    .action(
      async (
        invitationId: string,
        options: OperatorOptions & { out: string; language: 'en' | 'de'; part: 'invitation' | 'code' },
      ) => {
        const { language, part, out } = options;
        const client = await deskOf(context, options);
        const sheet = await client.invitationSheet({ invitationId, language, part }, { signal: context.signal });
        await writeNewSecretFile(out, sheet);
        context.output.result('desk sheet', { file: out, bytes: sheet.length }, [out]);
      },
    );
}

function addLinkCommands(desk: Command, context: Context): void {
  const { output, signal } = context;
  addOperatorOptions(desk.command('send'))
    .description('publish a study on a key that its patient left for repeat visits')
    .argument('<studyInstanceUid>', 'Study Instance UID')
    .option('--label <text>', 'what the patient is shown; default: what the archive calls the study')
    .addHelpText('after', example("radledger desk send 1.2.840.113619.2.1 --label 'MRI, knee'"))
    .action(async (studyInstanceUid: string, options: OperatorOptions & { label?: string }) => {
      const { label } = options;
      const client = await deskOf(context, options);
      await client.send({ studyInstanceUid, ...(label === undefined ? {} : { label }) }, { signal });
      output.result('desk send', { studyInstanceUid }, ['it is being published for the patient']);
    });

  addOperatorOptions(desk.command('links'))
    .description('list the standing links, or the one that a study can be sent by')
    .option('--study <studyInstanceUid>', 'only the link of this study')
    .addHelpText('after', example('radledger desk links --study 1.2.840.113619.2.1'))
    .action(async (options: OperatorOptions & { study?: string }) => {
      const client = await deskOf(context, options);
      const found = options.study === undefined ? undefined : await client.standingLink(options.study, { signal });
      const links: readonly StandingLinkState[] =
        found === undefined ? await client.standingLinks({ signal }) : found === null ? [] : [found];
      const table = new Table({ head: ['link', 'state', 'keys left', 'studies sent'], style: { head: [] } });
      for (const { linkId, state, keysLeft, published } of links) table.push([linkId, state, keysLeft, published]);
      output.result('desk links', { links }, [links.length === 0 ? 'no standing link' : table.toString()]);
    });

  addOperatorOptions(desk.command('link'))
    .description('pause, resume or end a standing link')
    .argument('<linkId>', 'what `desk links` shows')
    .addOption(
      new Option('--state <state>', 'what it shall be').choices(['active', 'paused', 'ended']).makeOptionMandatory(),
    )
    .addHelpText('after', example('radledger desk link <linkId> --state paused'))
    .action(async (linkId: string, options: OperatorOptions & { state: 'active' | 'paused' | 'ended' }) => {
      const { state } = options;
      await (await deskOf(context, options)).setStandingLink({ linkId, state }, { signal });
      output.result('desk link', { linkId, state }, [`the link is ${state}`]);
    });
}

function addAccessCommands(desk: Command, context: Context): void {
  const { output, signal } = context;
  addOperatorOptions(desk.command('wrong-patient'))
    .description('end a study that was given to the wrong patient: at once, whatever state it is in')
    .argument('<studyInstanceUid>', 'Study Instance UID')
    .addHelpText('after', example('radledger desk wrong-patient 1.2.840.113619.2.1'))
    .action(async (studyInstanceUid: string, options: OperatorOptions) => {
      await (await deskOf(context, options)).wrongPatient(studyInstanceUid, { signal });
      output.result('desk wrong-patient', { studyInstanceUid }, [
        'refused from now on; the privacy office has an entry',
      ]);
    });

  addInvitationFileOptions(addOperatorOptions(desk.command('replace-access')))
    .description('give new access to a patient who lost her keys, 72 hours after you checked who she is')
    .argument('<studyInstanceUid>', 'Study Instance UID')
    .addOption(
      new Option('--identity <check>', 'how you know who she is').choices(IDENTITY_CHECKS).makeOptionMandatory(),
    )
    .addHelpText('after', example('radledger desk replace-access 1.2.840.113619.2.1 --identity photo-id'))
    .action(
      async (
        studyInstanceUid: string,
        options: OperatorOptions & InvitationFileOptions & { identity: IdentityCheck },
      ) => {
        const client = await deskOf(context, options);
        const asked = { studyInstanceUid, identityCheckedBy: options.identity };
        const { availableAtMs, ...made } = await client.replaceAccess(asked, { signal });
        const { shown, lines } = await showInvitation(made, options);
        const from = `it can be claimed from ${new Date(availableAtMs).toISOString()}, unless the old key stops it`;
        output.result('desk replace-access', { ...shown, availableAtMs }, [...lines, from]);
      },
    );

  addOperatorOptions(desk.command('cancel-replacement'))
    .description('void a replacement of access that waits')
    .argument('<studyInstanceUid>', 'Study Instance UID')
    .addHelpText('after', example('radledger desk cancel-replacement 1.2.840.113619.2.1'))
    .action(async (studyInstanceUid: string, options: OperatorOptions) => {
      await (await deskOf(context, options)).cancelReplacement(studyInstanceUid, { signal });
      output.result('desk cancel-replacement', { studyInstanceUid }, ['its invitation is void']);
    });
}

function addEmergencyCommand(desk: Command, context: Context): void {
  addOperatorOptions(desk.command('emergency'))
    .description('let a key that the gateway names read a study for 24 hours without the patient, who sees it')
    .argument('<studyInstanceUid>', 'Study Instance UID')
    .addOption(new Option('--receiver <key>', 'who is to read').argParser(idArgument).makeOptionMandatory())
    .requiredOption('--clinician <name>', 'who asks for it')
    .requiredOption('--confirmed-by <name>', 'who else looked at it here')
    .addOption(
      new Option('--reason <reason>', "why nobody waits for the patient's word")
        .choices(['cannot-consent', 'threat-to-life'])
        .makeOptionMandatory(),
    )
    .addHelpText(
      'after',
      example(
        "radledger desk emergency 1.2.840.113619.2.1 --receiver <key> --clinician 'Dr A' --confirmed-by 'Dr B' --reason cannot-consent",
      ),
    )
    .action(async (studyInstanceUid: string, options: OperatorOptions & Omit<EmergencyOptions, 'studyInstanceUid'>) => {
      const { receiver, clinician, confirmedBy, reason } = options;
      const client = await deskOf(context, options);
      const input = { studyInstanceUid, receiver, clinician, confirmedBy, reason };
      const { studyId, untilMs } = await client.releaseInEmergency(input, { signal: context.signal });
      const until = new Date(untilMs).toISOString();
      const lines = [`study ${toHex(studyId)} is open to that key until ${until}; the privacy office has an entry`];
      context.output.result('desk emergency', { studyId: toHex(studyId), untilMs }, lines);
    });
}

type EmergencyOptions = Parameters<DeskClient['releaseInEmergency']>[0];

function addPrivacyCommands(desk: Command, context: Context): void {
  const { output, signal } = context;
  addOperatorOptions(desk.command('privacy'))
    .description('list what the privacy office has to see to; holds patient data')
    .option('--all', 'closed entries too')
    .addHelpText('after', example('radledger desk privacy'))
    .action(async (options: OperatorOptions & { all?: true }) => {
      const found = await (await deskOf(context, options)).privacyOffice({ signal });
      const entries = found
        .filter(({ closedAtMs }) => options.all === true || closedAtMs === null)
        .map((entry) => ({ ...entry, studyId: toHex(entry.studyId) }));
      const table = new Table({
        head: ['entry', 'time', 'what', 'by', 'Study Instance UID', 'text'],
        style: { head: [] },
      });
      for (const { entryId, atMs, kind, by, studyInstanceUid, text } of entries)
        table.push([entryId, new Date(atMs).toISOString(), kind, by, studyInstanceUid, text]);
      output.result('desk privacy', { entries }, [entries.length === 0 ? 'nothing to see to' : table.toString()]);
    });

  addOperatorOptions(desk.command('close'))
    .description('close an entry of the privacy office')
    .argument('<entryId>', 'what `desk privacy` shows')
    .addHelpText('after', example('radledger desk close <entryId>'))
    .action(async (entryId: string, options: OperatorOptions) => {
      await (await deskOf(context, options)).closeEntry(entryId, { signal });
      output.result('desk close', { entryId }, ['closed']);
    });
}
