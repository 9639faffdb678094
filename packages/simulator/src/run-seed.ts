import type { ModulePlug } from './module-plug.js';
import { type SimulationResult, simulate } from './simulation.js';

/**
 * One run of a module, or of one of its mutants, on the scenario that the seed decides.
 * @throws {RangeError} when the module has no mutant of this name
 */
export function runSeed(plug: ModulePlug, seed: number, mutantName?: string): SimulationResult {
  const mutant = plug.mutants.find(({ name }) => name === mutantName);
  if (mutantName !== undefined && mutant === undefined) {
    throw new RangeError(`expected one of ${plug.mutants.map(({ name }) => name).join(', ')}`);
  }
  const seats = mutant?.seats[seed % mutant.seats.length];
  return simulate({
    seed,
    module: mutant?.module ?? plug.module,
    behaviours: plug.behaviours,
    watchers: plug.watchers,
    shape: { ...plug.shape, ...(seats && { seats }) },
    syncsDisk: mutant?.syncsDisk ?? true,
  });
}
