/** Scenarios that come with the package. */
import { readdirSync, readFileSync } from 'node:fs';
import { ExperimentError } from './errors.js';
import { parseScenario, type ScenarioFile } from './scenario-file.js';

const FOLDER = new URL('../../scenarios/', import.meta.url);

/** Names, in the order of the alphabet. */
export function shippedScenarios(): readonly string[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .sort();
}

/** @throws {ExperimentError} `SCENARIO_UNKNOWN` */
export function shippedScenario(name: string): ScenarioFile {
  const names = shippedScenarios();
  if (!names.includes(name)) {
    throw new ExperimentError({ code: 'SCENARIO_UNKNOWN', name }, `expected one of ${names.join(', ')}`);
  }
  return parseScenario(readFileSync(new URL(`${name}.json`, FOLDER)));
}
