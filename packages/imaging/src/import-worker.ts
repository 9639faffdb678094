/** The worker's side of `inWorker`: one task, one answer. */
import { parentPort, workerData } from 'node:worker_threads';
import { ImagingError } from './errors.js';
import { judgeFileSet } from './file-set-judge.js';
import type { ImportTask, WorkerAnswer } from './in-worker.js';
import { rewriteFileSet } from './rewrite-file-set.js';

async function answer(task: ImportTask): Promise<WorkerAnswer> {
  try {
    return { instances: await (task.kind === 'judge' ? judgeFileSet(task) : rewriteFileSet(task)) };
  } catch (error) {
    if (error instanceof ImagingError) return { info: error.info, message: error.message };
    throw error;
  }
}

parentPort?.postMessage(await answer(workerData as ImportTask));
