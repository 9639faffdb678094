/** One experiment from a scenario: figures that the seed decides, and what it cost to find them. */
import type { ConsensusModule } from '@radledger/consensus';
import { ExperimentError } from './errors.js';
import { type GrindingOutcome, runGrinding } from './grinding-experiment.js';
import type { GrindingScenarioFile } from './grinding-scenario.js';
import { type InflationOutcome, runInflation } from './inflation-experiment.js';
import type { InflationScenarioFile } from './inflation-scenario.js';
import { type NetworkFigures, runNetwork } from './network-experiment.js';
import type { NetworkScenario } from './network-scenario.js';
import type { ScenarioFile } from './scenario-file.js';
import { runSelection, type SelectionFigures } from './selection-experiment.js';
import type { SelectionScenario } from './selection-scenario.js';

/** A scenario, with every default filled in so that it alone repeats the run, and the figures that its seed decides. */
export type Outcome =
  | { readonly kind: 'selection'; readonly scenario: SelectionScenario; readonly figures: SelectionFigures }
  | { readonly kind: 'network'; readonly scenario: NetworkScenario; readonly figures: NetworkFigures }
  | { readonly kind: 'inflation'; readonly scenario: InflationScenarioFile; readonly figures: InflationOutcome }
  | { readonly kind: 'grinding'; readonly scenario: GrindingScenarioFile; readonly figures: GrindingOutcome };

export type ExperimentResult = Outcome & {
  readonly format: 'radledger/experiment/1';
  /** Of this machine and this run: all that the seed does not decide. */
  readonly measured: Measured;
};

export interface Measured {
  /** Processor time of all threads, user and system. */
  readonly cpuMs: number;
  /** Of each module's run: protocol, links and bookkeeping of all nodes together, signatures as stand-ins. */
  readonly cpuMsByModule: Readonly<Record<string, number>>;
}

/** What a scenario's names stand for. */
export interface ExperimentParts {
  readonly modules: Readonly<Record<string, ConsensusModule>>;
}

/** Runs one part of an experiment and notes what it cost. */
export type Meter = <T>(module: string, run: () => T) => T;

/**
 * Runs a scenario to its end, however long that takes.
 * @throws {ExperimentError} `MODULE_UNKNOWN`
 */
export function runExperiment(scenario: ScenarioFile, parts: ExperimentParts): ExperimentResult {
  checkModules(scenario, parts.modules);
  const cpuMsByModule: Record<string, number> = {};
  const meter: Meter = (module, run) => {
    const { value, cpuMs } = cpuOf(run);
    cpuMsByModule[module] = cpuMs;
    return value;
  };
  const { value: outcome, cpuMs } = cpuOf(() => outcomeOf(scenario, parts, meter));
  return { format: 'radledger/experiment/1', ...outcome, measured: { cpuMs, cpuMsByModule } };
}

/** @throws {ExperimentError} `MODULE_UNKNOWN` when the scenario names a module that is not at hand */
export function checkModules(scenario: ScenarioFile, modules: ExperimentParts['modules']): void {
  if (scenario.kind !== 'network') return;
  for (const module of scenario.modules) {
    if (Object.hasOwn(modules, module)) continue;
    throw new ExperimentError(
      { code: 'MODULE_UNKNOWN', module },
      `expected only modules that are at hand: ${Object.keys(modules).join(', ')}`,
    );
  }
}

function outcomeOf(scenario: ScenarioFile, { modules }: ExperimentParts, meter: Meter): Outcome {
  switch (scenario.kind) {
    case 'selection':
      return { kind: 'selection', scenario, figures: runSelection(scenario) };
    case 'network':
      return { kind: 'network', scenario, figures: runNetwork(scenario, modules, meter) };
    case 'inflation':
      return { kind: 'inflation', scenario, figures: runInflation(scenario) };
    case 'grinding':
      return { kind: 'grinding', scenario, figures: runGrinding(scenario) };
  }
}

function cpuOf<T>(run: () => T): { readonly value: T; readonly cpuMs: number } {
  const started = process.cpuUsage();
  const value = run();
  const { user, system } = process.cpuUsage(started);
  return { value, cpuMs: Math.round((user + system) / 1000) };
}
