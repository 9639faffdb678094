/** One faker behind many sources: splitting must not pay but through the base that every source may count. */
import { expect, test } from 'vitest';
import { measureInflation } from '../../src/selection/index.js';

const honest = { sources: 4, studiesADay: 300, endowment: 10_000 };
const split = (sources: number, days: number) =>
  measureInflation({
    policy: 'guarded',
    honest,
    faker: { sources, studiesADay: 'quota', fromDay: 5 },
    days,
    epochsADay: 2,
  });

test('twenty sources gain no more than twenty times the base, and no third in a year', () => {
  const { fakerShare, daysToThird } = split(20, 365);
  expect(fakerShare[30]).toBeLessThan((20 * 100) / 40_000);
  expect(daysToThird).toBeUndefined();
});

test('however many sources an open net lets in, churn keeps them from a third for 33 days', () => {
  const { daysToThird = Number.POSITIVE_INFINITY, fakerShare } = split(400, 60);
  expect(daysToThird - 5).toBeGreaterThan(33);
  expect(fakerShare.at(-1)).toBeGreaterThan(0.2);
});
