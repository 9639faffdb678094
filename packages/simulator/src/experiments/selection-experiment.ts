/** Leader selection alone: many views over many sources, no network. */
import { leaderOf, type Member } from '@radledger/consensus';
import { compareBytes, hash } from '@radledger/primitives';
import { Prng } from '../prng.js';
import { type LeaderShare, leaderShareOf } from './leader-share.js';
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
  const stakes = stakesOf(scenario.stake, scenario.sources, new Prng(scenario.seed));
  const chainId = hash('sim/chain', scenario.seed);
  const seats = stakes
    .map((weight, number) => ({ number, member: memberOf(number, weight) }))
    .filter(({ member }) => member.weight > 0n)
    .sort((a, b) => compareBytes(a.member.source, b.member.source));
  const leaders = seats.map(({ member }) => member);
  const numberOf = new Map(seats.map(({ number, member }) => [member, number]));
  const led = stakes.map(() => 0);
  let seed: Uint8Array = chainId;
  for (let drawn = 0; drawn < scenario.views; drawn++) {
    const epoch = Math.floor(drawn / scenario.viewsPerEpoch);
    const view = (drawn % scenario.viewsPerEpoch) + 1;
    if (view === 1) seed = hash('sim/seed', chainId, epoch);
    const number = numberOf.get(leaderOf(chainId, { epoch, seed, leaders }, view)) as number;
    led[number] = (led[number] as number) + 1;
  }
  const total = stakes.reduce((sum, stake) => sum + stake, 0n);
  const largest = stakes.reduce((most, stake) => (stake > most ? stake : most), 0n);
  return {
    leaderShare: leaderShareOf(stakes, led),
    neverLed: led.filter((count) => count === 0).length,
    largestStakeShare: Number(largest) / Number(total),
  };
}

function memberOf(number: number, weight: bigint): Member {
  const source = hash('sim/source', number);
  // Selection looks at id and weight alone.
  return { source, nodeKey: source, vrfKey: source, weight };
}
