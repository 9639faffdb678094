import { expect, test } from 'vitest';
import { type SignRecord, StartUpRule } from '../src/index.js';

const record = (epoch: number, view: number, byte = view): SignRecord => ({
  kind: 1,
  epoch,
  view,
  bytes: Uint8Array.of(byte),
  support: [],
});
const ruleOf = (records: readonly SignRecord[]): StartUpRule =>
  new StartUpRule(1_000, { state: 'present', records }, { askPeers: true });
const source = new Uint8Array(32);

test('a missing log waits for an epoch that begins after the start', () => {
  const rule = new StartUpRule(1_000, { state: 'missing' }, { askPeers: true });
  expect(rule.reason).toBe('SIGN_LOG_MISSING');
  rule.answered(source, 3n, 1n, 4n);
  rule.epochBegins(1_000);
  expect(rule.reason).toBe('SIGN_LOG_MISSING');
  rule.epochBegins(1_001);
  expect(rule.reason).toBeUndefined();
});

test('a present log waits for answers of a quorum, itself included', () => {
  const rule = ruleOf([record(0, 4)]);
  rule.answered(source, 1n, 1n, 4n);
  rule.answered(source, 1n, 1n, 4n);
  expect(rule.reason).toBe('ASKING_PEERS');
  rule.answered(new Uint8Array(32).fill(1), 1n, 1n, 4n);
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
  rule.shown(shown);
  expect(rule.reason).toBe(reason);
});

test('an empty log is older than any vote', () => {
  const rule = ruleOf([]);
  rule.shown({ epoch: 0, view: 1, bytes: Uint8Array.of(1) });
  expect(rule.reason).toBe('SIGN_LOG_OLD');
});
