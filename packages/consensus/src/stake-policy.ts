/** How Define Study counts become weight. Spec: docs/spec/leader-election.md, section 1. */
import type { Parameters, SourceEntry, StakeEntry } from '@radledger/chain';
import { toHex } from '@radledger/primitives';

const MILLI = 1000n;

export interface StakeInput {
  /** Height of the snapshot. */
  readonly height: number;
  readonly sources: readonly SourceEntry[];
  readonly stakes: readonly StakeEntry[];
  readonly parameters: Parameters;
}

/** Weights in milli-studies, in the order of `sources`. Pure, integers only. */
export type StakePolicyFunction = (input: StakeInput) => readonly bigint[];

/**
 * Policy `raw`: lifetime count of studies defined and not retired, and what is left of a genesis endowment (never below
 * one study). When nobody has any weight, each has one milli-study.
 */
export const rawStake: StakePolicyFunction = ({ height, sources, stakes, parameters }) => {
  const counts = new Map<string, bigint>();
  for (const { source, count } of stakes) {
    const key = toHex(source);
    counts.set(key, (counts.get(key) ?? 0n) + BigInt(count));
  }
  const weights = sources.map(
    ({ source, cell }) =>
      (counts.get(toHex(source)) ?? 0n) * MILLI + endowmentLeft(cell.endowment, height, parameters.endowmentHeights),
  );
  return weights.every((weight) => weight === 0n) ? weights.map(() => 1n) : weights;
};

function endowmentLeft(endowment: number, height: number, endowmentHeights: number): bigint {
  if (endowment === 0) return 0n;
  const heightsLeft = BigInt(Math.max(0, endowmentHeights - height));
  const left = (BigInt(endowment) * MILLI * heightsLeft) / BigInt(endowmentHeights);
  return left > MILLI ? left : MILLI;
}
