/**
 * Tendermint's round robin by accumulated priority let a newcomer or a changed weight lead long streaks of blocks, or none for long
 * (tendermint#2960, #3044). Draws here remember nothing.
 */
import { expect, test } from 'vitest';
import { leadersOf } from './support.js';

const VIEWS = 20_000;

function longestStreak(leaders: readonly number[], of: number): number {
  let longest = 0;
  let streak = 0;
  for (const leader of leaders) {
    streak = leader === of ? streak + 1 : 0;
    longest = Math.max(longest, streak);
  }
  return longest;
}

test('a newcomer with a third of all weight leads no streak, from its first epoch on', () => {
  const before = Array<bigint>(50).fill(1_000n);
  const after = [...before, 25_000n];
  const leaders = [...leadersOf(before, 1_000, 4), ...leadersOf(after, VIEWS, 5)];
  // A streak of 20 at chance 1/3 comes once in 170,000 such runs.
  expect(longestStreak(leaders, 50)).toBeLessThan(20);
  const first = leaders.slice(1_000, 1_720).filter((leader) => leader === 50).length;
  expect(Math.abs(first - 240)).toBeLessThan(4 * Math.sqrt(160));
});

// Method: pairs of neighbouring views of four sources, chi-square of independence with 9 degrees; 33.7 is p = 1e-4.
test('who led the view before says nothing about who leads this one', () => {
  const leaders = leadersOf([1n, 2n, 3n, 4n], VIEWS);
  const pairs = Array.from({ length: 4 }, () => [0, 0, 0, 0]);
  for (let view = 1; view < VIEWS; view++) {
    const row = pairs[leaders[view - 1] as number] as number[];
    row[leaders[view] as number] = (row[leaders[view] as number] as number) + 1;
  }
  const rows = pairs.map((row) => row.reduce((sum, count) => sum + count, 0));
  const columns = [0, 1, 2, 3].map((column) => pairs.reduce((sum, row) => sum + (row[column] as number), 0));
  let chiSquare = 0;
  pairs.forEach((row, r) =>
    row.forEach((count, c) => {
      const expected = ((rows[r] as number) * (columns[c] as number)) / (VIEWS - 1);
      chiSquare += (count - expected) ** 2 / expected;
    }),
  );
  expect(chiSquare).toBeLessThan(33.7);
});
