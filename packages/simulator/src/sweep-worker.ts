import { parentPort } from 'node:worker_threads';
import { PLUGS } from './plugs.js';
import { runSweptSeed } from './run-seed.js';
import type { SeedResult, SweepTask } from './sweep.js';

parentPort?.on('message', (task: SweepTask) => {
  // A rejection ends the thread: the sweep then says so.
  void runAll(task).then((results) => parentPort?.postMessage(results));
});

async function runAll({ from, to, twice, module }: SweepTask): Promise<readonly SeedResult[]> {
  const plug = PLUGS.find(({ name }) => name === module);
  if (plug === undefined) throw new RangeError(`no module is called ${module}`);
  const results: SeedResult[] = [];
  for (let seed = from; seed < to; seed++) {
    const { violation, traceHash, finalized, faults } = await runSweptSeed(plug, seed);
    const differs = twice && (await runSweptSeed(plug, seed)).traceHash !== traceHash;
    const difference = { invariant: 'determinism', message: 'two runs of this seed differ' };
    results.push({ seed, traceHash, finalized, faults, violation: differs ? difference : violation });
  }
  return results;
}
