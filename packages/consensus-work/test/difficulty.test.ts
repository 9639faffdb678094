import type { Header } from '@radledger/chain';
import { hash } from '@radledger/primitives';
import { expect, test } from 'vitest';
import { DIFFICULTY_MAX, encodeSeal, provesWork, SEAL_KIND, sealAfter } from '../src/seal.js';

const RULES = { difficultyAtStart: 1_000, windowHeights: 10, targetIntervalMs: 100 };
const parent = (height: number, timestampMs: number, difficulty = 1_000, windowStartMs = 0): Header =>
  ({
    height,
    timestampMs,
    sealKind: SEAL_KIND,
    sealBytes: encodeSeal({ difficulty, windowStartMs, parentNonce: 0 }),
  }) as unknown as Header;

test('the difficulty stays within a window and then follows the time that the window took', () => {
  expect(sealAfter(parent(0, 5), RULES)).toEqual({ difficulty: 1_000, windowStartMs: 5 });
  expect(sealAfter(parent(9, 50), RULES)).toEqual({ difficulty: 1_000, windowStartMs: 0 });
  expect(sealAfter(parent(10, 1_000), RULES)).toEqual({ difficulty: 1_000, windowStartMs: 1_000 });
  expect(sealAfter(parent(10, 500), RULES).difficulty).toBe(2_000);
  expect(sealAfter(parent(10, 3_000), RULES).difficulty).toBe(333);
});

test('difficulty hop: whatever the timestamps say, a window changes it fourfold at most', () => {
  expect(sealAfter(parent(10, 1), RULES).difficulty).toBe(4_000);
  expect(sealAfter(parent(10, Number.MAX_SAFE_INTEGER), RULES).difficulty).toBe(250);
  expect(sealAfter(parent(10, Number.MAX_SAFE_INTEGER, 1), RULES).difficulty).toBe(1);
  expect(sealAfter(parent(10, 1, DIFFICULTY_MAX), RULES).difficulty).toBe(DIFFICULTY_MAX);
});

// Goal: a proof takes `difficulty` hashes on average. Method: 40,000 nonces; 5 standard deviations.
test('one nonce in 100 proves a difficulty of 100', () => {
  const id = hash('test/block');
  let proven = 0;
  for (let nonce = 0; nonce < 40_000; nonce++) if (provesWork(id, nonce, 100)) proven++;
  expect(Math.abs(proven - 400)).toBeLessThan(100);
});
