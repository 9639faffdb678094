/** The worker's side of `inWorker`: one task, one answer. */
import { parentPort, workerData } from 'node:worker_threads';
import { ImagingError } from './errors.js';
import { judgeFileSet } from './file-set-judge.js';
import type { ImportTask, WorkerAnswer, WorkResult } from './in-worker.js';
import { judgeFiles, judgeHeld } from './judge-places.js';
import { rewriteFileSet } from './rewrite-file-set.js';
import { describeStudy } from './study-description.js';

function run(task: ImportTask): Promise<WorkResult> {
  switch (task.kind) {
    case 'judge':
      return judgeFileSet(task);
    case 'files':
      return judgeFiles(task);
    case 'held':
      return judgeHeld(task);
    case 'rewrite':
      return rewriteFileSet(task);
    case 'describe':
      return describeStudy(task);
  }
}

async function answer(task: ImportTask): Promise<WorkerAnswer> {
  try {
    return { result: await run(task) };
  } catch (error) {
    if (error instanceof ImagingError) return { info: error.info, message: error.message };
    throw error;
  }
}

parentPort?.postMessage(await answer(workerData as ImportTask));
