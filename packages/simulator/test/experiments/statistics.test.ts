import { expect, test } from 'vitest';
import { chiSquare, chiSquareTail, expectedBand, quantile } from '../../src/experiments/statistics.js';

// Ends of Wilson's 95% interval of hits in total. Origin: Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
test.each([
  { hits: 81, total: 263, low: 0.2553, high: 0.3662 },
  { hits: 15, total: 148, low: 0.0624, high: 0.1605 },
  { hits: 1, total: 29, low: 0.0061, high: 0.1718 },
])('$hits of $total is at the edge of the band of either end of its Wilson interval', ({ hits, total, low, high }) => {
  expect(expectedBand(low, total).high).toBeCloseTo(hits / total, 3);
  expect(expectedBand(high, total).low).toBeCloseTo(hits / total, 3);
});

test('a band stays between nothing and everything', () => {
  expect(expectedBand(0.001, 10)).toEqual({ low: 0, high: expect.closeTo(0.0206, 4) });
  expect(expectedBand(1, 10)).toEqual({ low: 1, high: 1 });
});

// Critical values of the printed tables: Abramowitz and Stegun, table 26.8.
test.each([
  { value: 3.84146, degrees: 1, tail: 0.05 },
  { value: 10.828, degrees: 1, tail: 0.001 },
  { value: 5.99146, degrees: 2, tail: 0.05 },
  { value: 18.307, degrees: 10, tail: 0.05 },
  { value: 2.55821, degrees: 10, tail: 0.99 },
  { value: 43.773, degrees: 30, tail: 0.05 },
  { value: 124.342, degrees: 100, tail: 0.05 },
  { value: 61.9179, degrees: 100, tail: 0.999 },
])('chance of $value or more on $degrees degrees of freedom is $tail', ({ value, degrees, tail }) => {
  expect(chiSquareTail(value, degrees)).toBeCloseTo(tail, 5);
});

test('two degrees of freedom have a closed form, far out and with many', () => {
  for (const value of [0.01, 1, 7, 50, 300]) {
    expect(chiSquareTail(value, 2) / Math.exp(-value / 2)).toBeCloseTo(1, 9);
  }
  expect(chiSquareTail(0, 5)).toBe(1);
  expect(chiSquareTail(5000, 5000)).toBeCloseTo(0.4973, 3);
});

test("Pearson's statistic of a die", () => {
  expect(chiSquare([5, 8, 9, 8, 10, 20], [10, 10, 10, 10, 10, 10])).toBeCloseTo(13.4, 10);
});

test('quantiles by nearest rank', () => {
  expect([0, 0.3, 0.4, 0.5, 1].map((share) => quantile([15, 20, 35, 40, 50], share))).toEqual([15, 20, 20, 35, 50]);
});
