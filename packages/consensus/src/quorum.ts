import { ConsensusError } from './errors.js';
import type { EpochContext, Member } from './epoch-context.js';

/** Strictly more than two thirds: exactly two thirds is no quorum, or two quorums could share faulty seats only. */
export function isQuorum(weight: bigint, totalWeight: bigint): boolean {
  return weight * 3n > totalWeight * 2n;
}

/** Strictly more than a third: at least one of them is honest. */
export function hasHonest(weight: bigint, totalWeight: bigint): boolean {
  return weight * 3n > totalWeight;
}

/** @throws {ConsensusError} `UNKNOWN_SEAT` */
export function seatOf(epoch: EpochContext, seat: number): Member {
  const member = epoch.committee[seat];
  if (member === undefined) {
    throw new ConsensusError({ code: 'UNKNOWN_SEAT', seat }, `expected a seat below ${epoch.committee.length}`);
  }
  return member;
}
