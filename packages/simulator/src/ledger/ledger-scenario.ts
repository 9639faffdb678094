/** Scenarios for runs on the real ledger: four centres that carry the chain, a clinic or two, and a source that floods. */
import { drawScenario } from '../draw-scenario.js';
import type { Fault } from '../faults.js';
import type { Prng } from '../prng.js';
import type { Scenario, ScenarioShape } from '../scenario.js';

export function drawLedgerScenario(prng: Prng, shape: ScenarioShape): Scenario {
  const clinics = prng.chance(75) ? 1 : 2;
  const drawn = drawScenario(prng, { ...shape, clinics, tuned: tunedBy(prng, shape) });
  // A clinic that is away for epochs owes its duties: it is suspended or dormant before the run ends.
  const awayMs = drawn.healMs;
  const absences = Array.from({ length: clinics }, (_, index) => drawn.weights.length - 1 - index)
    .filter(() => prng.chance(70))
    .map((node): Fault => ({ atMs: prng.between(20, 300), kind: 'crash', node, downMs: awayMs, portCalls: 0 }));
  return { ...drawn, faults: [...drawn.faults, ...absences] };
}

/** Short epochs and short memories, so that a run of some thirty blocks sees all that the duty ledger and the stake policy do. */
function tunedBy(prng: Prng, { tuned = (drawn) => drawn }: ScenarioShape): NonNullable<ScenarioShape['tuned']> {
  return (drawn) =>
    tuned({
      ...drawn,
      blockBytesMax: 24 * 1024,
      transactionBytesMax: 8 * 1024,
      epochHeights: prng.between(2, 4),
      targetIntervalMs: prng.between(60, 120),
      minimumIntervalMs: Math.min(drawn.minimumIntervalMs, 30),
      dutyGraceHeights: prng.between(1, 4),
      dutyWindowEpochs: prng.between(3, 8),
      dormantAfterEpochs: prng.between(1, 3),
      suspendFromDebt: 1,
      suspendBelowReliability: prng.pick([8_000, 9_400]),
      quotaPeriodHeights: 8,
      stakeGrowthBase: prng.between(1, 20),
      stakeGrowthPeriods: 2,
      stakeChurnBasisPoints: prng.between(10, 500),
      stakeWindowEpochs: prng.between(4, 12),
    });
}
