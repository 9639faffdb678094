/**
 * Storms: many views given up in a row, and halves of the network that hold different certificates. Simplex elsewhere met
 * these as stalls: commonware monorepo #1102, #2137, #2192, #2695, #4332 (certificates that nobody sends again), #3985
 * (small questions, large answers), agave #13638 (no way to fetch what skips a slot).
 */
import { expect, test } from 'vitest';
import { encodeJustification } from '../../src/justification.js';
import type { Message } from '../../src/message.js';
import {
  blockOf,
  certificateOf,
  notarizationOf,
  nullificationOf,
  parameters,
  proposalOf,
  sentBy,
  signedBy,
  Voter,
} from '../support/voter.js';
import { leadsOf } from '../support/leaders.js';

const STORM = 200;
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

function afterStorm() {
  const nullifications = range(STORM - 63, STORM).map(nullificationOf);
  const justification = encodeJustification({ parent: undefined, nullifications, tail: undefined });
  return proposalOf(STORM + 1, blockOf(STORM + 1, { justification }));
}

const questionsIn = (messages: readonly Message[]) =>
  messages.flatMap((message) =>
    message.type === 'fetch-certificates' ? [[message.fromView, message.toView] as const] : [],
  );

test('who missed a storm fetches what is not inline, batch by batch, from who proposed, and then votes', () => {
  const voter = new Voter({ seat: (leadsOf(STORM + 1) + 1) % 4 });
  voter.allow();
  const proposal = afterStorm();
  // It passes through views in which it leads: the last question is the one for the proposal.
  let asked = questionsIn(sentBy(voter.receive(proposal, 'leader'))).slice(-1);
  const batches: (readonly [number, number])[] = [];
  const effects = [];
  for (let next = asked[0]; next !== undefined; next = asked[0]) {
    batches.push(next);
    asked = [];
    for (const view of range(next[0], Math.min(next[1], STORM))) {
      const answer = voter.receive({ type: 'certificate', certificate: nullificationOf(view) }, 'leader');
      effects.push(...answer);
      asked.push(...questionsIn(sentBy(answer)));
    }
  }
  expect(batches).toEqual([
    [1, 64],
    [65, 128],
    [129, 192],
  ]);
  expect(effects.map(({ type }) => type)).toContain('verify');
  expect(signedBy(voter.valid(proposal.block))).toEqual([1]);
});

test('an answer that was lost is asked of everyone', () => {
  const voter = new Voter({ seat: (leadsOf(STORM + 1) + 1) % 4 });
  voter.allow();
  voter.receive(afterStorm(), 'leader');
  const again = voter.step({ type: 'timer', id: 'fetch' });
  expect(questionsIn(sentBy(again))).toEqual([[1, 64]]);
  expect(again.some(({ type }) => type === 'broadcast')).toBe(true);
});

test('a leader asks for the certificates that it misses, the newest first', () => {
  const seat = leadsOf(STORM + 1);
  const voter = new Voter({ seat });
  voter.allow();
  const effects = voter.receive({ type: 'certificate', certificate: nullificationOf(STORM) });
  expect(questionsIn(sentBy(effects))).toEqual([[STORM - 64, STORM - 1]]);
});

test('certificates count among the bytes that a peer may ask for', () => {
  const voter = new Voter();
  const seats = range(0, 2);
  for (const view of range(1, 64)) {
    const vote = { kind: 'nullify', view, reason: 0, blockId: undefined } as const;
    voter.receive({ type: 'certificate', certificate: certificateOf(vote, seats) });
  }
  const question = { type: 'fetch-certificates', epoch: 0, fromView: 1, toView: 64 } as const;
  let bytes = 0;
  for (let asked = 0; asked < 64; asked++) {
    for (const effect of voter.receive(question, 'greedy')) if (effect.type === 'send') bytes += effect.bytes.length;
  }
  expect(bytes).toBeGreaterThan(0);
  expect(bytes).toBeLessThanOrEqual(4 * parameters.blockBytesMax);
});

test('proposals that nobody certified are forgotten 32 views later, and none so old is taken', () => {
  const voter = new Voter();
  const old = proposalOf(1, blockOf(1));
  voter.receive(old);
  expect(voter.holds(old.block)).toBe(true);
  for (const view of range(1, 32)) voter.receive({ type: 'certificate', certificate: nullificationOf(view) });
  expect(voter.holds(old.block)).toBe(false);
  voter.receive(old);
  expect(voter.holds(old.block)).toBe(false);
});

test('who finalized in a view that others gave up votes for the block that skips it', () => {
  const voter = new Voter({ seat: 0 });
  voter.allow();
  const first = blockOf(1);
  voter.receive(proposalOf(1, first));
  voter.valid(first);
  expect(signedBy(voter.receive({ type: 'certificate', certificate: notarizationOf(1, first) }))).toEqual([3]);
  const justification = encodeJustification({
    parent: undefined,
    nullifications: [nullificationOf(1)],
    tail: undefined,
  });
  const second = proposalOf(2, blockOf(2, { justification }));
  voter.receive(second);
  expect(signedBy(voter.valid(second.block))).toEqual([1]);
});

test('who gave up a view that others notarized builds on nothing that it lacks: it fetches the block', () => {
  const voter = new Voter({ seat: 0 });
  voter.allow();
  voter.nowMs += 60_000;
  voter.step({ type: 'timer', id: 'advance' });
  const missed = blockOf(1);
  const effects = voter.receive({ type: 'certificate', certificate: notarizationOf(1, missed) });
  expect(sentBy(effects)).toContainEqual({ type: 'fetch-blocks', ids: [missed.id] });
  voter.receive({ type: 'block', block: missed });
  // R4: it does not finalize what it gave up, but a block upon it is as good as any other.
  expect(signedBy(voter.valid(missed))).toEqual([]);
  const justification = encodeJustification({
    parent: notarizationOf(1, missed),
    nullifications: [],
    tail: undefined,
  });
  const timestampMs = missed.header.timestampMs + 60_000;
  const next = proposalOf(2, blockOf(2, { parent: missed.header, justification, timestampMs }));
  voter.receive(next);
  expect(signedBy(voter.valid(next.block))).toEqual([1]);
});

test('while stuck the certificate that led here goes out again, so that both halves learn of it', () => {
  const voter = new Voter({ seat: 0 });
  voter.allow();
  const certificate = nullificationOf(1);
  voter.receive({ type: 'certificate', certificate });
  const again = sentBy(voter.step({ type: 'timer', id: 'retry' }));
  expect(again).toContainEqual({ type: 'certificate', certificate });
  expect(again.some(({ type }) => type === 'status')).toBe(true);
});
