/** Judges a received ZIP in a thread of its own that may be ended at any moment: by its time, its memory, its caller. */
import { Worker } from 'node:worker_threads';
import { ImagingError, type ImagingErrorInfo } from './errors.js';
import type { JudgedInstance, JudgeTask } from './file-set-judge.js';

/** What the worker says; errors lose their class between threads. */
export type JudgeAnswer =
  | { readonly judged: readonly JudgedInstance[] }
  | { readonly info: ImagingErrorInfo; readonly message: string };

/** From `src`, where tests run, and from `dist` alike. */
const WORKER = new URL('../dist/judge-worker.js', import.meta.url);
const BYTES_PER_MS = 8192;

/**
 * @throws {ImagingError} what `judgeFileSet` throws | `INSPECTION_ABORTED` when the worker ran out of time or memory, or
 *   died: it is gone then, and holds no file open
 */
export async function judgeInWorker(task: JudgeTask): Promise<readonly JudgedInstance[]> {
  const { inspectionMsMax, inspectionMemoryMiBMax } = task.limits;
  const worker = new Worker(WORKER, {
    workerData: task,
    // A parser of hostile bytes needs nothing of the environment.
    env: {},
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: inspectionMemoryMiBMax, maxYoungGenerationSizeMb: 32, stackSizeMb: 4 },
  });
  let timer: NodeJS.Timeout | undefined;
  try {
    const answer = await new Promise<JudgeAnswer>((resolve, reject) => {
      const abort = (reason: 'time' | 'memory' | 'crash', cause?: unknown): void =>
        reject(new ImagingError({ code: 'INSPECTION_ABORTED', reason }, ABORTED[reason], { cause }));
      timer = setTimeout(() => abort('time'), inspectionMsMax + task.zipBytes / BYTES_PER_MS);
      worker.once('message', resolve);
      worker.once('error', (error: NodeJS.ErrnoException) =>
        abort(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'memory' : 'crash', error),
      );
      worker.once('exit', () => abort('crash'));
    });
    if ('judged' in answer) return answer.judged;
    throw new ImagingError(answer.info, answer.message.slice(answer.info.code.length + 2));
  } finally {
    clearTimeout(timer);
    await worker.terminate();
  }
}

const ABORTED = {
  time: 'expected a ZIP that is judged within its time',
  memory: 'expected a ZIP that is judged within its memory',
  crash: 'the thread that judged the ZIP ended without an answer',
} as const;
