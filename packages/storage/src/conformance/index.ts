export { type BatchFate, withBatchFaults } from './faults.js';
export { SyntheticChain, type SyntheticChainOptions } from './synthetic-chain.js';
export { type DatabaseFixture, testStore } from './test-store.js';
