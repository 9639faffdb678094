import { simplex } from '@radledger/consensus-simplex';
import { describe, expect, test, vi } from 'vitest';
import { runExperiment } from '../../src/experiments/experiment.js';
import type { ModuleFigures, NetworkFigures } from '../../src/experiments/network-experiment.js';
import type { NetworkScenario } from '../../src/experiments/network-scenario.js';
import { worldOf } from '../../src/experiments/network-world.js';
import { parseScenario } from '../../src/experiments/scenario-file.js';
import { shippedScenario } from '../../src/experiments/shipped.js';
import { simulate } from '../../src/simulation.js';

// Whole networks run here: a busy machine needs its time.
vi.setConfig({ testTimeout: 60_000 });

const BASE = {
  format: 'radledger/scenario/1',
  title: 'A small net',
  kind: 'network',
  seed: 3,
  modules: ['simplex'],
  sources: 7,
  stake: { distribution: 'equal', studies: 10 },
  heights: 30,
  timeLimitMs: 200_000,
  timing: { targetIntervalMs: 500, minimumIntervalMs: 100, assumedDelayMs: 100, epochHeights: 10 },
  delays: { model: 'uniform', minMs: 5, maxMs: 40 },
  load: { perSecond: 10, bytes: 100 },
};

function scenarioOf(change: object = {}): NetworkScenario {
  return parseScenario(new TextEncoder().encode(JSON.stringify({ ...BASE, ...change }))) as NetworkScenario;
}

function run(change: object = {}): { readonly figures: NetworkFigures; readonly simplex: ModuleFigures } {
  const { figures } = runExperiment(scenarioOf(change), { modules: { simplex } }) as { figures: NetworkFigures };
  return { figures, simplex: figures.modules[0] as ModuleFigures };
}

test('equal seeds give equal figures, other seeds others', () => {
  const text = (seed: number): string => JSON.stringify(run({ seed }).figures);
  expect(text(3)).toBe(text(3));
  expect(text(3)).not.toBe(text(4));
});

test('signatures judged once for all nodes change nothing that happens', () => {
  const fault = { kind: 'crash', who: { numbers: [2] }, atMs: 1000, forMs: 4000 };
  const { scenario, behaviours } = worldOf(scenarioOf({ faults: [fault], lossPercent: 5 }), 'simplex');
  const [apart, shared] = [false, true].map((sharesClaims) =>
    simulate({ seed: 3, module: simplex, scenario, behaviours, sharesClaims }),
  );
  expect(shared).toEqual(apart);
  expect(apart?.finalized).toBeGreaterThanOrEqual(30);
});

test('a quiet net finalizes everything, in turn, by those who have stake', () => {
  const { simplex: figures } = run();
  expect(figures).toMatchObject({ height: 30, forks: { reorganisations: 0 }, duties: { hit: {} } });
  expect(figures.violation).toBeUndefined();
  expect(figures.transactions.finalized).toBeGreaterThan(20);
  expect(figures.transactions.finalized).toBeLessThanOrEqual(figures.transactions.submitted);
  expect(figures.transactionFinalMs.points).toHaveLength(101);
  expect(figures.progress.map(([, height]) => height)).toEqual(Array.from({ length: 30 }, (_, index) => index + 1));
  expect(figures.leaderShare.draws).toBeGreaterThanOrEqual(30);
});

describe('faults', () => {
  test('who crashes for good is missed, and the others go on', () => {
    const { figures, simplex: one } = run({ faults: [{ kind: 'crash', who: { numbers: [1, 4] }, atMs: 500 }] });
    expect(figures.hit).toEqual([1, 4]);
    expect(one.height).toBe(30);
    expect(one.duties.hit).toMatchObject({ MISSED: expect.any(Number) });
    expect(one.duties.others['MISSED'] ?? 0).toBe(0);
  });

  test('who is silent says nothing while the fault lasts, and something afterwards', () => {
    const silent = { kind: 'silent', who: { numbers: [0, 6] }, atMs: 0 };
    const always = run({ faults: [silent] });
    expect(always.simplex.height).toBe(30);
    expect(always.simplex.duties.hit['PRODUCED'] ?? 0).toBe(0);
    const once = run({ faults: [{ ...silent, forMs: 1000 }] });
    expect(once.simplex.duties.hit['PRODUCED']).toBeGreaterThan(0);
  });

  test('a partition without two thirds on any side stops finality until it heals', () => {
    const cut = { kind: 'partition', who: { numbers: [0, 1, 2] }, atMs: 2000, forMs: 5000 };
    const { progress, height } = run({ faults: [cut] }).simplex;
    expect(height).toBe(30);
    // A block whose votes were on their way may still arrive.
    expect(progress.filter(([atMs]) => atMs > 2200 && atMs < 7000)).toEqual([]);
    expect(progress.some(([atMs]) => atMs > 7000)).toBe(true);
  });

  test('more than a third silent: the run ends at its time, without a height', () => {
    const { simplex: one } = run({
      timeLimitMs: 5000,
      faults: [{ kind: 'silent', who: { numbers: [0, 1, 2] }, atMs: 0 }],
    });
    expect(one).toMatchObject({ height: 0, virtualMs: 5000, blockFinalMs: { count: 0, points: [] } });
  });

  test('a share is never exceeded, by stake or by number', () => {
    for (let seed = 0; seed < 50; seed++) {
      const stake = { distribution: 'lognormal', medianStudies: 1000, sigma: 2 };
      const shares = [{ percentOfStake: 33 }, { percentOfSources: 33 }];
      const faults = shares.map((who) => ({ kind: 'crash', who, atMs: 10 }));
      const { scenario } = worldOf(scenarioOf({ seed, sources: 40, stake, faults: [faults[0]] }), 'simplex');
      const struck = scenario.faults.map((fault) => ('node' in fault ? fault.node : -1));
      const sum = (numbers: readonly number[]): bigint =>
        numbers.reduce((total, at) => total + (scenario.weights[at] ?? 0n), 0n);
      expect(new Set(struck).size).toBe(struck.length);
      expect(sum(struck) * 100n).toBeLessThanOrEqual(sum(scenario.weights.map((_, at) => at)) * 33n);
      expect(worldOf(scenarioOf({ seed, sources: 40, faults: [faults[1]] }), 'simplex').hit.size).toBe(13);
    }
  });
});

test('distances follow the regions that sources are dealt to', () => {
  const delays = {
    model: 'matrix',
    regions: ['near', 'far'],
    oneWayMs: [
      [1, 90],
      [90, 2],
    ],
    jitterMs: 5,
  };
  const { links } = worldOf(scenarioOf({ sources: 3, delays }), 'simplex').scenario;
  expect(links.distanceMs).toEqual([
    [1, 90, 1],
    [90, 2, 90],
    [1, 90, 1],
  ]);
});

test('what a module itself counts is added up over the nodes', () => {
  const module = new Proxy(simplex, {
    get(target, name) {
      if (name !== 'create') return Reflect.get(target, name) as unknown;
      return (context: Parameters<typeof simplex.create>[0]) => {
        const instance = target.create(context);
        const status = () => ({ ...instance.status(), figures: { hashes: 5 } });
        return { step: instance.step.bind(instance), neededRecords: instance.neededRecords.bind(instance), status };
      };
    },
  });
  const { figures } = runExperiment(scenarioOf({ heights: 3 }), { modules: { simplex: module } }) as {
    figures: NetworkFigures;
  };
  expect(figures.modules[0]).toMatchObject({ effort: { hashes: 35 } });
  expect(figures.modules[0]?.violation).toBeUndefined();
});

test('every module gets the same world, with its own settings', () => {
  const scenario = scenarioOf({ modules: ['simplex', 'other'], settings: { other: { slotMs: 5, depth: 3 } } });
  const [simplexWorld, other] = ['simplex', 'other'].map((name) => worldOf(scenario, name).scenario);
  expect(other?.parameters.moduleSettings).toEqual([
    ['depth', 3],
    ['slotMs', 5],
  ]);
  expect({ ...other, parameters: undefined }).toEqual({ ...simplexWorld, parameters: undefined });
});

test('a module that is not at hand is named before anything runs', () => {
  expect(() => runExperiment(scenarioOf({ modules: ['constructor'] }), { modules: { simplex } })).toThrow(
    'MODULE_UNKNOWN: expected only modules that are at hand: simplex',
  );
});

describe('wrong fields of a network', () => {
  test.each([
    [{ modules: ['simplex', 'simplex'] }, /^modules: expected each name once/],
    [{ modules: ['../simplex'] }, /^modules\[0\]: expected a module name/],
    [{ settings: { other: {} } }, /^settings: /],
    [{ sources: 129 }, /^sources: .*128/],
    [{ heights: 0 }, /^heights: /],
    [{ timing: { targetIntervalMs: 100, minimumIntervalMs: 200 } }, /^timing\.minimumIntervalMs: expected at most/],
    [{ delays: { model: 'uniform', minMs: 9, maxMs: 8 } }, /^delays\.minMs: expected at most maxMs/],
    [
      { delays: { model: 'matrix', regions: ['a'], oneWayMs: [[1, 2]], jitterMs: 0 } },
      /^delays\.oneWayMs: expected 1 rows/,
    ],
    [
      { faults: [{ kind: 'crash', who: { numbers: [7] }, atMs: 1 }] },
      /^faults\[0\]\.who\.numbers: expected numbers below/,
    ],
    [{ faults: [{ kind: 'crash', who: { percent: 7 }, atMs: 1 }] }, /^faults\[0\]\.who: expected \{ "percentOfStake"/],
    [{ faults: [{ kind: 'partition', who: { percentOfStake: 7 }, atMs: 1 }] }, /^faults\[0\]\.forMs: /],
    [
      { faults: Array.from({ length: 51 }, () => ({ kind: 'crash', who: { numbers: [1] }, atMs: 1 })) },
      /^faults: .*50/,
    ],
    [
      { faults: [5, 9].map((atMs) => ({ kind: 'partition', who: { percentOfStake: 7 }, atMs, forMs: 5 })) },
      /^faults: expected each partition to end/,
    ],
    [{ load: { perSecond: 1e9, bytes: 100 } }, /^load\.perSecond: .*1000/],
  ])('%j', (change, message) => {
    expect(() => scenarioOf(change)).toThrow(new RegExp(`^SCENARIO_INVALID: ${message.source.slice(1)}`));
  });
});

test('the shipped networks are what their titles say', () => {
  const silent = worldOf(shippedScenario('third-silent') as NetworkScenario, 'simplex');
  expect(silent.hit.size).toBe(33);
  expect(worldOf(shippedScenario('wide-area-100') as NetworkScenario, 'simplex').scenario.weights).toHaveLength(100);
  expect(worldOf(shippedScenario('crash-30') as NetworkScenario, 'simplex').hit.size).toBe(12);
});
