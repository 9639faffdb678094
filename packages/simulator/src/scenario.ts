import type { EpochCell, Parameters } from '@radledger/chain';
import { DEFAULT_PARAMETERS } from '@radledger/chain';
import { compareBytes, hash } from '@radledger/primitives';
import type { Fault } from './faults.js';
import type { SimCrypto } from './sim-crypto.js';
import type { LinkFaults } from './sim-network.js';

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
   * The faults end, but those of nodes outside the core stay for good, and `down` of these never come back. Every node of
   * the core must then make progress and be allowed to vote. It holds more than two thirds of the weight and no liar.
   */
  | { readonly kind: 'liveness'; readonly core: readonly number[]; readonly down: readonly number[] }
  /** When every honest node that is up has this height, or after so long: nothing is demanded, faults come as scheduled. */
  | { readonly kind: 'height'; readonly height: number; readonly withinMs: number };

/** Everything a run is made of: drawn from its seed, or given by an experiment. */
export interface Scenario {
  readonly byzantine: readonly number[];
  readonly behaviours: readonly string[];
  /** One more node, numbered after all others, runs with this liar's keys and a disk of its own. */
  readonly twinOf?: number;
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

/** Bounds of what is drawn from a seed. */
export interface ScenarioShape {
  /** Fixed committee: equal weights and this many liars, and only safety is demanded. Default: four to seven nodes, less
   *  than a third of the weight lies. */
  readonly seats?: { readonly nodeCount: number; readonly byzantineCount: number };
  /** True where members count alike whatever their weight: all weigh the same, so that liars are fewer than a third. */
  readonly equalWeights?: boolean;
  /** So many of the nodes weigh little, the last ones; the other four are equal. Not with `seats`. */
  readonly clinics?: number;
  /** Names of behaviours: one to three of them are a liar's. */
  readonly behaviours: readonly string[];
  /** What the module needs otherwise in genesis than what was drawn. */
  readonly tuned?: (drawn: Parameters) => Parameters;
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
