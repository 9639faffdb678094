import { toHex } from '@radledger/primitives';
import type { WalletProgress } from '@radledger/wallet';

/** A step of long work in one line. */
export function describeProgress(progress: WalletProgress): string {
  switch (progress.step) {
    case 'claim-sent':
      return 'claim sent';
    case 'claim-answered':
      return `the source answered: study ${toHex(progress.studyId)}; waiting for it on the ledger`;
    case 'submitted':
      return `transaction ${toHex(progress.txId)} sent; waiting until it is final`;
    case 'finalized':
      return `final at height ${progress.height}`;
    case 'notice-delivered':
      return 'the recipient has the notice';
    case 'branch-searched':
      return `${progress.searched} of ${progress.branches} sources searched, ${progress.found} studies found`;
    case 'source-asked':
      return `study ${toHex(progress.studyId)}: the source ${progress.answered ? 'answered' : 'did not answer'}`;
  }
}
