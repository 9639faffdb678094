/** One run: a seed, or a given scenario, decides everything; invariants are checked after every event. */
import type { ConsensusModule } from '@radledger/consensus';
import type { Behaviour } from './behaviour.js';
import type { Figures } from './figures.js';
import { Prng } from './prng.js';
import { invariantsOf } from './invariants/index.js';
import { Run } from './run.js';
import { drawScenario } from './draw-scenario.js';
import type { Scenario, ScenarioShape } from './scenario.js';
import { Violation } from './violation.js';
import type { Watcher, WatcherContext } from './watcher.js';
import { trivialWorld } from './world.js';

export interface SimulationOptions {
  readonly seed: number;
  readonly module: ConsensusModule;
  /** What liars of this run may do; a scenario names which of them they do. */
  readonly behaviours?: readonly Behaviour[];
  /** Invariants on the module's own messages, besides those of every module. */
  readonly watchers?: readonly ((context: WatcherContext) => Watcher)[];
  /** Bounds of what is drawn from the seed. */
  readonly shape?: Partial<ScenarioShape>;
  /** This scenario instead of a drawn one; the seed decides delays and losses only. */
  readonly scenario?: Scenario;
  /** False takes the sign-log's durability away (mutant of R7). */
  readonly syncsDisk?: boolean;
  /** True judges the signatures of a message once for all nodes: the same run, faster with many of them. */
  readonly sharesClaims?: boolean;
  /** Whether a link carries a message: an adversary's choice, besides the scenario's faults. Default: all. */
  readonly passes?: (message: {
    readonly atMs: number;
    readonly from: number;
    readonly to: number;
    readonly bytes: Uint8Array;
  }) => boolean;
}

export interface SimulationResult {
  readonly seed: number;
  readonly violation: { readonly invariant: string; readonly message: string } | undefined;
  /** Hash over every event of the run: equal for equal seeds, on every machine. */
  readonly traceHash: string;
  /** Height that the honest nodes reached. */
  readonly finalized: number;
  readonly faults: number;
  /** Events of virtual time: deliveries, timers, answers of disk and executor. */
  readonly steps: number;
  /** Virtual time from the end of the faults until every node of the core had made progress. */
  readonly recoveredMs: number;
  readonly figures: Figures;
}

/** Deterministic: equal options give an equal result, its trace hash included. Never throws for what a module does. */
export function simulate(options: SimulationOptions): SimulationResult {
  const { seed, module, behaviours = [], watchers = [], shape, syncsDisk = true, passes } = options;
  const prng = new Prng(seed);
  const drawing = prng.fork();
  const scenario =
    options.scenario ?? drawScenario(drawing, { behaviours: behaviours.map(({ name }) => name), ...shape });
  const run = new Run({
    prng,
    module,
    behaviours,
    watchers,
    scenario,
    syncsDisk,
    world: trivialWorld(scenario, seed, module),
    invariants: invariantsOf(module),
    sharesClaims: options.sharesClaims ?? false,
    ...(passes && { passes }),
  });
  let violation: SimulationResult['violation'];
  try {
    if (run.play().next().done !== true) throw new TypeError('expected a world that never waits');
  } catch (error) {
    violation = violationOf(error);
  }
  return { seed, violation, ...run.result() };
}

/** What an error that ends a run says of it. */
export function violationOf(error: unknown): NonNullable<SimulationResult['violation']> {
  if (error instanceof Violation) return { invariant: error.invariant, message: error.message };
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { invariant: 'no-crash', message };
}
