/** What choosing among seeds is worth, by the adversary's stake. */
import { type GrindingFigures, measureGrinding } from '../selection/grinding.js';
import type { GrindingScenarioFile } from './grinding-scenario.js';
import { expectedBand, type Interval } from './statistics.js';

export interface GrindingOutcome {
  readonly runs: readonly ({
    /** 0 to 1. */
    readonly stakeShare: number;
    /** Where 95% of the led shares lie without any choosing. */
    readonly fairBand: Interval;
  } & GrindingFigures)[];
}

export function runGrinding(scenario: GrindingScenarioFile): GrindingOutcome {
  const { stakePercents, epochHeights, contributingHeights, epochs, seed } = scenario;
  return {
    runs: [...stakePercents]
      .sort((a, b) => a - b)
      .map((percent) => ({
        stakeShare: percent / 100,
        fairBand: expectedBand(percent / 100, epochs * epochHeights),
        ...measureGrinding({
          stakeBasisPoints: percent * 100,
          epochHeights,
          epochs,
          seed,
          ...(contributingHeights !== undefined && { contributingHeights }),
        }),
      })),
  };
}
