import { simplex } from '@radledger/consensus-simplex';
import { type SimulationResult, simulate } from '../simulation.js';
import { FURTHER_SIMPLEX_BEHAVIOURS, SIMPLEX_BEHAVIOURS } from './behaviours.js';
import { MUTANTS, type Mutant } from './mutants.js';
import { createSimplexWatcher } from './watcher.js';

const HONEST: Mutant = { name: 'none', module: simplex, syncsDisk: true, seats: [undefined] };

/** One run of the production module, or of a mutant. */
export function simulateSimplex(seed: number, mutantName?: string): SimulationResult {
  const mutant = mutantName === undefined ? HONEST : MUTANTS.find(({ name }) => name === mutantName);
  if (mutant === undefined) throw new RangeError(`expected one of ${MUTANTS.map(({ name }) => name).join(', ')}`);
  const seats = mutant.seats[seed % mutant.seats.length];
  return simulate({
    seed,
    module: mutant.module,
    shape: {
      behaviours: SIMPLEX_BEHAVIOURS.map(({ name }) => name),
      furtherBehaviours: FURTHER_SIMPLEX_BEHAVIOURS.map(({ name }) => name),
      ...(seats && { seats }),
    },
    behaviours: [...SIMPLEX_BEHAVIOURS, ...FURTHER_SIMPLEX_BEHAVIOURS],
    createWatcher: createSimplexWatcher,
    syncsDisk: mutant.syncsDisk,
  });
}
