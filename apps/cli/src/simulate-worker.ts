/** Runs one experiment on a thread of its own, so that a signal can end it. */
import { parentPort, workerData } from 'node:worker_threads';
import { runExperiment, type ScenarioFile } from '@radledger/simulator/experiments';
import { loadModules, type ModuleFile } from './consensus-modules.js';

/** What the thread is given. */
export interface SimulateTask {
  readonly scenario: ScenarioFile;
  readonly moduleFiles: readonly ModuleFile[];
}

const { scenario, moduleFiles } = workerData as SimulateTask;
parentPort?.postMessage(runExperiment(scenario, { modules: await loadModules(moduleFiles) }));
