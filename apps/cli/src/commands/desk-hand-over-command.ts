import { encodeRoleOfferLink, readRoleAnswerLink } from '@radledger/handover';
import { equalBytes, toHex } from '@radledger/primitives';
import { roleAnswerWords, type StudyView, type Wallet } from '@radledger/wallet';
import type { Command } from 'commander';
import { urlArgument } from '../arguments.js';
import { type Context, type WalletOptions, withWallet } from '../context.js';
import { CliError, usageError } from '../errors.js';
import { addWalletOptions, example } from '../options.js';
import { longOf } from '../progress.js';
import { finalJson } from './study-commands.js';

interface HandOverOptions extends WalletOptions {
  readonly custodian?: string;
  readonly page?: string;
  readonly answerFile?: string;
  readonly words?: string;
}

/** `desk hand-over`: what a custodian keeps goes to the person it belongs to. */
export function addDeskHandOverCommand(desk: Command, context: Context): void {
  addWalletOptions(desk.command('hand-over'))
    .description(
      'give a study that the custodian keeps to its patient, who has a phone now: first a link for her app, then with what her app shows',
    )
    .argument('<studyInstanceUid>', 'Study Instance UID')
    .option('--custodian <name>', 'first: who gives it, as on the sheet of `desk share`')
    .option('--page <url>', "first: address of the patients' app", urlArgument)
    .option('--answer-file <file>', 'then: the link that her app shows, in a file of mode 0600; - for standard input')
    .option('--words <words>', 'then: the four words that her app shows')
    .addHelpText(
      'after',
      example(
        "radledger desk hand-over 1.2.840.113619.2.1 --custodian 'Jo Doe, patient desk' --page https://app.example/\n  $ radledger desk hand-over 1.2.840.113619.2.1 --answer-file answer --words 'ladder velvet fox pond'",
      ),
    )
    .action(async (studyInstanceUid: string, options: HandOverOptions) => {
      const { custodian, page, answerFile, words } = options;
      const isFirst = custodian !== undefined && page !== undefined;
      const isThen = answerFile !== undefined && words !== undefined;
      if (isFirst === isThen)
        throw usageError('--custodian', 'give --custodian and --page, or --answer-file and --words');
      await withWallet(context, options, async (wallet) => {
        const study = await keptStudy(wallet, studyInstanceUid, context.signal);
        if (isFirst) await offer(context, wallet, { study, custodian, page });
        if (isThen) await carryOut(context, wallet, { study, answerFile, words });
      });
    });
}

async function offer(
  { output }: Context,
  wallet: Wallet,
  { study, custodian, page }: { study: StudyView; custodian: string; page: string },
): Promise<void> {
  const offered = await wallet.offerRole({ role: 'owner', displayName: custodian, studyIds: [study.studyId] });
  const link = encodeRoleOfferLink(offered, page);
  const { expiresAtMs } = offered;
  output.result('desk hand-over', { studyId: toHex(study.studyId), link, expiresAtMs }, [
    link,
    'she opens it with her app; then the same command with the link and the four words that it shows',
  ]);
}

async function carryOut(
  context: Context,
  wallet: Wallet,
  { study, answerFile, words }: { study: StudyView; answerFile: string; words: string },
): Promise<void> {
  const link = await context.input.read('--answer-file', answerFile, 'The link that her app shows');
  const answer = await readRoleAnswerLink(link, { chainId: wallet.chainId, nowMs: Date.now() });
  const accepted = answer.studies.find(({ studyId }) => equalBytes(studyId, study.studyId));
  if (answer.role !== 'owner' || accepted === undefined) {
    throw new CliError({ code: 'REFUSED', what: 'answer' }, 'this answers another offer');
  }
  if (words.trim().toLowerCase().split(/\s+/).join(' ') !== roleAnswerWords(answer.answerBytes)) {
    throw new CliError({ code: 'REFUSED', what: 'words' }, 'her app shows other words: somebody else answered');
  }
  const { chainId, role } = answer;
  const done = await wallet.moveOwner(
    { studyId: study.studyId, acceptance: { chainId, role, ...accepted } },
    longOf(context),
  );
  context.output.result('desk hand-over', { studyId: toHex(study.studyId), ...finalJson(done) }, [
    `it is hers, final at height ${done.height}; what was allowed under the custodian has ended`,
  ]);
}

async function keptStudy(wallet: Wallet, studyInstanceUid: string, signal: AbortSignal): Promise<StudyView> {
  const found = (await wallet.studies({ signal })).find(
    (study) => study.studyInstanceUid === studyInstanceUid && study.status === 'active',
  );
  if (found !== undefined) return found;
  throw new CliError({ code: 'NOT_FOUND', what: 'study' }, "the custodian's wallet keeps no such study");
}
