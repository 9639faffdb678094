export { Prng } from './prng.js';
export type { Fault, Scenario, ScenarioShape } from './scenario.js';
export type { SimGenesis } from './sim-chain.js';
export type { LinkFaults } from './sim-network.js';
export {
  type Behaviour,
  type Puppet,
  type SimulationOptions,
  type SimulationResult,
  simulate,
  type Watcher,
} from './simulation.js';
export { Violation } from './violation.js';
