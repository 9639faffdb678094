import { z } from 'zod';
import { checkStake, common, stake, whole } from './scenario-fields.js';

/** Leader selection alone. Format and limits: docs/spec/scenario.md, section 2. */
export const selectionSchema = z.strictObject({
  ...common,
  kind: z.literal('selection'),
  sources: whole(2, 20_000),
  stake,
  views: whole(1, 5_000_000),
  viewsPerEpoch: whole(1, 100_000).default(720),
});

export type SelectionScenario = z.output<typeof selectionSchema>;

/** What no single field can say. @throws {ExperimentError} `SCENARIO_INVALID` */
export function checkSelection(scenario: SelectionScenario): void {
  checkStake(scenario.stake, scenario.sources);
}
