import { expect, test } from 'vitest';
import { runSeed } from '../src/run-seed.js';
import { simplexPlug } from '../src/simplex/plug.js';

test('thirty seeds: no violation, and blocks after the faults', () => {
  for (let seed = 1; seed <= 30; seed++) {
    const { violation, recoveredMs, finalized } = runSeed(simplexPlug, seed);
    expect(violation, `seed ${seed}`).toBeUndefined();
    // A run that demands safety only ends with the faults.
    if (recoveredMs > 0) expect(finalized).toBeGreaterThanOrEqual(3);
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
