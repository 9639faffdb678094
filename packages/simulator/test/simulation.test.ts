import { expect, test } from 'vitest';
import { MUTANTS } from '../src/simplex/mutants.js';
import { simulateSimplex } from '../src/simplex/simulate-simplex.js';

test('forty seeds: no violation, and blocks after the faults', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const result = simulateSimplex(seed);
    expect(result.violation, `seed ${seed}`).toBeUndefined();
    expect(result.finalized).toBeGreaterThanOrEqual(3);
  }
}, 60_000);

test('a seed decides everything: two runs, one trace', () => {
  for (const seed of [3, 5, 15]) expect(simulateSimplex(seed)).toEqual(simulateSimplex(seed));
}, 30_000);

test.each(MUTANTS.map(({ name }) => name))(
  '%s is noticed by a safety invariant',
  (name) => {
    const found = Array.from({ length: 60 }, (_, index) => index + 1).some((seed) =>
      /^I\d+$/.test(simulateSimplex(seed, name).violation?.invariant ?? ''),
    );
    expect(found).toBe(true);
  },
  60_000,
);
