import { expect, test } from 'vitest';
import { fairnessSets, measureFairness } from '../../src/selection/index.js';

// I7. Method: 20,000 draws each; a fair draw falls below p = 1e-4 once in 10,000 runs. 1,000,000 draws: npm run soak -- --only selection.
test.each(fairnessSets(20_000, 1))('leaders follow weight: $name', (set) => {
  const { counts, p, share } = measureFairness(set);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(20_000);
  expect(p).toBeGreaterThan(1e-4);
  expect(share.groups.length).toBeGreaterThan(0);
});

test('a draw that is not fair is found out', () => {
  const [set] = fairnessSets(20_000, 1);
  const { counts } = measureFairness(set!);
  const { p } = measureFairness({ ...set!, weights: [12n, 10n, 10n, 10n] });
  expect(p).toBeGreaterThan(1e-4);
  // The counts of equal weights, held against weights that differ by a fifth, must not pass.
  const expected = [12, 10, 10, 10].map((weight) => (weight / 42) * 20_000);
  const chiSquare = counts.reduce((sum, count, at) => sum + (count - expected[at]!) ** 2 / expected[at]!, 0);
  expect(chiSquare).toBeGreaterThan(21.1);
});
