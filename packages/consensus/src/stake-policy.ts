/** How Define Study counts become weight. Spec: docs/spec/leader-election.md, section 1. */
import type { AttestedEntry, CountedCell, CountedEntry, Parameters, SourceEntry, StakePolicy } from '@radledger/chain';
import { toHex } from '@radledger/primitives';
import { MILLI } from './milli-studies.js';
import { attestedMaximum } from './stake-attested.js';
import { cappedWeights } from './stake-cap.js';
import { churnAllowance, enterWithin } from './stake-churn.js';
import { endowmentLeft } from './stake-endowment.js';
import { growthBound, remembered } from './stake-growth.js';

export interface StakeInput {
  /** Height of the snapshot. */
  readonly height: number;
  /** In the order of their ids; `cell.studies` is what the window holds. */
  readonly sources: readonly SourceEntry[];
  /** What the policy remembered at the boundary before, for sources that it remembers. */
  readonly counted: readonly CountedEntry[];
  /** What authorities attest; only the policy `attested` looks at it. */
  readonly attested: readonly AttestedEntry[];
  readonly parameters: Parameters;
}

export interface StakeResult {
  /** In milli-studies, in the order of `sources`. */
  readonly weights: readonly bigint[];
  /** What the policy must find in `counted` at the next boundary: the entries that changed. */
  readonly counted: readonly CountedEntry[];
}

/** Pure, integers only: equal input gives equal weights on every platform. */
export type StakePolicyFunction = (input: StakeInput) => StakeResult;

/**
 * Policy `raw`: lifetime count of studies defined and not retired, and what is left of a genesis endowment (never below
 * one study).
 */
const raw: StakePolicyFunction = (input) => ({
  weights: orEqual(input.sources.map((entry) => milliStudies(entry) + endowmentOf(entry, input))),
  counted: [],
});

/** Policy `guarded`: the window's count and what is left of the endowment, held to the bounds of growth and churn; then the cap. */
const guarded: StakePolicyFunction = (input) => {
  const { counted, changed } = countGuarded(input);
  return { weights: orEqual(cappedWeights(counted)), counted: changed };
};

/** Policy `attested`: as `guarded`, and beside the endowment no more than authorities attest. */
const attested: StakePolicyFunction = (input) => {
  const { counted, changed } = countGuarded(input);
  const cells = new Map(input.attested.map(({ source, cell }) => [toHex(source), cell]));
  const vouched = input.sources.map((entry, index) => {
    const most = attestedMaximum(cells.get(toHex(entry.source)), input.height, input.parameters);
    return least(counted[index] as bigint, most + endowmentOf(entry, input));
  });
  return { weights: orEqual(cappedWeights(vouched)), counted: changed };
};

const POLICIES: Readonly<Record<StakePolicy, StakePolicyFunction>> = { raw, guarded, attested };

/** The policy that genesis names. */
export function stakePolicyOf(name: StakePolicy): StakePolicyFunction {
  return POLICIES[name];
}

/** Growth and churn, on what window and maturity have left in `studies`. */
function countGuarded(input: StakeInput): { readonly counted: readonly bigint[]; readonly changed: CountedEntry[] } {
  const { height, sources, parameters } = input;
  const known = new Map(input.counted.map(({ source, cell }) => [toHex(source), cell]));
  // Before the chain began a source counted what genesis gave it.
  const given = sources.map(({ cell }) => BigInt(cell.endowment) * MILLI);
  const cells = sources.map(
    ({ source }, index): CountedCell => known.get(toHex(source)) ?? { counted: given[index] as bigint, samples: [] },
  );
  const before = cells.map(({ counted }) => counted);
  const wanted = sources.map((entry, index) => {
    const bound = growthBound(cells[index] as CountedCell, given[index] as bigint, height, parameters);
    return least(milliStudies(entry) + endowmentOf(entry, input), bound);
  });
  const total = before.reduce((sum, counted) => sum + counted, 0n);
  const counted = enterWithin({ before, wanted, allowance: churnAllowance(total, height, parameters) });
  const changed = sources.flatMap(({ source }, index) => {
    const cell = cells[index] as CountedCell;
    const next = remembered(cell, given[index] as bigint, counted[index] as bigint, height, parameters);
    return next === cell ? [] : [{ source, cell: next }];
  });
  return { counted, changed };
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function milliStudies({ cell }: SourceEntry): bigint {
  return BigInt(cell.studies) * MILLI;
}

function endowmentOf({ cell }: SourceEntry, { height, parameters }: StakeInput): bigint {
  return endowmentLeft(cell.endowment, height, parameters.endowmentHeights);
}

/** When nobody has any weight, each has one milli-study: a net without endowments must be able to begin. */
function orEqual(weights: readonly bigint[]): readonly bigint[] {
  return weights.every((weight) => weight === 0n) ? weights.map(() => 1n) : weights;
}
