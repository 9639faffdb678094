/** Each way to lie, alone and without other faults: it does something, and four nodes withstand it. */
import { DEFAULT_PARAMETERS } from '@radledger/chain';
import { expect, test } from 'vitest';
import { quietScenario } from '../src/scenario.js';
import { simulate } from '../src/simulation.js';
import { simplexPlug } from '../src/simplex/plug.js';

/** What needs a node that starts anew, or views that were given up, to show itself. */
const CRASH = { atMs: 1_000, kind: 'crash', node: 0, downMs: 3_000, portCalls: 0 } as const;

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
    faults: [CRASH],
    submissions: [{ atMs: 300, node: 1 }],
    healMs: 4_500,
    ending: { kind: 'liveness', core: [0, 1, 2], down: [] },
  });
  return simulate({ seed, module, behaviours: known, watchers, scenario });
}

const SEEDS = [1, 2];
const truthful = SEEDS.map((seed) => run([], seed).traceHash);

test.each(simplexPlug.behaviours.map(({ name }) => name))(
  '%s',
  (name) => {
    const lied = SEEDS.map((seed) => run([name], seed));
    for (const { violation } of lied) expect(violation).toBeUndefined();
    expect(lied.map(({ traceHash }) => traceHash)).not.toEqual(truthful);
  },
  30_000,
);
