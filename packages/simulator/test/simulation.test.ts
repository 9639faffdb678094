import { expect, test } from 'vitest';
import { runSeed } from '../src/run-seed.js';
import { simplexPlug } from '../src/simplex/plug.js';

test('forty seeds: no violation, and blocks after the faults', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const result = runSeed(simplexPlug, seed);
    expect(result.violation, `seed ${seed}`).toBeUndefined();
    expect(result.finalized).toBeGreaterThanOrEqual(3);
  }
}, 60_000);

test('a seed decides everything: two runs, one trace', () => {
  for (const seed of [3, 5, 15]) expect(runSeed(simplexPlug, seed)).toEqual(runSeed(simplexPlug, seed));
}, 30_000);

test.each(simplexPlug.mutants.map(({ name }) => name))(
  '%s is noticed by a safety invariant',
  (name) => {
    const found = Array.from({ length: 60 }, (_, index) => index + 1).some((seed) =>
      /^I\d+$/.test(runSeed(simplexPlug, seed, name).violation?.invariant ?? ''),
    );
    expect(found).toBe(true);
  },
  60_000,
);
