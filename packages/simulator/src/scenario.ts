import type { EpochCell, Parameters } from '@radledger/chain';
import { DEFAULT_PARAMETERS } from '@radledger/chain';
import { compareBytes, hash } from '@radledger/primitives';
import type { Prng } from './prng.js';
import type { SimCrypto } from './sim-crypto.js';
import type { LinkFaults } from './sim-network.js';

/** A moment at which something breaks. */
export type Fault =
  | {
      readonly atMs: number;
      readonly kind: 'crash';
      readonly node: number;
      readonly downMs: number;
      readonly portCalls: number;
    }
  | { readonly atMs: number; readonly kind: 'blackout'; readonly downMs: number }
  | {
      readonly atMs: number;
      readonly kind: 'partition';
      readonly sides: readonly number[];
      readonly oneWay: boolean;
      readonly forMs: number;
    };

/** A client hands a transaction to a node, which passes it on to the others. */
export interface Submission {
  readonly atMs: number;
  readonly node: number;
  /** Default 40. */
  readonly bytes?: number;
}

/** How a run ends. */
export type Ending =
  /** When the faults end, whatever the state: only safety is demanded. */
  | { readonly kind: 'safety' }
  /**
   * The faults end, but those of nodes outside `core` stay for good; every node of the core must then make progress and be
   * allowed to vote. The core holds more than two thirds of the weight and no liar.
   */
  | { readonly kind: 'liveness'; readonly core: readonly number[] }
  /** When every honest node that is up has this height, or after so long: nothing is demanded, faults come as scheduled. */
  | { readonly kind: 'height'; readonly height: number; readonly withinMs: number };

/** Everything a run is made of: drawn from its seed, or given by an experiment. */
export interface Scenario {
  readonly byzantine: readonly number[];
  readonly behaviours: readonly string[];
  /** Milli-studies by node number: as many nodes as weights. */
  readonly weights: readonly bigint[];
  readonly parameters: Parameters;
  readonly links: LinkFaults;
  readonly skewMs: readonly number[];
  readonly faults: readonly Fault[];
  readonly submissions: readonly Submission[];
  /** Faults end here; not looked at when the run ends at a height. */
  readonly healMs: number;
  readonly ending: Ending;
}

export interface ScenarioShape {
  /** Fixed committee: equal weights and this many liars; default: 4 nodes, up to one liar. */
  readonly seats?: { readonly nodeCount: number; readonly byzantineCount: number };
  /** Names of behaviours: one to three of them are a liar's. */
  readonly behaviours: readonly string[];
}

/** A scenario in which nothing goes wrong, for experiments to change: equal delays of 1 to 10 ms, true clocks, ten blocks. */
export function quietScenario(changes: Partial<Scenario> & Pick<Scenario, 'weights'>): Scenario {
  return {
    byzantine: [],
    behaviours: [],
    parameters: DEFAULT_PARAMETERS,
    links: { lossPercent: 0, duplicatePercent: 0, delayMsMin: 1, delayMsMax: 10, slowPercent: 0 },
    skewMs: [],
    faults: [],
    submissions: [],
    healMs: 0,
    ending: { kind: 'height', height: 10, withinMs: 600_000 },
    ...changes,
  };
}

export function drawScenario(prng: Prng, shape: ScenarioShape): Scenario {
  const nodeCount = shape.seats?.nodeCount ?? 4;
  const byzantineCount = shape.seats?.byzantineCount ?? (prng.chance(70) ? 1 : 0);
  const byzantine = distinct(prng, nodeCount, byzantineCount);
  const weights = Array.from({ length: nodeCount }, () => 1000n);
  // Unequal weights, the liar staying below a third.
  if (shape.seats === undefined && prng.chance(40)) {
    for (let i = 0; i < nodeCount; i++) weights[i] = BigInt(prng.between(900, byzantine.includes(i) ? 1000 : 1300));
  }
  const healMs = prng.between(1500, 3500);
  const assumedDelayMs = prng.between(30, 80);
  const harsh = prng.chance(50);
  const drawn: Scenario = {
    byzantine,
    behaviours:
      shape.behaviours.length === 0
        ? []
        : Array.from({ length: prng.between(1, 3) }, () => prng.pick(shape.behaviours)),
    weights,
    parameters: {
      ...DEFAULT_PARAMETERS,
      epochHeights: prng.between(3, 12),
      targetIntervalMs: prng.between(100, 300),
      minimumIntervalMs: prng.chance(50) ? 0 : prng.between(5, 60),
      assumedDelayMs,
      clockPrecisionMs: assumedDelayMs,
    },
    links: {
      lossPercent: harsh ? prng.between(0, 25) : prng.between(0, 3),
      duplicatePercent: prng.between(0, 10),
      delayMsMin: 1,
      delayMsMax: prng.between(5, harsh ? 2 * assumedDelayMs : assumedDelayMs),
      slowPercent: prng.between(0, harsh ? 10 : 2),
    },
    skewMs: weights.map(() => prng.between(0, Math.floor(assumedDelayMs / 2))),
    faults: drawFaults(prng, nodeCount, healMs),
    submissions: Array.from({ length: prng.between(0, 12) }, () => ({
      atMs: prng.between(0, healMs),
      node: prng.between(0, nodeCount - 1),
    })),
    healMs,
    ending:
      shape.seats === undefined
        ? { kind: 'liveness', core: weights.map((_, node) => node).filter((node) => !byzantine.includes(node)) }
        : { kind: 'safety' },
  };
  return prng.chance(20) ? awayForEpochs(prng, drawn) : drawn;
}

/** Short epochs, and a node that is down while several of them begin. */
function awayForEpochs(prng: Prng, drawn: Scenario): Scenario {
  const epochHeights = prng.between(3, 4);
  const targetIntervalMs = prng.between(60, 100);
  const downMs = prng.between(3, 6) * epochHeights * targetIntervalMs;
  const atMs = prng.between(50, 800);
  const away: Fault = { atMs, kind: 'crash', node: prng.between(0, drawn.weights.length - 1), downMs, portCalls: 0 };
  return {
    ...drawn,
    parameters: { ...drawn.parameters, epochHeights, targetIntervalMs },
    // Alone, so that the others go on without it.
    faults: [away],
    healMs: Math.max(drawn.healMs, atMs + downMs),
  };
}

function drawFaults(prng: Prng, nodeCount: number, healMs: number): Fault[] {
  return Array.from({ length: prng.between(0, 6) }, (): Fault => {
    const atMs = prng.between(50, healMs);
    if (prng.chance(10)) return { atMs, kind: 'blackout', downMs: prng.between(10, 600) };
    if (prng.chance(30)) {
      const sides = Array.from({ length: nodeCount }, () => prng.between(0, 1));
      return { atMs, kind: 'partition', sides, oneWay: prng.chance(30), forMs: prng.between(50, 1200) };
    }
    const node = prng.between(0, nodeCount - 1);
    return { atMs, kind: 'crash', node, downMs: prng.between(1, 900), portCalls: prng.between(0, 30) };
  });
}

function distinct(prng: Prng, below: number, count: number): number[] {
  const all = Array.from({ length: below }, (_, index) => index);
  return Array.from({ length: count }, () => all.splice(prng.between(0, all.length - 1), 1)[0] as number);
}

/** Voters of a scenario in the order of their ids, with the number of the node that holds each. */
export function membersOf(
  scenario: Scenario,
  crypto: SimCrypto,
): { readonly members: EpochCell['members']; readonly nodes: readonly number[] } {
  const made = scenario.weights.map((weight, node) => ({
    node,
    member: {
      source: hash('sim/source', node),
      nodeKey: crypto.keyOf('node', node),
      vrfKey: crypto.keyOf('vrf', node),
      weight,
    },
  }));
  made.sort((a, b) => compareBytes(a.member.source, b.member.source));
  return { members: made.map(({ member }) => member), nodes: made.map(({ node }) => node) };
}
