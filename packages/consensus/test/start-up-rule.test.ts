import { beforeEach, describe, expect, test } from 'vitest';
import { type SignRecord, StartUpRule } from '../src/index.js';

const STARTED_MS = 1_000;
const PRECISION_MS = 50;
const options = { startedAtMs: STARTED_MS, askPeers: true, clockPrecisionMs: PRECISION_MS };
const record = (epoch: number, view: number, byte = view): SignRecord => ({
  kind: 1,
  epoch,
  view,
  bytes: Uint8Array.of(byte),
  support: [],
});
const ruleOf = (records: readonly SignRecord[]): StartUpRule =>
  new StartUpRule({ ...options, signLog: { state: 'present', records } });
const source = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);

/** Three of four voters, this node included. */
function answer(rule: StartUpRule): void {
  for (const byte of [1, 2]) rule.answered(source(byte), 1n, 1n, 4n);
}

test('a present log waits for answers of a quorum, itself included', () => {
  const rule = ruleOf([record(0, 4)]);
  rule.answered(source(0), 1n, 1n, 4n);
  rule.answered(source(0), 1n, 1n, 4n);
  expect(rule.reason).toBe('ASKING_PEERS');
  rule.answered(source(1), 1n, 1n, 4n);
  expect(rule.reason).toBeUndefined();
});

test.each([
  ['a later view', { epoch: 0, view: 5, bytes: Uint8Array.of(5) }, 'SIGN_LOG_OLD'],
  ['a later epoch', { epoch: 1, view: 1, bytes: Uint8Array.of(1) }, 'SIGN_LOG_OLD'],
  ['another statement in the newest view', { epoch: 0, view: 4, bytes: Uint8Array.of(9) }, 'SIGN_LOG_OLD'],
  ['the newest statement', { epoch: 0, view: 4, bytes: Uint8Array.of(4) }, 'ASKING_PEERS'],
  ['an earlier view, compacted away', { epoch: 0, view: 2, bytes: Uint8Array.of(2) }, 'ASKING_PEERS'],
])('peers show %s', (_, shown, reason) => {
  const rule = ruleOf([record(0, 3), record(0, 4)]);
  rule.shown({ ...shown, timestampMs: 0 });
  expect(rule.reason).toBe(reason);
});

test('an empty log is older than any vote', () => {
  const rule = ruleOf([]);
  rule.shown({ epoch: 0, view: 1, bytes: Uint8Array.of(1), timestampMs: 0 });
  expect(rule.reason).toBe('SIGN_LOG_OLD');
});

describe('without a log', () => {
  let rule: StartUpRule;
  beforeEach(() => {
    rule = new StartUpRule({ ...options, signLog: { state: 'missing' } });
    rule.arrives(3, STARTED_MS - 500);
    answer(rule);
  });

  test('answers alone are not enough', () => {
    expect(rule.reason).toBe('SIGN_LOG_MISSING');
  });

  test('an epoch that the node saw begin, and in which a quorum holds no vote of its key', () => {
    rule.begins(4, STARTED_MS + PRECISION_MS + 1);
    expect(rule.reason).toBe('SIGN_LOG_MISSING');
    answer(rule);
    expect(rule.reason).toBeUndefined();
  });

  test.each([STARTED_MS, STARTED_MS + 1, STARTED_MS + PRECISION_MS])(
    'a boundary at %i could be of before the start: clocks are that exact and no more',
    (timestampMs) => {
      rule.begins(4, timestampMs);
      answer(rule);
      expect(rule.reason).toBe('SIGN_LOG_MISSING');
    },
  );

  test('a boundary that the node starts on or fetches says nothing, however late its timestamp', () => {
    rule.arrives(4, STARTED_MS + 1_000_000);
    answer(rule);
    expect(rule.reason).toBe('SIGN_LOG_MISSING');
    rule.begins(5, STARTED_MS + 1_000_000 + PRECISION_MS);
    answer(rule);
    expect(rule.reason).toBe('SIGN_LOG_MISSING');
    rule.begins(6, STARTED_MS + 1_000_000 + PRECISION_MS + 1);
    answer(rule);
    expect(rule.reason).toBeUndefined();
  });

  test('a vote of its key with a later timestamp: that time was before the start', () => {
    rule.shown({ epoch: 3, view: 1, bytes: Uint8Array.of(1), timestampMs: 9_000 });
    rule.begins(4, 9_000);
    answer(rule);
    expect(rule.reason).toBe('SIGN_LOG_MISSING');
  });

  test('a vote of its key in the new epoch: not this one', () => {
    rule.begins(4, 9_000);
    rule.shown({ epoch: 4, view: 1, bytes: Uint8Array.of(1), timestampMs: 0 });
    answer(rule);
    expect(rule.reason).toBe('SIGN_LOG_MISSING');
    rule.begins(5, 12_000);
    answer(rule);
    expect(rule.reason).toBeUndefined();
  });
});
