/** Simplex with one safety rule taken away: every one of them must be noticed. */
import { createSimplex, type SimplexRules } from '@radledger/consensus-simplex';
import type { Mutant } from '../module-plug.js';

/** Two thirds exactly count as a quorum. On four seats that changes nothing; on three and six it is fatal. */
const weakQuorum: SimplexRules['isQuorum'] = (weight, totalWeight) => weight * 3n >= totalWeight * 2n;

export const MUTANTS: readonly Mutant[] = [
  mutant('drop-r4', { finalizeOnlyWithoutNullify: false }),
  mutant('drop-r5', { nullifyOnlyWithoutFinalize: false }),
  { ...mutant('drop-r7', { askPeersBeforeVoting: false }), syncsDisk: false },
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
