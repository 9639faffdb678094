/** What `radledger simulate` does. */
import { open, writeFile } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import {
  checkModules,
  type ExperimentResult,
  parseScenario,
  present,
  renderReport,
  renderText,
  SCENARIO_BYTES_MAX,
  type ScenarioFile,
  shippedScenario,
  shippedScenarios,
} from '@radledger/simulator/experiments';
import { loadModules, type ModuleFile } from './consensus-modules.js';
import type { Context } from './context.js';
import { CliError } from './errors.js';
import type { SimulateTask } from './simulate-worker.js';

export interface SimulateOptions {
  readonly html?: string;
  readonly seed?: number;
  readonly module?: readonly ModuleFile[];
}

export function listScenarios({ output }: Context): void {
  const scenarios = shippedScenarios().map((name) => ({ name, title: shippedScenario(name).title }));
  const width = Math.max(...scenarios.map(({ name }) => name.length));
  output.result(
    'simulate',
    { scenarios },
    scenarios.map(({ name, title }) => `${name.padEnd(width)}  ${title}`),
  );
}

export async function simulate(context: Context, given: string, options: SimulateOptions): Promise<void> {
  const { output, signal } = context;
  const found = await scenarioOf(given);
  const scenario = options.seed === undefined ? found : { ...found, seed: options.seed };
  const moduleFiles = options.module ?? [];
  checkModules(scenario, await loadModules(moduleFiles));
  output.progress(`running "${scenario.title}" with seed ${scenario.seed}`);
  const result = await runOnThread({ scenario, moduleFiles }, signal);
  if (options.html !== undefined) await writeReport(options.html, result);
  output.result('simulate', { ...result }, renderText(present(result)));
}

async function scenarioOf(given: string): Promise<ScenarioFile> {
  if (!/[./\\]/.test(given)) return shippedScenario(given);
  return parseScenario(await readAtMost(given, SCENARIO_BYTES_MAX + 1));
}

async function readAtMost(file: string, bytesMax: number): Promise<Uint8Array> {
  const handle = await open(file, 'r').catch((cause: NodeJS.ErrnoException) => {
    const code = cause.code === 'ENOENT' ? 'FILE_MISSING' : 'FILE_UNREADABLE';
    throw new CliError({ code, file }, `cannot read ${file} (${cause.code})`);
  });
  try {
    const { bytesRead, buffer } = await handle.read(new Uint8Array(bytesMax), 0, bytesMax, 0);
    return buffer.subarray(0, bytesRead);
  } catch (cause) {
    throw new CliError({ code: 'FILE_UNREADABLE', file }, `expected ${file} to be a file`, { cause });
  } finally {
    await handle.close();
  }
}

async function writeReport(file: string, result: ExperimentResult): Promise<void> {
  await writeFile(file, renderReport(result)).catch((cause: NodeJS.ErrnoException) => {
    throw new CliError({ code: 'FILE_UNREADABLE', file }, `cannot write ${file} (${cause.code})`);
  });
}

function runOnThread(task: SimulateTask, signal: AbortSignal): Promise<ExperimentResult> {
  const worker = new Worker(new URL('./simulate-worker.js', import.meta.url), { workerData: task });
  return new Promise<ExperimentResult>((resolve, reject) => {
    const stop = (): void => {
      reject(new CliError({ code: 'STOPPED' }, 'stopped before the end; nothing was written'));
      void worker.terminate();
    };
    signal.addEventListener('abort', stop, { once: true });
    worker.once('message', resolve).once('error', reject);
  });
}
