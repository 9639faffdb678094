import { expect, test } from 'vitest';
import { leaderShareOf } from '../../src/experiments/leader-share.js';
import { runSelection } from '../../src/experiments/selection-experiment.js';
import type { SelectionScenario } from '../../src/experiments/selection-scenario.js';
import { shippedScenario } from '../../src/experiments/shipped.js';

const small = { ...shippedScenario('selection-5000'), sources: 500, views: 20_000 } as SelectionScenario;

test('equal seeds give equal figures, other seeds others', () => {
  const text = (seed: number): string => JSON.stringify(runSelection({ ...small, seed }));
  expect(text(7)).toBe(text(7));
  expect(text(7)).not.toBe(text(8));
});

test('leaders come in proportion to stake', () => {
  const { leaderShare } = runSelection(small);
  expect(leaderShare.draws).toBe(20_000);
  expect(leaderShare.chiSquare?.tail).toBeGreaterThan(1e-4);
});

test('a rule that favours the large is noticed', () => {
  const stakes = Array.from({ length: 20 }, (_, number) => BigInt(1000 * (number + 1)));
  const fair = stakes.map((stake) => Number(stake) / 10);
  const favouring = stakes.map((stake) => Number(stake) ** 2 / 137_000);
  expect(leaderShareOf(stakes, fair)).toMatchObject({ outsideBand: 0, chiSquare: { tail: 1 } });
  const noticed = leaderShareOf(stakes, favouring);
  expect(noticed.outsideBand).toBeGreaterThan(10);
  expect(noticed.chiSquare?.tail).toBeLessThan(1e-9);
});

test('pools hold every source with stake once, whatever the number of draws', () => {
  const stakes = [0n, 5n, 1n, 1n, 100n, 30n, 0n, 2n];
  for (const draws of [1, 10, 1000]) {
    const { groups } = leaderShareOf(
      stakes,
      stakes.map((_, number) => (number === 4 ? draws : 0)),
    );
    expect(groups.reduce((sum, { sources }) => sum + sources, 0)).toBe(6);
    expect(groups.reduce((sum, { stakeShare }) => sum + stakeShare, 0)).toBeCloseTo(1, 12);
    expect(groups.reduce((sum, { led }) => sum + led, 0)).toBe(draws);
  }
  expect(
    leaderShareOf(
      stakes,
      stakes.map(() => 0),
    ),
  ).toEqual({ draws: 0, groups: [], outsideBand: 0 });
});
