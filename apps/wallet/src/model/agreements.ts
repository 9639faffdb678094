/** What she agreed to before each share, word for word as it stood on the screen then. */
import { type ConsentReceipt, readConsentReceipt } from '@radledger/wallet';
import type { Person, Share } from './shelf.js';

export interface Agreement extends ConsentReceipt {
  readonly share: Share;
}

/** Those that are kept, newest first: none for a share that only the ledger remembers. One that cannot be read is left out. */
export function agreementsOf({ shares }: Person): readonly Agreement[] {
  return shares.flatMap((share) => agreementOf(share) ?? []).sort((a, b) => b.shownAtMs - a.shownAtMs);
}

function agreementOf(share: Share): Agreement | undefined {
  try {
    return share.receipt && { ...readConsentReceipt(share.receipt), share };
  } catch {
    return undefined;
  }
}
