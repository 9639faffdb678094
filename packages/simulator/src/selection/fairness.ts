/** Whether leaders are drawn in proportion to weight: real draws, held against the chi-square bound. */
import { leaderOf, type Member } from '@radledger/consensus';
import { hash } from '@radledger/primitives';
import { type LeaderShare, leaderShareOf } from '../experiments/leader-share.js';
import { stakesOf } from '../experiments/stakes.js';
import { Prng } from '../prng.js';

export interface FairnessScenario {
  readonly name: string;
  /** Milli-studies, by number of the source. */
  readonly weights: readonly bigint[];
  readonly draws: number;
  /** Draws under one seed; default 720, an epoch. */
  readonly viewsPerEpoch?: number;
  readonly seed: number;
}

export interface FairnessFigures {
  readonly name: string;
  readonly sources: number;
  /** Views that each source led, by its number. */
  readonly counts: readonly number[];
  /** Groups with their expected shares and 95% bands, and the chi-square test over single sources. */
  readonly share: LeaderShare;
  /** Chance of a deviation as large as this if the draw is fair, 0 to 1; 1 where there is nothing to compare. */
  readonly p: number;
}

/** @returns the same figures for the same scenario */
export function measureFairness({
  name,
  weights,
  draws,
  viewsPerEpoch = 720,
  seed,
}: FairnessScenario): FairnessFigures {
  const chainId = hash('sim/fairness', seed);
  const leaders = weights.map((weight, number): Member => {
    const source = new Uint8Array(32);
    new DataView(source.buffer).setUint32(0, number);
    return { source, nodeKey: source, vrfKey: source, weight };
  });
  const numberOf = new Map(leaders.map((member, number) => [member, number]));
  const counts = weights.map(() => 0);
  let epochSeed = chainId;
  for (let drawn = 0; drawn < draws; drawn++) {
    const epoch = Math.floor(drawn / viewsPerEpoch);
    const view = (drawn % viewsPerEpoch) + 1;
    if (view === 1) epochSeed = hash('sim/fairness-seed', chainId, epoch);
    const number = numberOf.get(leaderOf(chainId, { epoch, seed: epochSeed, leaders }, view)) as number;
    counts[number] = (counts[number] as number) + 1;
  }
  const share = leaderShareOf(weights, counts);
  return { name, sources: weights.length, counts, share, p: share.chiSquare?.tail ?? 1 };
}

/** The weightings that the draw is held against: equal, one giant, weights near the largest, and 5,000 lognormal sources. */
export function fairnessSets(draws: number, seed: number): readonly FairnessScenario[] {
  const lognormal = { distribution: 'lognormal', medianStudies: 20_000, sigma: 1.6 } as const;
  return [
    { name: 'four equal', weights: [1n, 1n, 1n, 1n].map((studies) => studies * 10_000_000n) },
    { name: 'one third and a hundred', weights: [50_000n, ...Array<bigint>(100).fill(1_000n)] },
    { name: 'near 2^53', weights: [2n ** 52n, 2n ** 51n, 2n ** 50n, 2n ** 50n - 1n, 1n] },
    { name: '5,000 lognormal', weights: stakesOf(lognormal, 5_000, new Prng(seed)) },
  ].map((set) => ({ ...set, draws, seed }));
}
