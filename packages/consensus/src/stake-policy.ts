/** How Define Study counts become weight. Spec: docs/spec/leader-election.md, section 1. */
import type { AttestedEntry, CountedEntry, Parameters, SourceEntry, StakePolicy } from '@radledger/chain';
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

/** Policy `guarded`: the window's count, held to the bounds of growth and churn; then the endowment; then the cap. */
const guarded: StakePolicyFunction = (input) => {
  const { counted, changed } = countGuarded(input);
  return { weights: shared(input, counted), counted: changed };
};

/** Policy `attested`: as `guarded`, and of what is counted no more than authorities attest. */
const attested: StakePolicyFunction = (input) => {
  const { counted, changed } = countGuarded(input);
  const cells = new Map(input.attested.map(({ source, cell }) => [toHex(source), cell]));
  const vouched = input.sources.map(({ source }, index) => {
    const most = attestedMaximum(cells.get(toHex(source)), input.height, input.parameters);
    const count = counted[index] as bigint;
    return count < most ? count : most;
  });
  return { weights: shared(input, vouched), counted: changed };
};

const POLICIES: Readonly<Record<StakePolicy, StakePolicyFunction>> = { raw, guarded, attested };

/** The policy that genesis names. */
export function stakePolicyOf(name: StakePolicy): StakePolicyFunction {
  return POLICIES[name];
}

/** Steps (c) growth and (d) churn, on what (a) window and (b) maturity have left in `studies`. */
function countGuarded(input: StakeInput): { readonly counted: readonly bigint[]; readonly changed: CountedEntry[] } {
  const { height, sources, parameters } = input;
  const known = new Map(input.counted.map(({ source, cell }) => [toHex(source), cell]));
  const cells = sources.map(({ source }) => known.get(toHex(source)) ?? { counted: 0n, samples: [] });
  const before = cells.map(({ counted }) => counted);
  const grown = sources.map((entry, index) => {
    const bound = growthBound(cells[index] as (typeof cells)[number], height, parameters);
    const studies = milliStudies(entry);
    return studies < bound ? studies : bound;
  });
  const total = sources.reduce((sum, entry, index) => sum + (before[index] as bigint) + endowmentOf(entry, input), 0n);
  const counted = enterWithin({ before, wanted: grown, allowance: churnAllowance(total, height, parameters) });
  const changed = sources.flatMap(({ source }, index) => {
    const cell = cells[index] as (typeof cells)[number];
    const next = remembered(cell, counted[index] as bigint, height, parameters);
    return next === cell ? [] : [{ source, cell: next }];
  });
  return { counted, changed };
}

/** Step (e): the endowment joins what was counted, and no source weighs more than the cap. */
function shared(input: StakeInput, counted: readonly bigint[]): readonly bigint[] {
  return orEqual(
    cappedWeights(input.sources.map((entry, index) => (counted[index] as bigint) + endowmentOf(entry, input))),
  );
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
