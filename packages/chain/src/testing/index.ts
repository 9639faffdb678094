export { createMemoryState, type MemoryState } from './memory-state.js';
export { equalWeightRules } from './equal-weight-rules.js';
export { encodeStatement, type Statement, statedEvidence, statementMessage } from './stated-evidence.js';
