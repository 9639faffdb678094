/** A faker who makes up as many studies as quotas let through, for a month: what it buys under each policy. */
import { expect, test } from 'vitest';
import { measureInflation } from '../../src/selection/index.js';

const honest = { sources: 4, studiesADay: 300, endowment: 10_000, attested: true };
const faker = { sources: 1, studiesADay: 'quota', fromDay: 10 } as const;
const shareAfter = (policy: 'raw' | 'guarded' | 'attested', days: number): number =>
  measureInflation({ policy, honest, faker, days, epochsADay: 2 }).fakerShare.at(-1) as number;

test('raw: two months of made-up studies are a third of the chain', () => {
  expect(shareAfter('raw', 70)).toBeGreaterThan(1 / 3);
});

test('guarded: the same studies weigh next to nothing', () => {
  expect(shareAfter('guarded', 70)).toBeLessThan(0.02);
});

test('attested: nothing at all', () => {
  expect(shareAfter('attested', 70)).toBe(0);
});

test('guarded: a burst that comes from nowhere, of any size, moves no more than the growth bound', () => {
  const burst = { sources: 1, studiesADay: 1_000_000, fromDay: 5, untilDay: 5 };
  const { fakerShare } = measureInflation({ policy: 'guarded', honest, faker: burst, days: 34, epochsADay: 2 });
  // 100 studies beside 40,000 for the first 28 days.
  for (const share of fakerShare.slice(0, 28)) expect(share).toBeLessThan(101 / 40_000);
});
