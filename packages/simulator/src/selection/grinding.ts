/**
 * What withholding random outputs before the cut-off is worth: an adversary whose blocks are the last to contribute to a seed may leave
 * each of them out, and so choose among seeds.
 *
 * A bound, not a plan: it grants the adversary to see all 2^k seeds of k last blocks and to lose nothing of them to the honest
 * leader that fills a height instead. Known figures for RANDAO (Alpturer and Weinberg, AFT 2024): optimal play lifts 10% of stake to
 * 10.19% of slots, 20% to 20.68%.
 */
import { leaderOf, type Member } from '@radledger/consensus';
import { hash } from '@radledger/primitives';

export interface GrindingScenario {
  /** The adversary's part of the stake, in 1/10,000; below a half. */
  readonly stakeBasisPoints: number;
  /** Views of an epoch. */
  readonly epochHeights: number;
  /** Of these, the first that contribute to the next seed; default two thirds, as docs/spec/leader-election.md says. */
  readonly contributingHeights?: number;
  readonly epochs: number;
  readonly seed: number;
}

export interface GrindingFigures {
  /** Seeds that the adversary could choose among in an epoch, on average. */
  readonly meanChoices: number;
  /** What theory says: (1 - a) / (1 - 2a). */
  readonly expectedChoices: number;
  /** Share of the views that the adversary led, 0 to 1, when it chose the best seed each time. */
  readonly ledShare: number;
  /** The same, less the views that it gave up for it. */
  readonly netShare: number;
}

/** Longer tails than this are played as this: 2^12 seeds an epoch. */
const TAIL_MAX = 12;

/** @returns the same figures for the same scenario */
export function measureGrinding(scenario: GrindingScenario): GrindingFigures {
  const { stakeBasisPoints, epochHeights, epochs } = scenario;
  const contributing = scenario.contributingHeights ?? Math.floor((2 * epochHeights) / 3);
  const chainId = hash('sim/grinding', scenario.seed);
  const adversary = memberOf(1, BigInt(stakeBasisPoints));
  const leaders = [adversary, memberOf(2, BigInt(10_000 - stakeBasisPoints))];
  const scheduleOf = (epoch: number, seed: Uint8Array): readonly boolean[] =>
    Array.from(
      { length: epochHeights },
      (_, view) => leaderOf(chainId, { epoch, seed, leaders }, view + 1) === adversary,
    );
  let seed = chainId;
  let schedule = scheduleOf(0, seed);
  let choicesSum = 0;
  let led = 0;
  let withheld = 0;
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const tail = tailOf(schedule.slice(0, contributing));
    choicesSum += 2 ** tail;
    let best = { worth: Number.NEGATIVE_INFINITY, given: 0, seed, schedule };
    for (let choice = 0; choice < 2 ** tail; choice++) {
      const given = bitsOf(choice);
      const candidate = hash('sim/grinding-seed', seed, epoch, choice);
      const next = scheduleOf(epoch, candidate);
      const worth = next.filter(Boolean).length - given;
      if (worth > best.worth) best = { worth, given, seed: candidate, schedule: next };
    }
    ({ seed, schedule } = best);
    led += best.worth + best.given;
    withheld += best.given;
  }
  const a = stakeBasisPoints / 10_000;
  const views = epochs * epochHeights;
  return {
    meanChoices: choicesSum / epochs,
    expectedChoices: (1 - a) / (1 - 2 * a),
    ledShare: led / views,
    netShare: (led - withheld) / views,
  };
}

/** How many of the last contributions in a row are the adversary's. */
function tailOf(contributions: readonly boolean[]): number {
  const lastHonest = contributions.lastIndexOf(false);
  return Math.min(TAIL_MAX, contributions.length - 1 - lastHonest);
}

function bitsOf(value: number): number {
  let bits = 0;
  for (let rest = value; rest > 0; rest >>= 1) bits += rest & 1;
  return bits;
}

function memberOf(byte: number, weight: bigint): Member {
  const source = new Uint8Array(32).fill(byte);
  return { source, nodeKey: source, vrfKey: source, weight };
}
