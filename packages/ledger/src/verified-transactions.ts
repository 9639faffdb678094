/** Transactions whose signatures all hold: a block that carries the same bytes need not have them verified again. */
import { sha256, toHex } from '@radledger/primitives';
import type { SignedTransaction } from '@radledger/transactions';
import { BoundedMap } from './bounded-map.js';

const VERIFIED_MAX = 65_536;

export interface VerifiedTransactions {
  /** Of all bytes, signature included: the id alone does not say which signature was verified. */
  digestOf(signed: SignedTransaction): string;
  has(digest: string): boolean;
  add(digest: string): void;
}

export function createVerifiedTransactions(): VerifiedTransactions {
  const digests = new BoundedMap<string, true>(VERIFIED_MAX);
  return {
    digestOf: ({ bytes }) => toHex(sha256(bytes)),
    has: (digest) => digests.has(digest),
    add: (digest) => digests.set(digest, true),
  };
}
