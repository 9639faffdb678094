/** Reads what a sender wrote in a thread of its own that may be ended at any moment: by its time, or its memory. */
import { Worker } from 'node:worker_threads';
import { ImagingError, type ImagingErrorInfo } from './errors.js';
import type { JudgedInstance, JudgeTask } from './file-set-judge.js';
import type { RewriteTask } from './rewrite-file-set.js';

export type ImportTask = ({ readonly kind: 'judge' } & JudgeTask) | ({ readonly kind: 'rewrite' } & RewriteTask);

/** What the worker says; errors lose their class between threads. */
export type WorkerAnswer =
  | { readonly instances: readonly JudgedInstance[] }
  | { readonly info: ImagingErrorInfo; readonly message: string };

/** From `src`, where tests run, and from `dist` alike. */
const WORKER = new URL('../dist/import-worker.js', import.meta.url);
const BYTES_PER_MS = 8192;

/**
 * @throws {ImagingError} what `judgeFileSet` or `rewriteFileSet` throws | `INSPECTION_ABORTED` when the worker ran out of
 *   time or memory, or died; the reason of `signal`. The worker is gone then, and holds no file open
 */
export async function inWorker(task: ImportTask, signal?: AbortSignal): Promise<readonly JudgedInstance[]> {
  const { inspectionMsMax, inspectionMemoryMiBMax } = task.limits;
  const worker = new Worker(WORKER, {
    workerData: task,
    // A parser of hostile bytes needs nothing of the environment.
    env: {},
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: inspectionMemoryMiBMax, maxYoungGenerationSizeMb: 32, stackSizeMb: 4 },
  });
  let timer: NodeJS.Timeout | undefined;
  let onAbort = (): void => undefined;
  try {
    const answer = await new Promise<WorkerAnswer>((resolve, reject) => {
      const abort = (reason: 'time' | 'memory' | 'crash', cause?: unknown): void =>
        reject(new ImagingError({ code: 'INSPECTION_ABORTED', reason }, ABORTED[reason], { cause }));
      timer = setTimeout(() => abort('time'), inspectionMsMax + task.zipBytes / BYTES_PER_MS);
      onAbort = () => reject(signal?.reason as Error);
      signal?.addEventListener('abort', onAbort);
      if (signal?.aborted === true) onAbort();
      worker.once('message', resolve);
      worker.once('error', (error: NodeJS.ErrnoException) =>
        abort(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'memory' : 'crash', error),
      );
      worker.once('exit', () => abort('crash'));
    });
    if ('instances' in answer) return answer.instances;
    throw new ImagingError(answer.info, answer.message.slice(answer.info.code.length + 2));
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
    await worker.terminate();
  }
}

const ABORTED = {
  time: 'expected a ZIP that is read within its time',
  memory: 'expected a ZIP that is read within its memory',
  crash: 'the thread that read the ZIP ended without an answer',
} as const;
