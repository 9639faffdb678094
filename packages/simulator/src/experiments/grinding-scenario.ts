import { z } from 'zod';
import { common, invalid, whole } from './scenario-fields.js';

/** Withholding random outputs to choose among seeds. Format and limits: docs/spec/scenario.md, section 5. */
export const grindingSchema = z.strictObject({
  ...common,
  kind: z.literal('grinding'),
  /** Stake of the adversary, one run each. */
  stakePercents: z.array(whole(1, 45)).min(1).max(20),
  epochHeights: whole(3, 10_000),
  /** Heights at the beginning of an epoch that contribute to the next seed; left out: two thirds. */
  contributingHeights: whole(1, 10_000).optional(),
  epochs: whole(1, 10_000),
});

export type GrindingScenarioFile = z.output<typeof grindingSchema>;

/** What no single field can say. @throws {ExperimentError} `SCENARIO_INVALID` */
export function checkGrinding({ stakePercents, contributingHeights, epochHeights }: GrindingScenarioFile): void {
  if (new Set(stakePercents).size !== stakePercents.length) throw invalid('stakePercents', 'expected each number once');
  if ((contributingHeights ?? 0) > epochHeights) {
    throw invalid('contributingHeights', `expected at most epochHeights, ${epochHeights}`);
  }
}
