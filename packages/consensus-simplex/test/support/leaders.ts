import { leaderOf } from '@radledger/consensus';
import { equalBytes } from '@radledger/primitives';
import { chainId, epochOf, members } from './voter.js';

/** Seat of the leader of a view of epoch 0. */
export function leadsOf(view: number): number {
  const { source } = leaderOf(chainId, epochOf(0), view);
  return members.findIndex((member) => equalBytes(member.source, source));
}
