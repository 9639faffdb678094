import { describe, expect, test } from 'vitest';
import type { Effect } from '@radledger/consensus';
import { encodeJustification } from '../src/justification.js';
import { NullifyReason, voteOfSignedBytes } from '../src/vote.js';
import { leadsOf } from './support/leaders.js';
import {
  blockOf,
  notarizationOf,
  nullificationOf,
  parameters,
  proposalOf,
  reportsOf,
  START_MS,
  typesOf,
  Voter,
  voteOf,
} from './support/voter.js';

const { targetIntervalMs, assumedDelayMs, clockPrecisionMs } = parameters;
const T_LEADER = 2 * assumedDelayMs;
const T_ADVANCE = 3 * assumedDelayMs;

const timerOf = (effects: readonly Effect[], id: string): number | undefined =>
  effects.flatMap((effect) => (effect.type === 'set-timer' && effect.id === id ? [effect.atMs] : [])).at(-1);
const givenUp = (effects: readonly Effect[]) =>
  effects.flatMap((effect) => {
    if (effect.type !== 'sign') return [];
    const vote = voteOfSignedBytes(effect.record.bytes);
    return vote.kind === 'nullify' ? [vote] : [];
  });

/** A voter of a view in which it does not lead, allowed to vote. */
function follower(view = 1, rules = {}): Voter {
  const voter = new Voter({ seat: [0, 1, 2, 3].find((seat) => seat !== leadsOf(view)) ?? 0, rules });
  voter.allow();
  return voter;
}

describe('timers of a view (R3)', () => {
  test('a view waits for T after the newest certified timestamp, then for the delays', () => {
    const voter = new Voter({ seat: 0 });
    // Genesis is two seconds old at the start.
    const base = Math.max(START_MS, START_MS - 2_000 + targetIntervalMs);
    expect(timerOf(voter.started, 'leader')).toBe(base + T_LEADER);
    expect(timerOf(voter.started, 'advance')).toBe(base + T_ADVANCE);
  });

  // The view before was given up here, and its notarization comes late: the leader may build on it, T after its timestamp.
  function lateCertificate(rules = {}): { readonly first: number; readonly moved: number | undefined } {
    const voter = follower(2, rules);
    const first = timerOf(voter.receive({ type: 'certificate', certificate: nullificationOf(1) }), 'leader') ?? 0;
    const late = blockOf(1, { timestampMs: START_MS + 900 });
    return {
      first,
      moved: timerOf(voter.receive({ type: 'certificate', certificate: notarizationOf(1, late) }), 'leader'),
    };
  }

  test('a newer certificate of an older view moves the base', () => {
    const { first, moved } = lateCertificate();
    // One view was given up: half as long again.
    expect(moved).toBe(START_MS + 900 + targetIntervalMs + (T_LEADER * 3) / 2);
    expect(moved).toBeGreaterThan(first);
  });

  test('the mutant keeps the old base, and would give up a leader that keeps the pace', () => {
    expect(lateCertificate({ rebasesTimers: false }).moved).toBeUndefined();
  });

  test('an older certificate moves nothing, the same one neither', () => {
    const voter = follower(2);
    const late = blockOf(1, { timestampMs: START_MS + 900 });
    voter.receive({ type: 'certificate', certificate: nullificationOf(1) });
    voter.receive({ type: 'certificate', certificate: notarizationOf(1, late) });
    expect(timerOf(voter.receive({ type: 'certificate', certificate: notarizationOf(1, late) }), 'leader')).toBe(
      undefined,
    );
  });

  test('nobody drags the base into the future: a timestamp beyond the own clock and P gets no vote', () => {
    const voter = follower();
    const ahead = blockOf(1, { timestampMs: START_MS + clockPrecisionMs + 1 });
    voter.receive(proposalOf(1, ahead));
    expect(typesOf(voter.valid(ahead))).not.toContain('sign');
    const just = follower();
    const edge = blockOf(1, { timestampMs: START_MS + clockPrecisionMs });
    just.receive(proposalOf(1, edge));
    expect(typesOf(just.valid(edge))).toContain('sign');
  });

  test('delays grow by half with each view given up in a row, up to 30 s, and a final block resets them', () => {
    const voter = new Voter({ seat: 0 });
    const delays: number[] = [];
    for (let view = 1; view <= 12; view++) {
      const effects = voter.receive({ type: 'certificate', certificate: nullificationOf(view) });
      const base = Math.max(voter.nowMs, START_MS - 2_000 + targetIntervalMs);
      delays.push((timerOf(effects, 'leader') ?? 0) - base);
    }
    expect(delays.slice(0, 3)).toEqual([1, 2, 3].map((k) => Math.floor(T_LEADER * 1.5 ** k)));
    expect(delays.at(-1)).toBe(30_000);
  });

  test('a late block is taken after a storm: the tolerance grows with the views given up (MSGDELAY)', () => {
    const lateBy = clockPrecisionMs + T_ADVANCE + 1;
    const vote = (storm: number): readonly string[] => {
      const voter = follower(storm + 1);
      for (let view = 1; view <= storm; view++) {
        voter.receive({ type: 'certificate', certificate: nullificationOf(view) });
      }
      const nullifications = Array.from({ length: storm }, (_, index) => nullificationOf(index + 1));
      const justification = encodeJustification({ parent: undefined, nullifications, tail: undefined });
      voter.nowMs = START_MS + lateBy;
      const block = blockOf(storm + 1, { justification, timestampMs: START_MS });
      voter.receive(proposalOf(storm + 1, block));
      return typesOf(voter.valid(block));
    };
    expect(vote(0)).not.toContain('sign');
    expect(vote(2)).toContain('sign');
  });
});

describe('reasons to give a view up', () => {
  test('0: no proposal in time, and only by who has executed the chain so far', () => {
    const voter = follower();
    expect(givenUp(voter.step({ type: 'timer', id: 'leader' }))).toMatchObject([{ reason: NullifyReason.noProposal }]);
    const behind = follower();
    behind.receive({ type: 'certificate', certificate: notarizationOf(1, blockOf(1)) });
    expect(givenUp(behind.step({ type: 'timer', id: 'leader' }))).toEqual([]);
    expect(givenUp(behind.step({ type: 'timer', id: 'advance' }))).toMatchObject([{ reason: NullifyReason.late }]);
  });

  test('2: a proposal came, a certificate did not', () => {
    const voter = follower();
    voter.receive(proposalOf(1, blockOf(1)));
    expect(givenUp(voter.step({ type: 'timer', id: 'leader' }))).toEqual([]);
    expect(givenUp(voter.step({ type: 'timer', id: 'advance' }))).toMatchObject([
      { reason: NullifyReason.late, blockId: undefined },
    ]);
  });

  test('1: what may not stand where it stands, and what does not execute, at once and with the block', () => {
    const early = blockOf(1, { timestampMs: START_MS - 3_000 });
    const voter = follower();
    const effects = voter.receive(proposalOf(1, early));
    expect(givenUp(effects)).toEqual([{ kind: 'nullify', view: 1, reason: NullifyReason.invalid, blockId: early.id }]);
    expect(reportsOf(effects)).toEqual(['INVALID_PROPOSAL']);
    const refusing = follower();
    const block = blockOf(1);
    refusing.receive(proposalOf(1, block));
    const verdict = { kind: 'invalid', code: 'STATE_ROOT' } as const;
    expect(givenUp(refusing.step({ type: 'verdict', blockId: block.id, verdict }))).toMatchObject([
      { reason: NullifyReason.invalid, blockId: block.id },
    ]);
  });

  test('3: the leader declines, and only the leader is followed', () => {
    const leader = leadsOf(1);
    const other = [0, 1, 2, 3].find((seat) => seat !== leader) as number;
    const vote = { kind: 'nullify', view: 1, reason: NullifyReason.declined, blockId: undefined } as const;
    expect(givenUp(follower().receive(voteOf(other, vote)))).toEqual([]);
    expect(givenUp(follower().receive(voteOf(leader, vote)))).toMatchObject([{ reason: NullifyReason.declined }]);
  });

  test('a view is given up once, whatever reasons come later, and never after finalizing in it', () => {
    const voter = follower();
    expect(givenUp(voter.step({ type: 'timer', id: 'leader' }))).toHaveLength(1);
    expect(givenUp(voter.step({ type: 'timer', id: 'advance' }))).toEqual([]);
    const finalizer = follower();
    const block = blockOf(1);
    finalizer.receive(proposalOf(1, block));
    finalizer.valid(block);
    finalizer.receive({ type: 'certificate', certificate: notarizationOf(1, block) });
    expect(givenUp(finalizer.step({ type: 'timer', id: 'retry' })).map(({ view }) => view)).not.toContain(1);
  });
});

test('an idle leader proposes at T, one with a transaction waiting at Tmin', () => {
  const voter = new Voter({ seat: leadsOf(1) });
  voter.nowMs = START_MS - 1_500;
  const alpha = voter.started.flatMap((effect) => (effect.type === 'prove' ? [effect.alpha] : []))[0];
  voter.step({ type: 'proved', alpha: alpha as Uint8Array, proof: new Uint8Array(80) });
  expect(timerOf(voter.allow(), 'propose')).toBe(START_MS - 2_000 + targetIntervalMs);
  expect(typesOf(voter.step({ type: 'pending', waiting: true }))).toContain('build');
});
