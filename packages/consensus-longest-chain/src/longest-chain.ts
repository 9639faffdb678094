import { type ConsensusModule, leaderOf } from '@radledger/consensus';
import { createSlotModule } from '@radledger/consensus/fork-choice';

/**
 * Longest chain: one public leader a slot, selected by stake as in `simplex`; a block is final once `depth` blocks stand on it
 * and sources with more than half of the stake have built on it: sound while messages arrive, as with every longest chain. Spec: docs/spec/longest-chain.md.
 */
export const longestChain: ConsensusModule = createSlotModule({
  id: 'longest-chain/1',
  sealKind: 2,
  settings: { depth: { min: 1, max: 128, default: 32 } },
  leaderOf,
  draws: true,
  depth: ({ depth }) => depth as number,
  weightOf: ({ weight }) => weight,
  rounds: 1,
});
