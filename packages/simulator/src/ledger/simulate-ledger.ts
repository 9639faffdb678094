/** One run on the real ledger: consensus, executor, mempool and accounts together, under faults, from one seed. */
import { createEvidenceInvariant } from '../invariants/evidence.js';
import { createLeaders } from '../invariants/leaders.js';
import { createMemoryBound } from '../invariants/memory.js';
import { createNoFalseCharge } from '../invariants/no-false-charge.js';
import { createTimestamps } from '../invariants/timestamps.js';
import type { ModulePlug } from '../module-plug.js';
import { Prng } from '../prng.js';
import { Run } from '../run.js';
import { type SimulationResult, violationOf } from '../simulation.js';
import { drawLedgerScenario } from './ledger-scenario.js';
import { openLedgerWorld } from './ledger-world.js';
import { checkOneState } from './one-state.js';

const INVARIANTS = [createEvidenceInvariant, createMemoryBound, createNoFalseCharge, createTimestamps, createLeaders];

/** Deterministic, as `simulate`. For modules whose finality is instant. */
export async function simulateLedger(plug: ModulePlug, seed: number): Promise<SimulationResult> {
  const { module, behaviours, watchers } = plug;
  const prng = new Prng(seed);
  const names = behaviours.map(({ name }) => name);
  const scenario = drawLedgerScenario(prng.fork(), { behaviours: names, ...plug.shape });
  const world = await openLedgerWorld(scenario, prng.fork(), { seed, module });
  const run = new Run({
    prng,
    module: world.module,
    behaviours,
    watchers,
    scenario,
    world,
    invariants: INVARIANTS,
    syncsDisk: true,
    sharesClaims: true,
  });
  let violation: SimulationResult['violation'];
  try {
    for (const underWay of run.play()) await underWay;
    await checkOneState(world, run.agreed());
  } catch (error) {
    violation = violationOf(error);
  }
  return { seed, violation, ...run.result() };
}
