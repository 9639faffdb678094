import { toHex } from '@radledger/primitives';
import type { LongOptions, WalletProgress } from '@radledger/wallet';
import type { Context } from './context.js';

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

/** Options of long calls: they end with this program, and say how far they are. */
export function longOf({ output, signal }: Context): LongOptions {
  return { signal, onProgress: (step) => output.progress(describeProgress(step)) };
}
