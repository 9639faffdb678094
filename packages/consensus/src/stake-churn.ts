/** How fast weight may change hands. Spec: docs/spec/leader-election.md, section 1. */
import type { Parameters } from '@radledger/chain';
import { MILLI } from './milli-studies.js';

const BASIS = 10_000n;

/**
 * New weight that may enter the whole set at this boundary, in milli-studies: `stakeChurnBasisPoints` of the total in a period, a boundary
 * taking the part of its epoch's heights. Parts of a milli-study are carried by the heights themselves, so that they add up.
 * @param total - weight of the whole set before
 */
export function churnAllowance(total: bigint, height: number, parameters: Parameters): bigint {
  const { stakeChurnBasisPoints, quotaPeriodHeights, stakeGrowthBase, epochHeights } = parameters;
  // A net without stake must be able to begin.
  const least = BigInt(stakeGrowthBase) * MILLI;
  const base = (total > least ? total : least) * BigInt(stakeChurnBasisPoints);
  const upTo = (heights: number): bigint => (base * BigInt(heights)) / (BASIS * BigInt(quotaPeriodHeights));
  return upTo(height) - upTo(height - epochHeights);
}

/**
 * What each source counts: at most what it wants; of what is new in it, its part of the allowance, pro rata. Shares are differences of
 * rounded prefix sums, so that together they are exactly the allowance.
 */
export function enterWithin(input: {
  readonly before: readonly bigint[];
  readonly wanted: readonly bigint[];
  readonly allowance: bigint;
}): readonly bigint[] {
  const { before, wanted, allowance } = input;
  const entering = wanted.map((want, index) => {
    const more = want - (before[index] as bigint);
    return more > 0n ? more : 0n;
  });
  const asked = entering.reduce((sum, more) => sum + more, 0n);
  if (asked <= allowance) return wanted;
  let sum = 0n;
  return wanted.map((want, index) => {
    const had = before[index] as bigint;
    const from = (sum * allowance) / asked;
    sum += entering[index] as bigint;
    return (want < had ? want : had) + (sum * allowance) / asked - from;
  });
}
