import { expect, test } from 'vitest';
import { T_MAX, welch } from '../src/timing/welch.js';

/** Values around a mean, the same in every run (a linear congruential generator; sum of twelve for a bell). */
function series(count: number, mean: number, seed: number): number[] {
  let state = seed;
  const next = (): number => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
  return Array.from({ length: count }, () => mean + Array.from({ length: 12 }, next).reduce((sum, x) => sum + x, -6));
}

test('series of one mean do not differ, outliers of either notwithstanding', () => {
  const slow = series(4_000, 10, 2);
  for (let at = 0; at < slow.length; at += 50) slow[at] = 1_000;
  expect(Math.abs(welch(series(4_000, 10, 1), slow).t)).toBeLessThan(T_MAX);
});

test('a difference of a fifth of their spread is found in four thousand', () => {
  const { t, meansMs } = welch(series(4_000, 10.2, 1), series(4_000, 10, 2));
  expect(t).toBeGreaterThan(T_MAX);
  expect(meansMs[0]).toBeGreaterThan(meansMs[1]);
});

test('the formula: by hand', () => {
  // Means 2 and 5, variances 1 and 1, three each; nothing is cropped from so few.
  expect(welch([1, 2, 3], [4, 5, 6]).t).toBeCloseTo((2 - 5) / Math.sqrt(1 / 3 + 1 / 3), 12);
  expect(() => welch([1], [2, 3])).toThrow(RangeError);
});
