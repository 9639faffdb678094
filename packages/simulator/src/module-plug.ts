/** All that the simulator must be told about one consensus module. Concrete ones: the folder of each, named in plugs.ts. */
import type { ConsensusModule } from '@radledger/consensus';
import type { Behaviour } from './behaviour.js';
import type { ScenarioShape } from './scenario.js';
import type { Watcher, WatcherContext } from './watcher.js';

export interface ModulePlug {
  /** What `--module` says. */
  readonly name: string;
  readonly module: ConsensusModule;
  /** How a liar of this module lies; swarm configuration picks among them. */
  readonly behaviours: readonly Behaviour[];
  /** Invariants on the module's own messages, besides those that hold for every module. */
  readonly watchers: readonly ((context: WatcherContext) => Watcher)[];
  readonly mutants: readonly Mutant[];
  /** Bounds of what is drawn from a seed; left out: as for an instantly final module. */
  readonly shape?: Partial<ScenarioShape>;
}

/** The module with one safety rule taken away: every one of them must be noticed. */
export interface Mutant {
  readonly name: string;
  readonly module: ConsensusModule;
  /** False takes the durability of the sign-log away. */
  readonly syncsDisk: boolean;
  /** Committees of the runs, in turn; undefined: as drawn. */
  readonly seats: readonly ScenarioShape['seats'][];
}
