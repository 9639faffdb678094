/** Partitions alone, in every order: nobody lies, nothing is lost but what crosses a cut. Finality must not depend on luck. */
import { DEFAULT_PARAMETERS } from '@radledger/chain';
import { expect, test } from 'vitest';
import { authorityPlug } from '../../src/fork-choice/plugs.js';
import { Prng } from '../../src/prng.js';
import { quietScenario } from '../../src/scenario.js';
import { type SimulationResult, simulate } from '../../src/simulation.js';

const SLOT_MS = 200;
const COUNT = Number(process.env['RADLEDGER_PARTITIONS'] ?? 100);
const SPLITS = ['0000', '0001', '0010', '0100', '1000', '0011', '0101', '0110'];
const PARAMETERS = {
  ...DEFAULT_PARAMETERS,
  epochHeights: 64,
  targetIntervalMs: SLOT_MS,
  minimumIntervalMs: 0,
  assumedDelayMs: 50,
  clockPrecisionMs: 50,
};

interface Schedule {
  /** The side of every node, one after the other. All are together in the end. */
  readonly phases: readonly string[];
  readonly startMs: number;
  readonly slotsEach: number;
  /** Node that loses its memory as the phase of this index begins. */
  readonly restarts?: readonly number[];
}

function play({ phases, startMs, slotsEach, restarts = [] }: Schedule): SimulationResult {
  const forMs = slotsEach * SLOT_MS;
  const crashes = restarts.map((node, index) => {
    return { atMs: startMs + index * forMs + 1, kind: 'crash', node, downMs: 20, portCalls: 0 } as const;
  });
  const cuts = phases.map((sides, index) => {
    const atMs = startMs + index * forMs;
    return { atMs, kind: 'partition', sides: [...sides].map(Number), oneWay: false, forMs } as const;
  });
  const faults = [...cuts, ...crashes];
  const { module, watchers } = authorityPlug;
  const healMs = startMs + phases.length * forMs;
  const ending = { kind: 'liveness', core: [0, 1, 2, 3], down: [] } as const;
  const weights = [1000n, 1000n, 1000n, 1000n];
  const scenario = quietScenario({ weights, parameters: PARAMETERS, faults, healMs, ending });
  return simulate({ seed: 1, module, watchers, scenario });
}

// Half of the members had built on one branch and half on another; then pairs met, and each made final what the other gave up.
test.each([
  { phases: ['0110', '0110', '0011', '1000'], startMs: 500, slotsEach: 1 },
  { phases: ['0011', '0011', '0101', '1000', '0000', '0010', '0110'], startMs: 700, slotsEach: 2 },
  { phases: ['0101', '0011', '0010', '0000', '1000', '1000', '0001'], startMs: 700, slotsEach: 2 },
  { phases: ['1100', '0011', '0101', '0001'], startMs: 100, slotsEach: 3 },
])('partitions $phases, $slotsEach slots each, made two conflicting blocks final', (schedule) => {
  expect(play(schedule).violation).toBeUndefined();
});

// Goal: no schedule of partitions does it, nor one in which nodes lose their memory between them. Method: COUNT of them, drawn; in the
// end all must go on. More: `npm run soak -- --only partitions`.
test.each([false, true])(
  'partitions in any order, restarts: %s: one final chain, and progress once they end',
  (restart) => {
    const prng = new Prng(7);
    for (let count = 0; count < COUNT; count++) {
      const phases = Array.from({ length: prng.between(4, 8) }, () => prng.pick(SPLITS));
      const restarts = restart ? phases.map(() => prng.between(0, 3)) : [];
      const schedule = {
        ...{ phases, restarts },
        startMs: prng.between(1, 8) * (SLOT_MS >> 1),
        slotsEach: prng.between(1, 4),
      };
      expect({ schedule, violation: play(schedule).violation }).toEqual({ schedule, violation: undefined });
    }
    process.stdout.write(`${JSON.stringify({ schedules: COUNT, restarts: restart })}\n`);
  },
  3_600_000,
);
