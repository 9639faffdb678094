import {
  type AttestedCell,
  type CountedEntry,
  DEFAULT_PARAMETERS,
  type Parameters,
  type SourceEntry,
  type StakePolicy,
} from '@radledger/chain';
import { toHex } from '@radledger/primitives';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stakePolicyOf } from '../src/index.js';
import { capBasisPoints, cappedWeights, effectiveNumber } from '../src/stake-cap.js';
import { churnAllowance } from '../src/stake-churn.js';

const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((total, amount) => total + amount, 0n);

function sourceOf(index: number, endowment: number, studies: number): SourceEntry {
  const key = new Uint8Array(32);
  new DataView(key.buffer).setUint32(0, index + 1);
  const quota = { units: 0, height: 0 };
  return {
    source: key,
    cell: {
      endpoint: undefined,
      signingKey: key,
      nodeKey: key,
      vrfKey: key,
      endowment,
      admittedHeight: 0,
      studies,
      studyQuota: quota,
      allowQuota: quota,
      rate: { period: 0, count: 0, meanMilli: 0 },
    },
  };
}

/** A set of sources from boundary to boundary: only what the policy gave to remember is remembered. */
class Boundaries {
  readonly #remembered = new Map<string, CountedEntry>();

  constructor(
    readonly endowments: readonly number[],
    readonly parameters: Parameters,
    readonly policy: StakePolicy = 'guarded',
    public attested: readonly AttestedCell[] = [],
  ) {}

  /** @returns weights and counts, in the order of the sources */
  close(epoch: number, studies: readonly number[]) {
    const height = (epoch + 1) * this.parameters.epochHeights;
    const sources = this.endowments.map((endowment, index) => sourceOf(index, endowment, studies[index] ?? 0));
    const { parameters } = this;
    const counted = [...this.#remembered.values()];
    const attested = this.attested.map((cell, index) => ({ source: sourceOf(index, 0, 0).source, cell }));
    const result = stakePolicyOf(this.policy)({ height, sources, counted, attested, parameters });
    for (const entry of result.counted) this.#remembered.set(toHex(entry.source), entry);
    const cells = sources.map(({ source }) => this.#remembered.get(toHex(source))?.cell);
    return {
      height,
      weights: result.weights,
      counted: cells.map((cell, index) => cell?.counted ?? BigInt(this.endowments[index] as number) * 1_000n),
      samplesMax: Math.max(...cells.map((cell) => cell?.samples.length ?? 0)),
    };
  }
}

const small = {
  ...DEFAULT_PARAMETERS,
  epochHeights: 6,
  quotaPeriodHeights: 24,
  stakeGrowthBase: 30,
  stakeGrowthPeriods: 3,
  stakeChurnBasisPoints: 500,
  endowmentHeights: 300,
};

describe('guarded stake', () => {
  // I12. Method: 60 boundaries of up to 7 sources whose studies jump about; the bounds are computed here from all that was
  // counted before, the policy has only its cells.
  test('growth, churn and cap hold at every boundary, whatever the studies do', () => {
    const jump = fc.oneof(
      fc.constant(0),
      fc.integer({ min: -50, max: 50 }),
      fc.integer({ min: -100_000, max: 100_000 }),
    );
    const history = fc.integer({ min: 1, max: 7 }).chain((sources) =>
      fc.record({
        endowments: fc.array(fc.constantFrom(0, 1, 500, 10_000), { minLength: sources, maxLength: sources }),
        jumps: fc.array(fc.array(jump, { minLength: sources, maxLength: sources }), { minLength: 60, maxLength: 60 }),
      }),
    );
    fc.assert(
      fc.property(history, ({ endowments, jumps }) => {
        const set = new Boundaries(endowments, small);
        const past: { period: number; counted: readonly bigint[] }[] = [];
        let studies = endowments.map(() => 0);
        jumps.forEach((by, epoch) => {
          studies = studies.map((count, index) => Math.max(0, count + (by[index] as number)));
          const { height, counted, weights, samplesMax } = set.close(epoch, studies);
          const period = Math.floor(height / small.quotaPeriodHeights);
          const given = endowments.map((gift) => BigInt(gift) * 1_000n);
          const before = past.at(-1)?.counted ?? given;
          const old = past.findLast((each) => each.period <= period - small.stakeGrowthPeriods)?.counted ?? given;
          const gifts = endowments.map((gift) =>
            gift === 0 ? 0n : BigInt(Math.max(1_000, Math.floor((gift * 1_000 * Math.max(0, 300 - height)) / 300))),
          );
          counted.forEach((count, index) => {
            const most = BigInt(studies[index] as number) * 1_000n + (gifts[index] as bigint);
            expect(count).toBeLessThanOrEqual(most);
            expect(count).toBeLessThanOrEqual(30_000n + ((old[index] as bigint) * 5n) / 4n);
            expect(count).toBeGreaterThanOrEqual(gifts[index] as bigint);
          });
          const entered = counted.map((count, index) =>
            count > (before[index] as bigint) ? count - (before[index] as bigint) : 0n,
          );
          expect(sum(entered)).toBeLessThanOrEqual(churnAllowance(sum(before), height, small));
          const weighty = counted.filter((count) => count > 0n && count * 200n >= sum(counted)).length;
          const n = effectiveNumber(counted);
          const total = sum(weights);
          if (weighty >= 4)
            for (const weight of weights) expect(weight * 10_000n).toBeLessThanOrEqual(total * capBasisPoints(n));
          expect(samplesMax).toBeLessThanOrEqual(small.stakeGrowthPeriods + 1);
          past.push({ period, counted });
        });
      }),
      { numRuns: 20, seed: 12 },
    );
  });

  test('what growth and churn hold back stays recorded and counts later', () => {
    const set = new Boundaries([100, 100, 100, 100, 0], small);
    const first = set.close(0, [0, 0, 0, 0, 500]).counted[4] as bigint;
    expect(first).toBeGreaterThan(0n);
    expect(first).toBeLessThan(30_000n);
    let counted = first;
    for (let epoch = 1; epoch < 4_000; epoch++) counted = set.close(epoch, [0, 0, 0, 0, 500]).counted[4] as bigint;
    expect(counted).toBe(500_000n);
  });

  test('churn in a day is 1.2% of the whole, for nets whose epochs are short and long', () => {
    for (const epochHeights of [2, 7, 720, 43_200, 100_000]) {
      const parameters = { ...DEFAULT_PARAMETERS, epochHeights };
      let allowed = 0n;
      const boundaries = Math.ceil((10 * 43_200) / epochHeights);
      for (let n = 1; n <= boundaries; n++) allowed += churnAllowance(10_000_000n, n * epochHeights, parameters);
      const days = (boundaries * epochHeights) / 43_200;
      expect(Number(allowed)).toBe(Math.floor(10_000_000 * 0.012 * days));
    }
  });

  test('a third of a running net cannot be had from nothing within 33 days', () => {
    const honest = [40_000, 40_000, 40_000, 40_000];
    // So much endowment for so long that it does not decay here; the growth bound alone would let the faker in at once.
    const parameters = { ...DEFAULT_PARAMETERS, endowmentHeights: 1_000_000_000, stakeGrowthBase: 160_000 };
    const set = new Boundaries([...honest, 0], parameters);
    const shareAfter = (days: number): number => {
      let weights: readonly bigint[] = [];
      for (let epoch = 0; epoch < days * 60; epoch++) weights = set.close(epoch, [0, 0, 0, 0, 1_000_000]).counted;
      return Number(weights[4]) / (Number(weights[4]) + 160_000_000);
    };
    expect(shareAfter(33)).toBeLessThan(1 / 3);
    expect(shareAfter(36)).toBeGreaterThan(1 / 3);
  });

  test('nobody has weight: all weigh the same', () => {
    expect(new Boundaries([0, 0, 0], small).close(0, [0, 0, 0]).weights).toEqual([1n, 1n, 1n]);
  });
});

describe('attested stake', () => {
  const vouching = (...maxima: readonly (readonly [period: number, countMax: number])[]): AttestedCell => ({
    admitUntilHeight: 0,
    maxima: maxima.map(([period, countMax], authority) => ({ period, authority, countMax })),
  });

  test('counts no more than authorities attest, all of them together, and nothing for whom nobody does', () => {
    const wide = { ...small, stakeChurnBasisPoints: 10_000, stakeGrowthBase: 1_000 };
    const set = new Boundaries([0, 0, 0], wide, 'attested', [vouching([0, 5], [0, 7]), vouching([0, 900])]);
    let weights: readonly bigint[] = [];
    for (let epoch = 0; epoch < 20; epoch++) ({ weights } = set.close(epoch, [100, 100, 100]));
    expect(weights).toEqual([12_000n, 100_000n, 0n]);
    // The word of an authority that comes late is not made to wait again: the studies have waited.
    set.attested = [vouching([0, 60]), vouching([0, 900]), vouching([0, 40])];
    expect(set.close(20, [100, 100, 100]).weights).toEqual([60_000n, 100_000n, 40_000n]);
  });

  test('maxima of periods that have left the window count no more', () => {
    const brief = { ...small, stakeWindowEpochs: 30, rateWindowPeriods: 2, stakeChurnBasisPoints: 10_000 };
    // A period has 48 heights, the window 180: at height 228 period 0 is past.
    const set = new Boundaries([10, 10], brief, 'attested', [vouching([0, 3], [1, 4])]);
    for (let epoch = 0; epoch < 36; epoch++) set.close(epoch, [9, 9]);
    expect(set.close(36, [9, 9]).weights.map((weight) => Number(weight) - 2_600)).toEqual([7_000, 0]);
    expect(set.close(37, [9, 9]).weights.map((weight) => Number(weight) - 2_400)).toEqual([4_000, 0]);
  });

  test('guarded still bounds what is attested', () => {
    const guarded = new Boundaries([50, 50, 50, 0], small);
    const attested = new Boundaries(
      [50, 50, 50, 0],
      small,
      'attested',
      Array(4).fill(vouching([0, 1_000_000])) as AttestedCell[],
    );
    for (let epoch = 0; epoch < 30; epoch++) {
      expect(attested.close(epoch, [1, 2, 3, 500]).weights).toEqual(guarded.close(epoch, [1, 2, 3, 500]).weights);
    }
  });
});

describe('the cap', () => {
  test('is max(10%, min(32%, 200% / n)), and none below four', () => {
    expect([1n, 4n, 6n, 7n, 10n, 19n, 20n, 21n, 128n].map(capBasisPoints)).toEqual(
      [3_200, 3_200, 3_200, 2_857, 2_000, 1_052, 1_000, 1_000, 1_000].map(BigInt),
    );
    expect(cappedWeights([1_000_000n, 5n, 5n])).toEqual([1_000_000n, 5n, 5n]);
  });

  test('is not lowered for others by a crowd of light sources', () => {
    const centres = Array<bigint>(4).fill(10_000n);
    const heaviestWith = (crowd: readonly bigint[]) => cappedWeights([...centres, ...crowd])[0];
    expect(heaviestWith(Array<bigint>(20).fill(1n))).toBe(10_000n);
    expect(heaviestWith(Array<bigint>(200).fill(50n))).toBe(10_000n);
    expect(heaviestWith(Array<bigint>(200).fill(150n))).toBe(10_000n);
    // It lowers it when it holds more than half of all weight in earnest.
    expect(heaviestWith(Array<bigint>(200).fill(250n))).toBeLessThan(10_000n);
  });

  test('cuts the heaviest to one level and leaves the others', () => {
    expect(cappedWeights([900n, 100n, 100n, 100n])).toEqual([141n, 100n, 100n, 100n]);
    expect(cappedWeights([25n, 25n, 25n, 25n])).toEqual([25n, 25n, 25n, 25n]);
  });

  test('keeps order, cuts no more than it must, and ends for any weights', () => {
    const weights = fc.array(fc.oneof(fc.bigInt(0n, 10n), fc.bigInt(0n, 2n ** 50n)), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(weights, (before) => {
        const after = cappedWeights(before);
        const level = after.reduce((max, weight) => (weight > max ? weight : max), 0n);
        after.forEach((weight, index) => {
          const was = before[index] as bigint;
          expect(weight).toBe(was > level ? level : was);
        });
        const weighty = before.filter((weight) => weight > 0n && weight * 200n >= sum(before)).length;
        if (weighty < 4 || level === before.reduce((max, weight) => (weight > max ? weight : max), 0n)) return;
        // A level higher by one would break the cap.
        const higher = before.map((weight) => (weight > level + 1n ? level + 1n : weight));
        expect((level + 1n) * 10_000n).toBeGreaterThan(sum(higher) * capBasisPoints(effectiveNumber(before)));
        expect(after.every((weight, index) => weight > 0n === (before[index] as bigint) > 0n)).toBe(true);
      }),
      { numRuns: 500, seed: 7 },
    );
  });
});
