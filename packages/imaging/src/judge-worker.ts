/** The worker's side of `judgeInWorker`: one task, one answer. */
import { parentPort, workerData } from 'node:worker_threads';
import { ImagingError } from './errors.js';
import { judgeFileSet, type JudgeTask } from './file-set-judge.js';
import type { JudgeAnswer } from './judge-in-worker.js';

async function answer(task: JudgeTask): Promise<JudgeAnswer> {
  try {
    return { judged: await judgeFileSet(task) };
  } catch (error) {
    if (error instanceof ImagingError) return { info: error.info, message: error.message };
    throw error;
  }
}

parentPort?.postMessage(await answer(workerData as JudgeTask));
