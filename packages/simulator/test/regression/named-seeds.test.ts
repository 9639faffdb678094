/** Seeds that once failed, each with what was wrong. */
import { expect, test } from 'vitest';
import { runSeed } from '../../src/run-seed.js';
import { simplexPlug } from '../../src/simplex/plug.js';

test.each([
  [15, 'a block that its only asked peer withheld was never asked for again while views went by'],
  [61, 'a node behind by blocks that its peers held on disk only never asked its host to fetch them'],
  [254, 'the same after a blackout of all nodes'],
  [330, 'a withheld block, with equivocating proposals'],
  [504, 'the same while a restarted node still asked for its newest vote'],
])('seed %i: %s', (seed) => {
  expect(runSeed(simplexPlug, seed).violation).toBeUndefined();
});
