import { simulateLedger } from './ledger/simulate-ledger.js';
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
    sharesClaims: true,
  });
}

/** One seed in so many runs on the real ledger. */
const LEDGER_EVERY = 50;

/** What a sweep runs for a seed: the real ledger now and then, where the module's finality is instant. */
export async function runSweptSeed(plug: ModulePlug, seed: number): Promise<SimulationResult> {
  const onLedger = seed % LEDGER_EVERY === 0 && plug.module.caps.finality === 'instant';
  return onLedger ? simulateLedger(plug, seed) : runSeed(plug, seed);
}
