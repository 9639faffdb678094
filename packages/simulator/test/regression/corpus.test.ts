/** Seeds that once failed, each with what was wrong. A seed belongs to the drawing of scenarios: when that changes, so do they. */
import { expect, test } from 'vitest';
import { runSeed } from '../../src/run-seed.js';
import { simplexPlug } from '../../src/simplex/plug.js';

test.each([
  [32, 'a node that saw only the finalization of a block called the next leader silent before its time'],
  [
    82,
    'a blackout lost the only certificates of a view that every node had left: nothing could be proposed ever after',
  ],
])('seed %i: %s', (seed) => {
  expect(runSeed(simplexPlug, seed).violation).toBeUndefined();
});
