import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DEFAULT_PARAMETERS, type Parameters, rateAt, type SourceCell, studiesCapacityMilli } from '../src/index.js';
import { fullStudyQuota, newSourceQuotas, spendDefineStudy, spendSourceAllow, spendStudyQuota } from '../src/quotas.js';

const SEED = 17;
const parametersOf = (change: Partial<Parameters>): Parameters => ({ ...DEFAULT_PARAMETERS, ...change });
const sourceOf = (height: number, parameters: Parameters): SourceCell => ({
  endpoint: undefined,
  signingKey: new Uint8Array(32),
  nodeKey: new Uint8Array(32),
  vrfKey: new Uint8Array(32),
  endowment: 0,
  admittedHeight: height,
  studies: 0,
  ...newSourceQuotas(height, parameters),
});

describe('the bucket of a study', () => {
  // Goal: over any stretch of heights no more tokens are spent than the burst plus the refill, and never fewer than are due.
  test('gives its burst plus one token a refill span, exactly', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 70 }),
        fc.array(fc.tuple(fc.nat(50), fc.integer({ min: 1, max: 10 })), { maxLength: 60 }),
        (burst, refill, steps) => {
          const parameters = parametersOf({ studyAllowBurst: burst, studyAllowRefillHeights: refill });
          let height = 5;
          let bucket = fullStudyQuota(height, parameters);
          let tokens = burst * refill; // the model: the same tokens counted in 1/refill
          for (const [wait, wanted] of steps) {
            height += wait;
            tokens = Math.min(burst * refill, tokens + wait);
            for (let i = 0; i < wanted; i++) {
              const spent = spendStudyQuota(bucket, 'owner', height, parameters);
              expect(spent !== undefined).toBe(tokens >= refill);
              if (spent === undefined) break;
              bucket = spent;
              tokens -= refill;
            }
          }
        },
      ),
      { seed: SEED, numRuns: 200 },
    );
  });
});

test('a delegate leaves the last quarter of a study to its owner', () => {
  const parameters = parametersOf({ studyAllowBurst: 9, studyAllowRefillHeights: 60 });
  let bucket = fullStudyQuota(0, parameters);
  for (let spent = 0; spent < 7; spent++) {
    bucket = spendStudyQuota(bucket, 'delegate', 0, parameters) as typeof bucket;
  }
  expect(spendStudyQuota(bucket, 'delegate', 0, parameters)).toBeUndefined();
  expect(spendStudyQuota(bucket, 'owner', 0, parameters)).toEqual({ units: 60, height: 0 });
});

describe('the buckets of a source', () => {
  test('a fresh source may define its base in a block, and as many again within a period', () => {
    const parameters = parametersOf({ sourceStudyBase: 64, quotaPeriodHeights: 640 });
    let cell: SourceCell | undefined = sourceOf(0, parameters);
    for (let i = 0; i < 64; i++) cell = spendDefineStudy(cell as SourceCell, 1, parameters);
    expect(spendDefineStudy(cell as SourceCell, 10, parameters)).toBeUndefined();
    expect(spendDefineStudy(cell as SourceCell, 11, parameters)).toBeDefined();
    expect(studiesCapacityMilli((cell as SourceCell).rate, parameters)).toBe(64_000);
  });

  test('its studies may be allowed ten times as often', () => {
    const parameters = parametersOf({ sourceStudyBase: 2, quotaPeriodHeights: 1_000 });
    let cell: SourceCell | undefined = sourceOf(0, parameters);
    for (let i = 0; i < 20; i++) cell = spendSourceAllow(cell as SourceCell, 0, parameters);
    expect(spendSourceAllow(cell as SourceCell, 0, parameters)).toBeUndefined();
  });

  test('the quota follows the mean rate: a steady source triples its room, an idle one falls back to the base', () => {
    const parameters = parametersOf({ quotaPeriodHeights: 10, rateWindowPeriods: 28, sourceStudyBase: 64 });
    let cell = sourceOf(0, parameters);
    for (let period = 0; period < 400; period++) {
      for (let i = 0; i < 40; i++) cell = spendDefineStudy(cell, period * 10, parameters) ?? cell;
    }
    const busy = rateAt(cell.rate, 4_000, parameters);
    expect(busy.meanMilli).toBeGreaterThan(39_900);
    expect(studiesCapacityMilli(busy, parameters)).toBe(64_000 + 3 * busy.meanMilli);
    const idle = rateAt(cell.rate, 40_000, parameters);
    expect(idle).toEqual({ period: 4_000, count: 0, meanMilli: 0 });
  });

  // Goal: integers only, and touching a cell often or seldom gives one mean. Method: extreme parameters and random heights.
  test('is exact at the edges of every parameter, and does not depend on how often it is read', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(1, 43_200, 1_000_000),
        fc.constantFrom(1, 1_000_000),
        fc.constantFrom(0, 3, 1_000),
        fc.constantFrom(1, 10, 1_000),
        fc.array(fc.nat(3_000_000), { maxLength: 20 }),
        (quotaPeriodHeights, sourceStudyBase, sourceStudyRateFactor, sourceAllowFactor, waits) => {
          const parameters = parametersOf({
            quotaPeriodHeights,
            sourceStudyBase,
            sourceStudyRateFactor,
            sourceAllowFactor,
          });
          let cell = sourceOf(0, parameters);
          let height = 0;
          for (const wait of waits) {
            height += wait;
            const direct = rateAt(cell.rate, height + 7, parameters);
            expect(rateAt(rateAt(cell.rate, height, parameters), height + 7, parameters)).toEqual(direct);
            cell = spendDefineStudy(cell, height, parameters) ?? cell;
            cell = spendSourceAllow(cell, height, parameters) ?? cell;
            for (const { units } of [cell.studyQuota, cell.allowQuota]) {
              expect(Number.isSafeInteger(units) && units >= 0).toBe(true);
            }
          }
        },
      ),
      { seed: SEED, numRuns: 100 },
    );
  });
});
