/** Scenario files: what an experiment consists of. Format and limits: docs/spec/scenario.md. */
import { z } from 'zod';
import { ExperimentError } from './errors.js';
import { checkGrinding, grindingSchema } from './grinding-scenario.js';
import { checkInflation, inflationSchema } from './inflation-scenario.js';
import { checkNetwork, networkSchema } from './network-scenario.js';
import { invalid } from './scenario-fields.js';
import { checkSelection, selectionSchema } from './selection-scenario.js';

export const SCENARIO_BYTES_MAX = 256 * 1024;

const scenario = z.discriminatedUnion('kind', [selectionSchema, networkSchema, inflationSchema, grindingSchema]);

export type ScenarioFile = z.output<typeof scenario>;

/**
 * Reads a scenario file: size first, then JSON, then shape and ranges, then what fields say about each other.
 * @param bytes - JSON in UTF-8, at most 256 KiB
 * @returns the scenario with every default filled in
 * @throws {ExperimentError} `SCENARIO_TOO_LARGE` | `SCENARIO_NOT_JSON` | `SCENARIO_INVALID`
 */
export function parseScenario(bytes: Uint8Array): ScenarioFile {
  const bytesMax = SCENARIO_BYTES_MAX;
  if (bytes.length > bytesMax) {
    throw new ExperimentError(
      { code: 'SCENARIO_TOO_LARGE', bytes: bytes.length, bytesMax },
      `expected at most ${bytesMax} bytes`,
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new ExperimentError({ code: 'SCENARIO_NOT_JSON' }, 'expected one JSON object in UTF-8', { cause });
  }
  const parsed = scenario.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw invalid(pathText(issue?.path ?? []), issue?.message ?? 'expected a scenario');
  }
  checkTogether(parsed.data);
  return parsed.data;
}

/** What no single field can say. */
function checkTogether(file: ScenarioFile): void {
  switch (file.kind) {
    case 'selection':
      return checkSelection(file);
    case 'network':
      return checkNetwork(file);
    case 'inflation':
      return checkInflation(file);
    case 'grinding':
      return checkGrinding(file);
  }
}

function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text_, key) =>
      typeof key === 'number' ? `${text_}[${key}]` : text_ === '' ? String(key) : `${text_}.${String(key)}`,
    '',
  );
}
