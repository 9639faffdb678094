export { type FairnessFigures, type FairnessScenario, fairnessSets, measureFairness } from './fairness.js';
export { type GrindingFigures, type GrindingScenario, measureGrinding } from './grinding.js';
export { type InflationFigures, type InflationScenario, measureInflation, type StakeGroup } from './inflation.js';
