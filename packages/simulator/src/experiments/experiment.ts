/** One experiment from a scenario: figures that the seed decides, and what it cost to find them. */
import type { ConsensusModule } from '@radledger/consensus';
import { ExperimentError } from './errors.js';
import type { ScenarioFile } from './scenario-file.js';
import { runSelection, type SelectionFigures } from './selection-experiment.js';

export type Figures = SelectionFigures;

export interface ExperimentResult {
  readonly format: 'radledger/experiment/1';
  /** With every default filled in: it alone repeats the run. */
  readonly scenario: ScenarioFile;
  /** Equal on every run of this scenario. */
  readonly figures: Figures;
  /** Of this machine and this run. */
  readonly measured: Measured;
}

export interface Measured {
  readonly cpuMs: number;
}

/** What a scenario's names stand for. */
export interface ExperimentParts {
  readonly modules: Readonly<Record<string, ConsensusModule>>;
}

/**
 * Runs a scenario to its end, however long that takes.
 * @throws {ExperimentError} `MODULE_UNKNOWN`
 */
export function runExperiment(scenario: ScenarioFile, parts: ExperimentParts): ExperimentResult {
  checkModules(scenario, parts.modules);
  const started = process.cpuUsage();
  const figures = figuresOf(scenario);
  const { user, system } = process.cpuUsage(started);
  return {
    format: 'radledger/experiment/1',
    scenario,
    figures,
    measured: { cpuMs: Math.round((user + system) / 1000) },
  };
}

/** @throws {ExperimentError} `MODULE_UNKNOWN` when the scenario names a module that is not at hand */
export function checkModules(scenario: ScenarioFile, modules: ExperimentParts['modules']): void {
  for (const module of modulesOf(scenario)) {
    if (Object.hasOwn(modules, module)) continue;
    throw new ExperimentError(
      { code: 'MODULE_UNKNOWN', module },
      `expected only modules that are at hand: ${Object.keys(modules).join(', ')}`,
    );
  }
}

function modulesOf(scenario: ScenarioFile): readonly string[] {
  return 'modules' in scenario ? (scenario.modules as readonly string[]) : [];
}

function figuresOf(scenario: ScenarioFile): Figures {
  switch (scenario.kind) {
    case 'selection':
      return runSelection(scenario);
  }
}
