/**
 * A consensus module of one's own: sources lead in turn, one a slot, and hold the turn as many slots in a row as they have
 * studies in thousands. Blocks are final once six stand on them and most sources have built on them.
 */
import type { ConsensusModule, EpochContext, Member } from '@radledger/consensus';
import { createSlotModule } from '@radledger/consensus/fork-choice';

/** Weights are milli-studies: a turn lasts a slot for each of these, and one slot at least. */
const MILLI_STUDIES_A_SLOT = 1_000_000n;

/** Who holds each slot of a round. Pure: equal on every node. */
function roundOf({ leaders }: EpochContext): readonly Member[] {
  return leaders.flatMap((leader) => {
    const slots = leader.weight / MILLI_STUDIES_A_SLOT;
    return Array.from({ length: Math.max(1, Number(slots)) }, () => leader);
  });
}

export const turnByStake: ConsensusModule = createSlotModule({
  id: 'example-turn-by-stake/1',
  sealKind: 100,
  settings: { depth: { min: 1, max: 32, default: 6 } },
  leaderOf(_chainId, epoch, slot) {
    const round = roundOf(epoch);
    return round[slot % round.length] as Member;
  },
  draws: false,
  depth: ({ depth }) => depth as number,
  weightOf: () => 1n,
  rounds: 1,
});
