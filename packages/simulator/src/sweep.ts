/** Many seeds on worker threads; the result does not depend on how they were shared out. */
import { createHash } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import type { SimulationResult } from './simulation.js';

export interface SweepOptions {
  /** Name of a plug. */
  readonly module: string;
  readonly start: number;
  readonly seeds: number;
  readonly workers: number;
  /** Runs each seed twice and compares: what differs was not decided by the seed. */
  readonly twice: boolean;
  readonly progress?: (done: number) => void;
}

export type SeedResult = Pick<SimulationResult, 'seed' | 'violation' | 'traceHash' | 'finalized' | 'faults'>;

export interface SweepResult {
  readonly seeds: number;
  readonly violations: readonly SeedResult[];
  /** SHA-256 over the trace hashes of all seeds, ascending, as hex. */
  readonly traces: string;
  readonly finalized: number;
  readonly faults: number;
}

/** Seeds that a worker takes at a time. */
const BATCH = 25;

/** What a worker is asked for. */
export interface SweepTask {
  readonly from: number;
  readonly to: number;
  readonly twice: boolean;
  readonly module: string;
}

export async function sweep(options: SweepOptions): Promise<SweepResult> {
  const { start, seeds } = options;
  const results = new Map<number, SeedResult>();
  const end = start + seeds;
  let next = start;
  await Promise.all(
    Array.from({ length: options.workers }, async () => {
      const worker = new Worker(new URL('./sweep-worker.js', import.meta.url));
      try {
        while (next < end) {
          const from = next;
          next = Math.min(end, from + BATCH);
          const task: SweepTask = { from, to: next, twice: options.twice, module: options.module };
          for (const result of await run(worker, task)) results.set(result.seed, result);
          options.progress?.(results.size);
        }
      } finally {
        await worker.terminate();
      }
    }),
  );
  return summary([...results.values()].sort((a, b) => a.seed - b.seed));
}

function run(worker: Worker, task: SweepTask): Promise<readonly SeedResult[]> {
  return new Promise((resolve, reject) => {
    const settle = (then: () => void): void => {
      // One by one: a worker's own listeners deliver its messages.
      worker.off('message', answered).off('error', failed).off('exit', ended);
      then();
    };
    const answered = (results: readonly SeedResult[]): void => settle(() => resolve(results));
    const failed = (error: Error): void => settle(() => reject(error));
    const ended = (code: number): void => settle(() => reject(new Error(`a worker ended with code ${code}`)));
    worker.on('message', answered).on('error', failed).on('exit', ended);
    worker.postMessage(task);
  });
}

function summary(results: readonly SeedResult[]): SweepResult {
  const traces = createHash('sha256');
  for (const { traceHash } of results) traces.update(traceHash);
  return {
    seeds: results.length,
    violations: results.filter(({ violation }) => violation !== undefined),
    traces: traces.digest('hex'),
    finalized: results.reduce((sum, { finalized }) => sum + finalized, 0),
    faults: results.reduce((sum, { faults }) => sum + faults, 0),
  };
}
