import { hash } from '@radledger/primitives';
import { expect, test } from 'vitest';
import { leaderOf, type Member } from '../src/index.js';

const chainId = hash('test/chain');

function epochOf(
  weights: readonly bigint[],
  seed = 1,
): { epoch: number; seed: Uint8Array; leaders: readonly Member[] } {
  const leaders = weights.map((weight, index) => {
    const source = new Uint8Array(32).fill(index + 1);
    return { source, nodeKey: source, vrfKey: source, weight };
  });
  return { epoch: 3, seed: hash('test/seed', seed), leaders };
}

function countLed(weights: readonly bigint[], views: number): number[] {
  const epoch = epochOf(weights);
  const counts = weights.map(() => 0);
  for (let view = 1; view <= views; view++) {
    const index = (leaderOf(chainId, epoch, view).source[0] as number) - 1;
    counts[index] = (counts[index] as number) + 1;
  }
  return counts;
}

// Goal: chance follows stake. Method: chi-square over 20,000 views of one seed, 7 degrees of freedom; 29.9 is p = 1e-4.
test('leader counts follow the weights', () => {
  const weights = [1n, 2n, 3n, 5n, 8n, 13n, 21n, 34n];
  const total = weights.reduce((sum, weight) => sum + weight, 0n);
  const views = 20_000;
  const chiSquare = countLed(weights, views).reduce((sum, count, index) => {
    const expected = (views * Number(weights[index])) / Number(total);
    return sum + (count - expected) ** 2 / expected;
  }, 0);
  expect(chiSquare).toBeLessThan(29.9);
});

test('no weight never leads, all weight always does', () => {
  expect(countLed([0n, 7n, 0n], 500)).toEqual([0, 500, 0]);
});

test('weights near 2^53 milli-studies are exact', () => {
  const counts = countLed([2n ** 52n, 2n ** 52n - 1n], 4_000);
  expect(Math.abs((counts[0] as number) - 2_000)).toBeLessThan(4 * Math.sqrt(1_000));
});

test('another view, epoch, seed or chain draws anew', () => {
  const epoch = epochOf([1n, 1n, 1n, 1n, 1n, 1n, 1n, 1n]);
  const row = (of: (view: number) => Member): string =>
    Array.from({ length: 64 }, (_, view) => of(view).source[0]).join();
  const rows = new Set([
    row((view) => leaderOf(chainId, epoch, view)),
    row((view) => leaderOf(chainId, epoch, view + 64)),
    row((view) => leaderOf(chainId, { ...epoch, epoch: 4 }, view)),
    row((view) => leaderOf(chainId, { ...epoch, seed: hash('test/seed', 2) }, view)),
    row((view) => leaderOf(hash('test/other'), epoch, view)),
  ]);
  expect(rows.size).toBe(5);
});

test('nobody with weight: NO_STAKE', () => {
  expect(() => leaderOf(chainId, epochOf([0n, 0n]), 1)).toThrow(expect.objectContaining({ code: 'NO_STAKE' }));
});
