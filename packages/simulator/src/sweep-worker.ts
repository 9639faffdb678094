import { parentPort } from 'node:worker_threads';
import { simulateSimplex } from './simplex/simulate-simplex.js';
import type { SimulationResult } from './simulation.js';
import type { SweepTask } from './sweep.js';

parentPort?.on('message', ({ from, to, twice, mutant }: SweepTask) => {
  const results: SimulationResult[] = [];
  for (let seed = from; seed < to; seed++) {
    const result = simulateSimplex(seed, mutant);
    const differs = twice && simulateSimplex(seed, mutant).traceHash !== result.traceHash;
    const violation = { invariant: 'determinism', message: 'two runs of this seed differ' };
    results.push(differs ? { ...result, violation } : result);
  }
  parentPort?.postMessage(results);
});
