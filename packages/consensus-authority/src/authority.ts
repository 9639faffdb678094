import type { ConsensusModule, EpochContext, Member } from '@radledger/consensus';
import { createSlotModule } from '@radledger/consensus/fork-choice';

/**
 * Authority: the members of the epoch seal in turn, one a slot, whatever their stake; a block is final once more than two
 * thirds of them have built on it twice. For a consortium whose members know each other. Spec: docs/spec/authority.md.
 */
export const authority: ConsensusModule = createSlotModule({
  id: 'authority/1',
  sealKind: 3,
  settings: {},
  leaderOf: sealerOf,
  draws: false,
  depth: () => 0,
  weightOf: () => 1n,
  rounds: 2,
});

/** In the order of their ids; a slot whose sealer is away stays empty, and nobody takes its place. */
function sealerOf(_chainId: Uint8Array, { leaders }: EpochContext, slot: number): Member {
  return leaders[slot % leaders.length] as Member;
}
