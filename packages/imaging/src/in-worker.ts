/** Reads what a sender wrote in a thread of its own that may be ended at any moment: by its time, or its memory. */
import { Worker } from 'node:worker_threads';
import { ImagingError, type ImagingErrorInfo } from './errors.js';
import type { JudgeTask } from './file-set-judge.js';
import type { JudgedInstance } from './instance-judge.js';
import type { PlacesTask } from './judge-places.js';
import type { RewriteTask } from './rewrite-file-set.js';
import type { DescribeTask, StudyDescription } from './study-description.js';

interface Works {
  readonly judge: { readonly task: JudgeTask; readonly result: readonly JudgedInstance[] };
  readonly files: { readonly task: PlacesTask; readonly result: readonly JudgedInstance[] };
  readonly held: { readonly task: PlacesTask; readonly result: readonly JudgedInstance[] };
  readonly rewrite: { readonly task: RewriteTask; readonly result: readonly JudgedInstance[] };
  readonly describe: { readonly task: DescribeTask; readonly result: StudyDescription };
}
type TaskOf<Kind extends keyof Works> = { readonly kind: Kind } & Works[Kind]['task'];
export type ImportTask = { [Kind in keyof Works]: TaskOf<Kind> }[keyof Works];
export type WorkResult = Works[keyof Works]['result'];

/** What the worker says; errors lose their class between threads. */
export type WorkerAnswer =
  | { readonly result: WorkResult }
  | { readonly info: ImagingErrorInfo; readonly message: string };

/** From `src`, where tests run, and from `dist` alike. */
const WORKER = new URL('../dist/import-worker.js', import.meta.url);
const BYTES_PER_MS = 8192;

/**
 * @throws {ImagingError} what the task throws | `INSPECTION_ABORTED` when the worker ran out of
 *   time or memory, or died; the reason of `signal`. The worker is gone then, and holds no file open
 */
export async function inWorker<Kind extends keyof Works>(
  task: TaskOf<Kind>,
  signal?: AbortSignal,
): Promise<Works[Kind]['result']> {
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
      timer = setTimeout(() => abort('time'), inspectionMsMax + bytesOf(task) / BYTES_PER_MS);
      onAbort = () => reject(signal?.reason as Error);
      signal?.addEventListener('abort', onAbort);
      if (signal?.aborted === true) onAbort();
      worker.once('message', resolve);
      worker.once('error', (error: NodeJS.ErrnoException) =>
        abort(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'memory' : 'crash', error),
      );
      worker.once('exit', () => abort('crash'));
    });
    if ('result' in answer) return answer.result;
    throw new ImagingError(answer.info, answer.message.slice(answer.info.code.length + 2));
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
    await worker.terminate();
  }
}

function bytesOf(task: Works[keyof Works]['task']): number {
  return 'zipBytes' in task ? task.zipBytes : task.receivedBytes;
}

const ABORTED = {
  time: 'expected a ZIP that is read within its time',
  memory: 'expected a ZIP that is read within its memory',
  crash: 'the thread that read the ZIP ended without an answer',
} as const;
