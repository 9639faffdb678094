/** Simplex with one safety rule taken away: every one of them must be noticed. */
import { createSimplex, signedBytes, type SimplexRules } from '@radledger/consensus-simplex';
import type { Mutant } from '../module-plug.js';

/** Two thirds exactly count as a quorum. On four seats that changes nothing; on three and six it is fatal. */
const weakQuorum: SimplexRules['isQuorum'] = (weight, totalWeight) => weight * 3n >= totalWeight * 2n;

/** Signatures name neither the epoch nor its voters: a vote of one epoch is good in another. */
const unboundBytes: SimplexRules['signedBytes'] = (chainId, _epoch, vote) =>
  signedBytes(chainId, { epoch: 0, committeeRoot: new Uint8Array(32) }, vote);

export const MUTANTS: readonly Mutant[] = [
  mutant('drop-r4', { finalizeOnlyWithoutNullify: false }),
  mutant('drop-r5', { nullifyOnlyWithoutFinalize: false }),
  { ...mutant('drop-r7', { askPeersBeforeVoting: false }), syncsDisk: false },
  mutant('drop-rebase', { rebasesTimers: false }),
  mutant('drop-domain', { signedBytes: unboundBytes }),
  {
    ...mutant('weak-quorum', { isQuorum: weakQuorum }),
    seats: [
      { nodeCount: 3, byzantineCount: 1 },
      { nodeCount: 6, byzantineCount: 2 },
    ],
  },
];

function mutant(name: string, rules: Partial<SimplexRules>): Mutant {
  return { name, module: createSimplex({ rules }), syncsDisk: true, seats: [undefined] };
}
