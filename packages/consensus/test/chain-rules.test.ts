import {
  DEFAULT_PARAMETERS,
  EMPTY_VIEWS_CELL,
  type EpochCell,
  type SourceCell,
  type SourceEntry,
} from '@radledger/chain';
import { hash, toHex } from '@radledger/primitives';
import { expect, test } from 'vitest';
import { createChainRules, EMPTY_REGISTRY, epochContextOf, stakePolicyOf } from '../src/index.js';

const chainId = hash('test/chain');
const parameters = { ...DEFAULT_PARAMETERS, epochHeights: 9, endowmentHeights: 1_000 };
const policies = { admission: 'open', stake: 'raw' } as const;
const rules = createChainRules({
  id: 'test/1',
  caps: { finality: 'instant', reorganises: false, dutyEvidence: 'none' },
  evidence: EMPTY_REGISTRY,
  dutiesOf: () => [],
  randomnessOf: ({ sealBytes }) => (sealBytes.length === 0 ? undefined : sealBytes),
});

const NO_DUTIES = { views: EMPTY_VIEWS_CELL, duties: [], absent: { sources: [] }, leaving: undefined };

function sourceOf(index: number, endowment: number, studies = 0): { source: Uint8Array; cell: SourceCell } {
  const source = new Uint8Array(32).fill(index);
  const bucket = { units: 0, height: 0 };
  const rate = { period: 0, count: 0, meanMilli: 0 };
  const keys = { signingKey: source, nodeKey: hash('test/node', index), vrfKey: hash('test/vrf', index) };
  return {
    source,
    cell: {
      endpoint: undefined,
      ...keys,
      endowment,
      admittedHeight: 0,
      studies,
      studyQuota: bucket,
      allowQuota: bucket,
      rate,
    },
  };
}

const weightsAt = (height: number, endowments: readonly number[], counts: readonly number[] = []): readonly bigint[] =>
  stakePolicyOf('raw')({
    height,
    parameters,
    sources: endowments.map((endowment, index) => sourceOf(index + 1, endowment, counts[index])),
    counted: [],
    attested: [],
  }).weights;

test('raw stake: studies in milli, endowment decays linearly to a floor of one study', () => {
  expect(weightsAt(0, [10_000, 0], [3, 4])).toEqual([10_003_000n, 4_000n]);
  expect(weightsAt(500, [10_000])).toEqual([5_000_000n]);
  expect(weightsAt(1_000, [10_000])).toEqual([1_000n]);
  expect(weightsAt(50_000, [10_000, 0], [0, 2])).toEqual([1_000n, 2_000n]);
});

test('raw stake: no stake at all gives each the same', () => {
  expect(weightsAt(5, [0, 0, 0])).toEqual([1n, 1n, 1n]);
});

test('the seed takes the first two thirds of an epoch and nothing after', () => {
  const input = {
    chainId,
    parameters,
    policies,
    epoch: 0,
    randomness: new Uint8Array(64),
    runningSeed: hash('test/running'),
  };
  const moved = (height: number): boolean =>
    toHex(rules.accumulateSeed({ ...input, height })) !== toHex(input.runningSeed);
  expect([1, 5, 6, 7, 9, 10, 15, 16].map(moved)).toEqual([true, true, true, false, false, true, true, false]);
  expect(rules.accumulateSeed({ ...input, height: 1, randomness: undefined })).toEqual(input.runningSeed);
});

test('epochs 0 and 1 come from genesis; a boundary gives the next seed and the voters of the one after', () => {
  const sources = [sourceOf(1, 10_000), sourceOf(2, 5_000)];
  const genesis = rules.openGenesis({ chainId, parameters, policies, sources });
  expect(genesis.members).toEqual(genesis.nextMembers);
  expect(genesis.members.map(({ weight }) => weight)).toEqual([10_000_000n, 5_000_000n]);
  const cell = (epoch: number): EpochCell => ({ epoch, firstHeight: 1, members: genesis.members, seed: undefined });
  const closed = rules.closeEpoch({
    chainId,
    parameters,
    policies,
    epoch: 0,
    height: 9,
    sources: [sourceOf(1, 10_000), sourceOf(2, 5_000, 7)],
    counted: [],
    attested: [],
    runningSeed: genesis.runningSeed,
    current: cell(0),
    next: cell(1),
    ...NO_DUTIES,
  });
  expect(closed.seed).toEqual(genesis.runningSeed);
  expect(closed.runningSeed).not.toEqual(genesis.runningSeed);
  expect(closed.members.map(({ weight }) => weight)).toEqual([9_910_000n, 4_962_000n]);
});

test('where finality trails behind, seeds and members lie one epoch further back', () => {
  const trailing = createChainRules({
    id: 'test/2',
    evidence: EMPTY_REGISTRY,
    caps: { finality: 'depth', reorganises: true, dutyEvidence: 'none' },
    dutiesOf: () => [],
    randomnessOf: () => undefined,
  });
  const sources = [sourceOf(1, 10_000)];
  const genesis = trailing.openGenesis({ chainId, parameters, policies, sources });
  const atOnce = rules.openGenesis({ chainId, parameters, policies, sources });
  expect([trailing.seedLag, rules.seedLag]).toEqual([1, 0]);
  expect(genesis.seed).toEqual(atOnce.seed);
  expect(genesis.nextSeed).toEqual(atOnce.runningSeed);
  expect(genesis.runningSeed).toEqual(hash('radledger/seed/1', chainId, 2, genesis.nextSeed as Uint8Array));
  const cell = { epoch: 0, firstHeight: 1, members: genesis.members, seed: undefined };
  const closing = {
    chainId,
    parameters,
    policies,
    epoch: 0,
    height: 9,
    sources,
    counted: [],
    attested: [],
    current: cell,
    next: { ...cell, epoch: 2 },
    ...NO_DUTIES,
  };
  const closed = trailing.closeEpoch({ ...closing, runningSeed: genesis.runningSeed });
  expect(closed.seed).toEqual(genesis.runningSeed);
  expect(closed.runningSeed).toEqual(hash('radledger/seed/1', chainId, 3, closed.seed));
});

test('sources with a tombstoned node key get no seat, while two thirds of the weight serve', () => {
  const genesis = rules.openGenesis({
    chainId,
    parameters,
    policies,
    sources: [1, 2, 3, 4].map((number) => sourceOf(number, 5_000)),
  });
  const cell = { epoch: 0, firstHeight: 1, members: genesis.members, seed: genesis.seed };
  const close = (sources: readonly SourceEntry[]) =>
    rules.closeEpoch({
      chainId,
      parameters,
      policies,
      epoch: 0,
      height: 9,
      sources,
      counted: [],
      attested: [],
      ...NO_DUTIES,
      runningSeed: genesis.runningSeed,
      current: cell,
      next: { ...cell, epoch: 1, seed: undefined },
    });
  const membersOf = (tombstoned: readonly number[]): readonly (number | undefined)[] => {
    const sources = [1, 2, 3, 4].map((number) => ({
      ...sourceOf(number, 5_000),
      ...(tombstoned.includes(number) && { tombstoned: true as const }),
    }));
    return close(sources).members.map(({ source }) => source[0]);
  };
  expect(membersOf([])).toEqual([1, 2, 3, 4]);
  expect(membersOf([2])).toEqual([1, 3, 4]);
  // Half has equivocated: one of a net of four goes, nobody rules alone.
  expect(membersOf([2, 3])).toEqual([1, 3, 4]);
  expect(membersOf([1, 2, 3, 4])).toEqual([2, 3, 4]);
});

test('the heaviest vote, everybody leads; the root commits to the voters', () => {
  const members = [5n, 9n, 5n, 1n].map((weight, index) => {
    const source = new Uint8Array(32).fill(index + 1);
    return { source, nodeKey: source, vrfKey: source, weight };
  });
  const cell: EpochCell = { epoch: 2, firstHeight: 19, members, seed: hash('test/seed') };
  const context = epochContextOf(cell, { chainId, committeeMax: 2 });
  expect(context.committee.map(({ source }) => source[0])).toEqual([1, 2]);
  expect(context.leaders).toHaveLength(4);
  expect(context.totalWeight).toBe(14n);
  expect(epochContextOf(cell, { chainId, committeeMax: 3 }).committeeRoot).not.toEqual(context.committeeRoot);
  expect(() => epochContextOf({ ...cell, seed: undefined }, { chainId, committeeMax: 2 })).toThrow(
    expect.objectContaining({ code: 'NO_SEED' }),
  );
});
