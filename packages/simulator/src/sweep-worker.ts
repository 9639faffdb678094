import { parentPort } from 'node:worker_threads';
import { PLUGS } from './plugs.js';
import { runSeed } from './run-seed.js';
import type { SeedResult, SweepTask } from './sweep.js';

parentPort?.on('message', ({ from, to, twice, module }: SweepTask) => {
  const plug = PLUGS.find(({ name }) => name === module);
  if (plug === undefined) throw new RangeError(`no module is called ${module}`);
  const results: SeedResult[] = [];
  for (let seed = from; seed < to; seed++) {
    const { violation, traceHash, finalized, faults } = runSeed(plug, seed);
    const differs = twice && runSeed(plug, seed).traceHash !== traceHash;
    const difference = { invariant: 'determinism', message: 'two runs of this seed differ' };
    results.push({ seed, traceHash, finalized, faults, violation: differs ? difference : violation });
  }
  parentPort?.postMessage(results);
});
