/** The worker's side of `inWorker`: one task, one answer. */
import { parentPort, workerData } from 'node:worker_threads';
import { ImagingError } from './errors.js';
import { judgeFileSet } from './file-set-judge.js';
import type { ImportTask, WorkerAnswer } from './in-worker.js';
import type { JudgedInstance } from './instance-judge.js';
import { judgeFiles, judgeHeld } from './judge-places.js';
import { rewriteFileSet } from './rewrite-file-set.js';

function run(task: ImportTask): Promise<readonly JudgedInstance[]> {
  switch (task.kind) {
    case 'judge':
      return judgeFileSet(task);
    case 'files':
      return judgeFiles(task);
    case 'held':
      return judgeHeld(task);
    case 'rewrite':
      return rewriteFileSet(task);
  }
}

async function answer(task: ImportTask): Promise<WorkerAnswer> {
  try {
    return { instances: await run(task) };
  } catch (error) {
    if (error instanceof ImagingError) return { info: error.info, message: error.message };
    throw error;
  }
}

parentPort?.postMessage(await answer(workerData as ImportTask));
