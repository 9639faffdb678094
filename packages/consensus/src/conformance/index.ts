export { testConsensusModule } from './test-consensus-module.js';
