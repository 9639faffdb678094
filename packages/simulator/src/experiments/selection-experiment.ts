/** Leader selection alone: many views over many sources, no network. */
import { Prng } from '../prng.js';
import { measureFairness } from '../selection/fairness.js';
import type { LeaderShare } from './leader-share.js';
import type { SelectionScenario } from './selection-scenario.js';
import { stakesOf } from './stakes.js';

export interface SelectionFigures {
  readonly leaderShare: LeaderShare;
  /** Sources that led no view at all. */
  readonly neverLed: number;
  /** Share of the stake that the largest source holds, 0 to 1. */
  readonly largestStakeShare: number;
}

export function runSelection(scenario: SelectionScenario): SelectionFigures {
  const { title: name, views: draws, viewsPerEpoch, seed } = scenario;
  const weights = stakesOf(scenario.stake, scenario.sources, new Prng(seed));
  const { share, counts } = measureFairness({ name, weights, draws, viewsPerEpoch, seed });
  const total = weights.reduce((sum, weight) => sum + weight, 0n);
  const largest = weights.reduce((most, weight) => (weight > most ? weight : most), 0n);
  return {
    leaderShare: share,
    neverLed: counts.filter((count) => count === 0).length,
    largestStakeShare: Number(largest) / Number(total),
  };
}
