/** What a source owes, and how far it can be relied on. Spec: docs/spec/duties.md, section 4. */
import type { WindowCounts } from '@radledger/chain';

/** A source without history is as reliable as 19 of 20 views, so that nobody is judged on one. */
const PRIOR = { produced: 19_000n, views: 20_000n } as const;

/**
 * Debt in thousandths of a view: missed in full, declined by half, an invalid block ten times, shadow duty in full, and of the
 * late views those above a fifth of all duties.
 */
export function debtMilli(counts: WindowCounts): number {
  const { produced, missed, declined, late, invalid, shadowMilli } = counts;
  const duties = produced + missed + declined + late + invalid;
  const lateExcess = Math.max(0, 1_000 * late - 200 * duties);
  return 1_000 * missed + 500 * declined + 10_000 * invalid + shadowMilli + lateExcess;
}

/** Basis points, 0 to 9,999: floor(10000 (p + 19) / (p + D + 20)). */
export function reliabilityOf(counts: WindowCounts): number {
  const produced = 1_000n * BigInt(counts.produced);
  const all = produced + BigInt(debtMilli(counts)) + PRIOR.views;
  return Number((10_000n * (produced + PRIOR.produced)) / all);
}
