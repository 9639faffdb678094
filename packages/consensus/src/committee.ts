/** Who votes in an epoch. Spec: docs/spec/leader-election.md, section 4. */
import type { EpochCell } from '@radledger/chain';
import { type CanonicalValue, compareBytes, hash, toHex } from '@radledger/primitives';
import type { EpochContext, Member } from './epoch-context.js';
import { ConsensusError } from './errors.js';
import { type Recovery, recoveryIn } from './recovery.js';

/** Recoveries that count for the height in question. */
export interface Recovered {
  readonly recoveries: readonly Recovery[];
  readonly epochHeights: number;
}

/**
 * What a module needs of an epoch cell.
 * @param context.committeeMax - the parameter of this name: the heaviest vote
 * @param recovered - takes the keys that recoveries leave out away, and marks the epoch in which the last one happened
 * @throws {ConsensusError} `NO_SEED` when the epoch before has not closed, `NO_STAKE` when no member has weight
 */
export function epochContextOf(
  cell: EpochCell,
  context: { readonly chainId: Uint8Array; readonly committeeMax: number },
  recovered?: Recovered,
): EpochContext {
  const { epoch, seed } = cell;
  if (seed === undefined) throw new ConsensusError({ code: 'NO_SEED', epoch }, 'the epoch before must have closed');
  const leftOut = new Set(recovered?.recoveries.flatMap((recovery) => recovery.leftOut.map(toHex)));
  const leaders = cell.members.filter(({ nodeKey, weight }) => weight > 0n && !leftOut.has(toHex(nodeKey)));
  if (leaders.length === 0) {
    throw new ConsensusError({ code: 'NO_STAKE', sourceCount: cell.members.length }, 'an epoch needs weight');
  }
  const committee = heaviest(leaders, context.committeeMax);
  const totalWeight = committee.reduce((sum, { weight }) => sum + weight, 0n);
  const { chainId } = context;
  const recovery =
    recovered && recoveryIn(recovered.recoveries, { chainId, epoch, epochHeights: recovered.epochHeights });
  const committeeRoot = committeeRootOf(chainId, epoch, committee, recovery?.id);
  const made = { epoch, seed, leaders, committee, committeeRoot, totalWeight };
  return recovery === undefined ? made : { ...made, recoveredHeight: recovery.height };
}

/** The heaviest, equal weights by smaller source id; ascending by source id. */
export function heaviest(leaders: readonly Member[], max: number): readonly Member[] {
  const bySource = (a: Member, b: Member): number => compareBytes(a.source, b.source);
  const byWeight = (a: Member, b: Member): number =>
    a.weight === b.weight ? bySource(a, b) : a.weight > b.weight ? -1 : 1;
  return [...leaders].sort(byWeight).slice(0, max).sort(bySource);
}

/**
 * Commits to the voters of an epoch, in the order of their seats; 32 bytes.
 * @param recoveryId - tells voters after a recovery from those before, even when they are the same
 */
export function committeeRootOf(
  chainId: Uint8Array,
  epoch: number,
  committee: readonly Member[],
  recoveryId?: Uint8Array,
): Uint8Array {
  const seats = committee.map(
    ({ source, nodeKey, vrfKey, weight }): CanonicalValue => [source, nodeKey, vrfKey, Number(weight)],
  );
  return hash('radledger/committee/1', chainId, epoch, seats, ...(recoveryId === undefined ? [] : [recoveryId]));
}
