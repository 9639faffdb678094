/**
 * Algorand drew who may propose and whose proposal wins from one hash, the lowest of an account's credentials, so that large accounts won
 * more often than their stake (algorandfoundation/specs#26). Here one draw decides a view, and a stake leads alike in one hand or in many.
 */
import { expect, test } from 'vitest';
import { leadersOf } from './support.js';

const VIEWS = 4_000;

test('a stake leads the very same views whole or in a hundred parts', () => {
  const others = [700n, 1_300n, 9_000n];
  const whole = leadersOf([...others.slice(0, 2), 5_000n, ...others.slice(2)], VIEWS);
  const parts = leadersOf([...others.slice(0, 2), ...Array<bigint>(100).fill(50n), ...others.slice(2)], VIEWS);
  const ledWhole = whole.map((leader) => leader === 2);
  expect(parts.map((leader) => leader >= 2 && leader < 102)).toEqual(ledWhole);
  expect(ledWhole.filter(Boolean).length).toBeGreaterThan(VIEWS / 5);
});

// Method: 4,000 views, four standard deviations.
test('a large account wins no more than its share', () => {
  const led = leadersOf([9_000n, ...Array<bigint>(1_000).fill(1n)], VIEWS).filter((leader) => leader === 0).length;
  expect(Math.abs(led - 0.9 * VIEWS)).toBeLessThan(4 * Math.sqrt(0.9 * 0.1 * VIEWS));
});
