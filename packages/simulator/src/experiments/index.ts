export { ExperimentError, type ExperimentErrorInfo } from './errors.js';
export {
  checkModules,
  type ExperimentParts,
  type ExperimentResult,
  type Measured,
  runExperiment,
} from './experiment.js';
export { present } from './present.js';
export { renderReport } from './report/report.js';
export { parseScenario, SCENARIO_BYTES_MAX, type ScenarioFile } from './scenario-file.js';
export { shippedScenario, shippedScenarios } from './shipped.js';
export { renderText } from './text.js';
