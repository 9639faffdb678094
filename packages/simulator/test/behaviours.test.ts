/** Each way to lie, alone and without other faults: it does something, and four nodes withstand it. */
import { DEFAULT_PARAMETERS } from '@radledger/chain';
import { expect, test } from 'vitest';
import { quietScenario } from '../src/scenario.js';
import { simulate } from '../src/simulation.js';
import { simplexPlug } from '../src/simplex/plug.js';

/** What needs a node that starts anew, or views that were given up, to show itself. */
const CRASHES = [
  { atMs: 500, kind: 'crash', node: 1, downMs: 100, portCalls: 0 },
  { atMs: 1_000, kind: 'crash', node: 0, downMs: 3_000, portCalls: 0 },
] as const;

function run(behaviours: readonly string[], seed: number): ReturnType<typeof simulate> {
  const { module, behaviours: known, watchers } = simplexPlug;
  const scenario = quietScenario({
    weights: [1000n, 1000n, 1000n, 1000n],
    byzantine: [3],
    behaviours,
    parameters: {
      ...DEFAULT_PARAMETERS,
      epochHeights: 6,
      targetIntervalMs: 200,
      minimumIntervalMs: 20,
      assumedDelayMs: 50,
      clockPrecisionMs: 50,
    },
    faults: CRASHES,
    submissions: [{ atMs: 300, node: 1 }],
    healMs: 4_500,
    ending: { kind: 'liveness', core: [0, 1, 2], down: [] },
  });
  return simulate({ seed, module, behaviours: known, watchers, scenario });
}

const SEEDS = Array.from({ length: 12 }, (_, index) => index + 1);

test.each(simplexPlug.behaviours.map(({ name }) => name))(
  '%s',
  (name) => {
    // The first seed in which the liar comes to show it.
    const lies = SEEDS.some((seed) => {
      const { violation, traceHash } = run([name], seed);
      expect(violation).toBeUndefined();
      return traceHash !== run([], seed).traceHash;
    });
    expect(lies).toBe(true);
  },
  60_000,
);
