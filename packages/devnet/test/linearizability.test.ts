import { expect, test } from 'vitest';
import { isLinearizable, NO_GRANT, type Operation } from '../src/chaos/linearizability.js';

type When = readonly [invokedMs: number, returnedMs: number];

function allow(sequence: number, [invokedMs, returnedMs]: When): Operation {
  return { kind: 'write', state: { sequence, revoked: false }, invokedMs, returnedMs };
}
function revoke(sequence: number, [invokedMs, returnedMs]: When): Operation {
  return { kind: 'write', state: { sequence, revoked: true }, invokedMs, returnedMs };
}
function live(sequence: number, [invokedMs, returnedMs]: When): Operation {
  return { kind: 'read', state: { sequence, revoked: false }, invokedMs, returnedMs };
}
function ended(sequence: number, [invokedMs, returnedMs]: When): Operation {
  return { kind: 'read', state: { sequence, revoked: true }, invokedMs, returnedMs };
}
function absent([invokedMs, returnedMs]: When): Operation {
  return { kind: 'read', state: NO_GRANT, invokedMs, returnedMs };
}

test('one after the other', () => {
  expect(isLinearizable([absent([0, 1]), allow(1, [2, 3]), live(1, [4, 5]), revoke(2, [6, 7]), ended(2, [8, 9])])).toBe(
    true,
  );
});

test('a read beside a write may see it or not', () => {
  expect(isLinearizable([allow(1, [0, 10]), absent([1, 2]), live(1, [3, 4])])).toBe(true);
});

test('a stale read after the end of a revocation', () => {
  expect(isLinearizable([allow(1, [0, 1]), revoke(2, [2, 3]), live(1, [4, 5])])).toBe(false);
});

test('a write that was lost', () => {
  expect(isLinearizable([allow(1, [0, 1]), absent([2, 3])])).toBe(false);
});

test('a read that goes back', () => {
  expect(isLinearizable([allow(1, [0, 100]), live(1, [10, 20]), absent([30, 40])])).toBe(false);
});

test('a record below the sequence of the cell cannot have been applied', () => {
  expect(isLinearizable([revoke(2, [0, 1]), allow(1, [2, 3])])).toBe(false);
  expect(isLinearizable([revoke(2, [0, 3]), allow(1, [1, 2])])).toBe(true);
});

test('a write that nobody saw end may have happened at any time after it began, or never', () => {
  expect(isLinearizable([allow(1, [0, Infinity]), absent([5, 6]), live(1, [7, 8])])).toBe(true);
  expect(isLinearizable([allow(1, [0, Infinity]), absent([5, 6])])).toBe(true);
  expect(isLinearizable([live(1, [0, 1]), allow(1, [2, Infinity])])).toBe(false);
});

test('a value that nobody wrote', () => {
  expect(isLinearizable([allow(1, [0, 1]), live(3, [2, 3])])).toBe(false);
});
