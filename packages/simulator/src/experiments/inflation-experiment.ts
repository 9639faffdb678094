/** How far made-up studies carry a faker, under each stake policy of the scenario. */
import { type InflationFigures, measureInflation, type StakeGroup } from '../selection/inflation.js';
import type { InflationScenarioFile } from './inflation-scenario.js';

export interface InflationOutcome {
  readonly policies: readonly ({ readonly policy: string } & InflationFigures)[];
}

export function runInflation({ policies, honest, faker, days, epochsADay }: InflationScenarioFile): InflationOutcome {
  return {
    policies: policies.map((policy) => ({
      policy,
      ...measureInflation({ policy, honest: groupOf(honest), faker: groupOf(faker), days, epochsADay }),
    })),
  };
}

function groupOf({ untilDay, ...group }: InflationScenarioFile['honest']): StakeGroup {
  return untilDay === undefined ? group : { ...group, untilDay };
}
