import { expect, test } from 'vitest';
import { measureGrinding } from '../../src/selection/index.js';

// Method: the mean of 2^k with k geometric has a wide spread, so the bands are wide; 4,000 epochs: npm run soak -- --only selection.
test.each([
  [1_000, 0.05],
  [2_000, 0.12],
])('seeds to choose among are (1 - a) / (1 - 2a) at %i/10,000', (stakeBasisPoints, band) => {
  const scenario = { stakeBasisPoints, epochHeights: 6, contributingHeights: 6, epochs: 4_000, seed: 2 };
  const { meanChoices, expectedChoices } = measureGrinding(scenario);
  expect(Math.abs(meanChoices - expectedChoices)).toBeLessThan(band);
});

test('choosing seeds is worth little, and the less the longer the epoch', () => {
  const gain = (epochHeights: number, epochs: number): number =>
    measureGrinding({ stakeBasisPoints: 2_000, epochHeights, contributingHeights: epochHeights, epochs, seed: 3 })
      .netShare - 0.2;
  const [short, long] = [gain(16, 3_000), gain(240, 300)];
  // Optimal play of RANDAO's 32 slots lifts 20% to 20.68% (AFT 2024).
  expect(short).toBeGreaterThan(0.002);
  expect(long).toBeLessThan(0.0068);
  expect(long).toBeLessThan(short);
});

test('equal scenarios give equal figures', () => {
  const scenario = { stakeBasisPoints: 1_500, epochHeights: 30, epochs: 40, seed: 9 };
  expect(measureGrinding(scenario)).toEqual(measureGrinding(scenario));
});
