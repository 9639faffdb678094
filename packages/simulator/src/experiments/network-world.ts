/** From a scenario file to the world that the simulator plays: nodes, links, faults and a workload. */
import { DEFAULT_PARAMETERS, type Parameters } from '@radledger/chain';
import type { Behaviour } from '../behaviour.js';
import { Prng } from '../prng.js';
import type { Fault } from '../faults.js';
import type { Scenario, Submission } from '../scenario.js';
import type { LinkFaults } from '../sim-network.js';
import type { NetworkScenario, ScenarioFault, Who } from './network-scenario.js';
import { stakesOf } from './stakes.js';

export interface World {
  readonly scenario: Scenario;
  readonly behaviours: readonly Behaviour[];
  /** Whom any fault but a partition befalls, by number. */
  readonly hit: ReadonlySet<number>;
}

/** The same for every module of the scenario but for the module's own settings: one workload. */
export function worldOf(file: NetworkScenario, module: string): World {
  const prng = new Prng(file.seed);
  const weights = stakesOf(file.stake, file.sources, prng.fork());
  const clocks = prng.fork();
  const choice = prng.fork();
  const workload = prng.fork();
  const struck = file.faults.map((fault) => ({ fault, numbers: chosen(fault.who, weights, choice) }));
  const silent = struck.filter(({ fault }) => fault.kind === 'silent');
  return {
    scenario: {
      byzantine: [...new Set(silent.flatMap(({ numbers }) => numbers))],
      behaviours: silent.map((_, index) => `silent-${index}`),
      weights,
      parameters: parametersOf(file, module),
      links: linksOf(file),
      skewMs: weights.map(() => clocks.between(0, file.clockSkewMs)),
      faults: struck.flatMap(({ fault, numbers }) => faultsOf(fault, numbers, file)),
      submissions: submissionsOf(file, workload),
      healMs: 0,
      ending: { kind: 'height', height: file.heights, withinMs: file.timeLimitMs },
    },
    behaviours: silent.map(({ fault, numbers }, index) => silence(`silent-${index}`, fault, numbers)),
    hit: new Set(struck.flatMap(({ fault, numbers }) => (fault.kind === 'partition' ? [] : numbers))),
  };
}

function parametersOf({ timing, settings }: NetworkScenario, module: string): Parameters {
  const own = Object.entries(settings[module] ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return { ...DEFAULT_PARAMETERS, ...timing, clockPrecisionMs: timing.assumedDelayMs, moduleSettings: own };
}

function linksOf({ delays, lossPercent, bandwidthMbit, sources }: NetworkScenario): LinkFaults {
  const common = {
    lossPercent,
    duplicatePercent: 0,
    slowPercent: 0,
    bytesPerMs: bandwidthMbit === undefined ? undefined : bandwidthMbit * 125,
  };
  if (delays.model === 'uniform') return { ...common, delayMsMin: delays.minMs, delayMsMax: delays.maxMs };
  const { oneWayMs, regions, jitterMs } = delays;
  // Sources are dealt out to the regions in turn.
  const regionOf = (number: number): number => number % regions.length;
  const numbers = Array.from({ length: sources }, (_, number) => number);
  const distanceMs = numbers.map((from) => numbers.map((to) => oneWayMs[regionOf(from)]?.[regionOf(to)] ?? 0));
  return { ...common, delayMsMin: 0, delayMsMax: jitterMs, distanceMs };
}

/** Sources in an order that the seed decides, as long as they do not exceed the share. */
function chosen(who: Who, weights: readonly bigint[], prng: Prng): readonly number[] {
  if ('numbers' in who) return [...new Set(who.numbers)];
  const order = weights.map((_, number) => ({ number, draw: prng.next() })).sort((a, b) => a.draw - b.draw);
  if ('percentOfSources' in who) {
    return order.slice(0, Math.floor((weights.length * who.percentOfSources) / 100)).map(({ number }) => number);
  }
  const total = weights.reduce((sum, weight) => sum + weight, 0n);
  let taken = 0n;
  return order.flatMap(({ number }) => {
    const weight = weights[number] as bigint;
    if ((taken + weight) * 100n > total * BigInt(who.percentOfStake)) return [];
    taken += weight;
    return [number];
  });
}

function faultsOf(fault: ScenarioFault, numbers: readonly number[], file: NetworkScenario): readonly Fault[] {
  const { atMs } = fault;
  switch (fault.kind) {
    case 'silent':
      return [];
    case 'crash': {
      const downMs = fault.forMs ?? file.timeLimitMs;
      return numbers.map((node) => ({ kind: 'crash', atMs, node, downMs, portCalls: 0 }));
    }
    case 'partition': {
      const sides = Array.from({ length: file.sources }, (_, number) => (numbers.includes(number) ? 1 : 0));
      return [{ kind: 'partition', atMs, sides, oneWay: false, forMs: fault.forMs }];
    }
  }
}

/** Hears everything and says nothing. */
function silence(name: string, fault: ScenarioFault, numbers: readonly number[]): Behaviour {
  const untilMs = fault.atMs + (fault.forMs ?? Number.POSITIVE_INFINITY);
  return {
    name,
    outgoing({ node }) {
      const { nowMs } = node.options.heap;
      return numbers.includes(node.index) && nowMs >= fault.atMs && nowMs < untilMs;
    },
  };
}

/** Transactions at random moments to random nodes, until the time that the heights take at their pace. */
function submissionsOf(
  { load, heights, timing, timeLimitMs, sources }: NetworkScenario,
  prng: Prng,
): readonly Submission[] {
  const lastMs = Math.min(timeLimitMs, heights * timing.targetIntervalMs);
  const count = Math.floor((load.perSecond * lastMs) / 1000);
  const submissions = Array.from({ length: count }, () => ({
    atMs: prng.between(0, lastMs),
    node: prng.between(0, sources - 1),
    bytes: load.bytes,
  }));
  return submissions.sort((a, b) => a.atMs - b.atMs);
}
