/** Sources with weight that do not vote were drawn as leaders and never proposed. */
import { type Effect, leaderOf } from '@radledger/consensus';
import { equalBytes } from '@radledger/primitives';
import { expect, test } from 'vitest';
import {
  blockOf,
  boundaryState,
  chainId,
  epochOf,
  member,
  members,
  nullificationOf,
  peerOf,
  sentBy,
  signature,
  signedBy,
  typesOf,
  Voter,
} from '../support/voter.js';

const OUTSIDE = 3;
const epoch = epochOf(0, members.slice(0, OUTSIDE));
let view = 1;
while (!equalBytes(leaderOf(chainId, epoch, view).source, member(OUTSIDE).source)) view++;

/** Effects, and those of the random proofs that they ask for. */
function proved(voter: Voter, effects: readonly Effect[]): readonly Effect[] {
  return effects.flatMap((effect) =>
    effect.type === 'prove' ? voter.step({ type: 'proved', alpha: effect.alpha, proof: new Uint8Array(80) }) : [effect],
  );
}

/** A node without a seat, in a view that it leads, with a transaction waiting. */
function outside(): Voter {
  const voter = new Voter({ seat: OUTSIDE, finalized: { ...boundaryState(0), epoch } });
  for (let older = 1; older < view; older++) {
    proved(voter, voter.receive({ type: 'certificate', certificate: nullificationOf(older) }));
  }
  return voter;
}

const pending = { type: 'pending', waiting: true } as const;

test('a leader outside the committee proposes, and signs nothing else', () => {
  const voter = outside();
  const { source } = member(OUTSIDE);
  const answered = [0, 1, 2].flatMap((seat) =>
    voter.receive({ type: 'newest-vote', source, newest: undefined }, peerOf(seat)),
  );
  expect(voter.instance.status()).toMatchObject({ view, voting: { allowed: false, reason: 'NOT_IN_COMMITTEE' } });
  const asked = [...answered, ...voter.step(pending)];
  const build = [...asked, ...proved(voter, asked)].find((effect) => effect.type === 'build');
  if (build?.type !== 'build') throw new Error(`expected a build, not ${typesOf(asked).join()}`);
  const { justification, buildId } = build.request;
  const block = blockOf(view, { justification });
  const [sign] = voter.step({ type: 'built', buildId, block });
  if (sign?.type !== 'sign') throw new Error('expected a proposal to sign');
  expect(signedBy([sign])).toEqual([0]);
  const sent = voter.step({ type: 'signed', record: sign.record, signature });
  expect(sentBy(sent).map(({ type }) => type)).toContain('proposal');
  const later = [...sent, ...voter.valid(block), ...voter.step({ type: 'timer', id: 'advance' })];
  expect(signedBy(later)).toEqual([]);
});

test('the sign-log binds a leader outside the committee as it binds a voter', () => {
  const voter = outside();
  const asked = voter.step(pending);
  expect(typesOf([...asked, ...proved(voter, asked)])).not.toContain('build');
});
