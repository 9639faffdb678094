export { type Execution, type ExecutionOptions, openExecution } from './open-execution.js';
