import { isQuorum } from '@radledger/consensus';
import { signedBytes } from './vote.js';

/** The safety rules that tests take away one at a time, to see that their loss is noticed. */
export interface SimplexRules {
  /** Quorum: strictly more than two thirds of the weight. */
  readonly isQuorum: (weight: bigint, totalWeight: bigint) => boolean;
  /** Every signature is bound to its chain, its epoch and the epoch's voters. */
  readonly signedBytes: typeof signedBytes;
  /** R3: timers move with every newer certificate. */
  readonly rebasesTimers: boolean;
  /** R4: who gave up a view does not finalize in it. */
  readonly finalizeOnlyWithoutNullify: boolean;
  /** R5: who finalized in a view does not give it up. */
  readonly nullifyOnlyWithoutFinalize: boolean;
  /** R7, start-up half: no vote before the peers have shown that the sign-log is whole. */
  readonly askPeersBeforeVoting: boolean;
}

export const SIMPLEX_RULES: SimplexRules = Object.freeze({
  isQuorum,
  signedBytes,
  rebasesTimers: true,
  finalizeOnlyWithoutNullify: true,
  nullifyOnlyWithoutFinalize: true,
  askPeersBeforeVoting: true,
});
