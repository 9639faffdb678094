// Goal: recoveries mean the same in whatever order a reader was handed them.
import { expect, test } from 'vitest';
import { networkIdOf, type Recovery, recoveriesBefore } from '../src/index.js';

const chainId = new Uint8Array(32).fill(1);
const at = (height: number): Recovery => ({
  height,
  blockId: new Uint8Array(32).fill(height),
  leftOut: [],
  nonce: new Uint8Array(8),
});

test('those that count are given ascending by height', () => {
  expect(recoveriesBefore([at(9), at(30), at(3)], 10).map(({ height }) => height)).toEqual([3, 9]);
});

test('nodes are on one network when they follow the same recoveries, in any order', () => {
  expect(networkIdOf(chainId, [])).toEqual(chainId);
  const both = networkIdOf(chainId, [at(3), at(9)]);
  expect(networkIdOf(chainId, [at(9), at(3)])).toEqual(both);
  const ids = [both, chainId, networkIdOf(chainId, [at(3)]), networkIdOf(chainId, [at(9)])];
  expect(new Set(ids.map(String)).size).toBe(4);
});
