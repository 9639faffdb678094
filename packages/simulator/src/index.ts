export type { Behaviour, Puppet } from './behaviour.js';
export type { BlockFigures, Figures, SubmissionFigures } from './figures.js';
export type { ModulePlug, Mutant } from './module-plug.js';
export { Prng } from './prng.js';
export { runSeed } from './run-seed.js';
export {
  drawScenario,
  type Ending,
  type Fault,
  type Scenario,
  type ScenarioShape,
  type Submission,
} from './scenario.js';
export type { SimGenesis } from './sim-chain.js';
export type { LinkFaults } from './sim-network.js';
export { type SimulationOptions, type SimulationResult, simulate } from './simulation.js';
export { Violation } from './violation.js';
export type { Watcher, WatcherContext } from './watcher.js';
