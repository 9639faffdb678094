import { rm } from 'node:fs/promises';
import { decodeImageRequestLink, decodeInvitationLink, IDENTITY_CHECKS, type IdentityCheck } from '@radledger/handover';
import { equalBytes, toHex } from '@radledger/primitives';
import { consentReceiptHash, createConsentReceipt, endOfDay, type StudyView, type Wallet } from '@radledger/wallet';
import { type Command, Option } from 'commander';
import { timeArgument } from '../arguments.js';
import { type Context, type OperatorOptions, operatorOf, type WalletOptions, withWallet } from '../context.js';
import { CliError, usageError } from '../errors.js';
import { addOperatorOptions, addWalletOptions, example } from '../options.js';
import { PERMISSION_LANGUAGES, type PermissionLanguage, permissionSheet, permissionText } from '../permission-sheet.js';
import { longOf } from '../progress.js';
import { writeNewSecretFile } from '../secret-input.js';
import { finalJson } from './study-commands.js';

interface ShareOptions extends OperatorOptions, WalletOptions {
  readonly request: string;
  readonly until: number;
  readonly label: string;
  readonly custodian: string;
  readonly identity: IdentityCheck;
  readonly out: string;
  readonly language: PermissionLanguage;
  readonly acceptUnconfirmed?: true;
}

/** `desk share`: for a person without a phone, under the keys of a named custodian. */
export function addDeskShareCommand(desk: Command, context: Context): void {
  addOperatorOptions(addWalletOptions(desk.command('share')))
    .description(
      "let a practice fetch the study of a person without a phone: claimed into the custodian's wallet, with a sheet for her to sign",
    )
    .argument('<studyInstanceUid>', 'Study Instance UID')
    .requiredOption('--label <text>', 'what the images are called, e.g. "MRI, knee, 20 Nov 2026"')
    .requiredOption('--request <link>', 'the image request link of the practice')
    .requiredOption('--until <time>', 'end date, required: e.g. 2027-01-31 or 30d; the whole day (UTC)', timeArgument)
    .requiredOption('--custodian <name>', "who keeps this wallet: stands on the sheet, e.g. 'Jo Doe, patient desk'")
    .addOption(
      new Option('--identity <check>', 'how you know who she is').choices(IDENTITY_CHECKS).makeOptionMandatory(),
    )
    .requiredOption('--out <file>', 'where the sheet is written (mode 0600): print it, let her sign it, keep it')
    .addOption(new Option('--language <language>', "the patient's").choices(PERMISSION_LANGUAGES).default('en'))
    .option('--accept-unconfirmed', 'go on when nothing proves who asks: only when you know who gave you the link')
    .addHelpText(
      'after',
      example(
        "radledger desk share 1.2.840.113619.2.1 --label 'MRI, knee' --request 'https://wallet.example/#r=...' --until 30d --custodian 'Jo Doe, patient desk' --identity photo-id --out permission.txt",
      ),
    )
    .action((studyInstanceUid: string, options: ShareOptions) => share(context, studyInstanceUid, options));
}

async function share(context: Context, studyInstanceUid: string, options: ShareOptions): Promise<void> {
  const { output, signal } = context;
  const { language, custodian, identity, out } = options;
  const request = decodeImageRequestLink(options.request);
  const notAfterMs = endOfDay(options.until);
  await withWallet(context, options, async (wallet) => {
    const origin = await wallet.originOf(request, { signal });
    if (origin.kind === 'unproven' && options.acceptUnconfirmed !== true) {
      throw usageError(
        '--accept-unconfirmed',
        'nothing proves who asks: ask the practice for a link from its own address',
      );
    }
    const study = await studyOf(context, wallet, studyInstanceUid, options);
    const { sourceName = '' } =
      (await wallet.overview({ signal })).studies.find(({ studyId }) => equalBytes(studyId, study.studyId)) ?? {};
    const { displayName, reason } = request;
    const label = study.label ?? options.label;
    const permission = { label, sourceName, displayName, origin, reason, notAfterMs, custodian, identity };
    const text = permissionText(permission, language);
    const receipt = createConsentReceipt({ shownAtMs: Date.now(), language, text });
    const number = toHex(consentReceiptHash(receipt)).slice(0, 16);
    // Before the Allow: a permission of which there is no sheet shall not stand.
    await writeNewSecretFile(out, permissionSheet(text, number, language));
    const { tag, noticeDelivered, ...done } = await wallet
      .allow({ studyId: study.studyId, request, notAfterMs, origin, receipt }, longOf(context))
      .catch(async (error: unknown) => {
        await rm(out, { force: true });
        throw error;
      });
    const result = { studyId: toHex(study.studyId), tag: toHex(tag), notAfterMs, number, noticeDelivered };
    output.result('desk share', { ...result, ...finalJson(done) }, [
      `allowed until ${new Date(notAfterMs).toISOString()}, final at height ${done.height}`,
      `sheet ${number}: ${out}`,
      noticeDelivered
        ? 'the practice has been told'
        : "the practice's gateway did not answer; `grant list` tries again",
    ]);
  });
}

/** The study in the custodian's wallet; claimed into it the first time. */
async function studyOf(
  context: Context,
  wallet: Wallet,
  studyInstanceUid: string,
  options: ShareOptions,
): Promise<StudyView> {
  const { signal } = context;
  const held = (await wallet.studies({ signal })).filter((study) => study.studyInstanceUid === studyInstanceUid);
  const usable = held.find(({ status }) => status === 'active');
  if (usable !== undefined) return usable;
  if (held.some(({ status }) => status === 'awaiting-publication')) {
    throw new CliError(
      { code: 'REFUSED', what: 'study' },
      'the study is being published: the same command again in a minute',
    );
  }
  const operator = await operatorOf(context, options);
  const asked = { studyInstanceUid, label: options.label, identityCheckedBy: options.identity };
  const { link, code } = await operator.invite(asked, { signal });
  return wallet.claim({ invitation: decodeInvitationLink(link), code }, longOf(context));
}
