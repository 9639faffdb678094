import { z } from 'zod';
import { common, invalid, whole } from './scenario-fields.js';

const group = z.strictObject({
  sources: whole(1, 200),
  /** Of each source; "quota" is as many as the ledger lets through. */
  studiesADay: z.union([whole(0, 1_000_000), z.literal('quota')], { error: 'expected 0 to 1000000, or "quota"' }),
  /** First and last day on which they define studies; left out: from the beginning, to the end. */
  fromDay: whole(0, 3_650).default(0),
  untilDay: whole(0, 3_650).optional(),
  /** Studies that genesis gives to each. */
  endowment: whole(0, 1_000_000).default(0),
  /** Whether authorities vouch for what each of them defines. */
  attested: z.boolean().default(false),
});

/** Made-up studies under each stake policy. Format and limits: docs/spec/scenario.md, section 4. */
export const inflationSchema = z.strictObject({
  ...common,
  kind: z.literal('inflation'),
  policies: z
    .array(z.enum(['raw', 'guarded', 'attested']))
    .min(1)
    .max(3),
  honest: group,
  faker: group,
  days: whole(1, 1_000),
  epochsADay: whole(1, 24).default(4),
});

export type InflationScenarioFile = z.output<typeof inflationSchema>;

/** What no single field can say. @throws {ExperimentError} `SCENARIO_INVALID` */
export function checkInflation({ policies, honest, faker }: InflationScenarioFile): void {
  if (new Set(policies).size !== policies.length) throw invalid('policies', 'expected each name once');
  for (const [name, { fromDay, untilDay }] of Object.entries({ honest, faker })) {
    if (untilDay !== undefined && untilDay < fromDay) {
      throw invalid(`${name}.untilDay`, `expected at least fromDay, ${fromDay}`);
    }
  }
}
