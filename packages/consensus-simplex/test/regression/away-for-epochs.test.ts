/** A node that was away for two boundaries waited for its newest vote for ever. */
import { expect, test } from 'vitest';
import { encodeMessage } from '../../src/message.js';
import { simplex } from '../../src/simplex.js';
import {
  boundaryState,
  chainId,
  epochOf,
  member,
  parameters,
  peerOf,
  sentBy,
  signature,
  Voter,
  voteOf,
} from '../support/voter.js';

const nullify = { kind: 'nullify', view: 1, reason: 0, blockId: undefined } as const;

test('a vote older than the epoch before is not shown any more', () => {
  const voter = new Voter({ seat: 0 });
  voter.receive(voteOf(3, nullify));
  const shown = (): unknown =>
    sentBy(voter.receive({ type: 'ask-newest-vote', source: member(3).source })).find(
      ({ type }) => type === 'newest-vote',
    );
  voter.step({ type: 'synced', finalized: boundaryState(1) });
  expect(shown()).toMatchObject({ newest: { epoch: 0 } });
  voter.step({ type: 'synced', finalized: boundaryState(2) });
  expect(shown()).toMatchObject({ newest: undefined });
});

test('a vote of an epoch long gone is an answer, and no more', () => {
  const voter = new Voter({ seat: 3, finalized: boundaryState(4) });
  expect(voter.instance.status().voting).toEqual({ allowed: false, reason: 'ASKING_PEERS' });
  const newest = { epoch: 1, signed: { seat: 3, vote: nullify, signature } };
  const answer = { type: 'newest-vote', source: member(3).source, newest } as const;
  const lookup = {
    chainId,
    parameters,
    epoch: (epoch: number) => (epoch === 4 || epoch === 3 ? epochOf(epoch) : undefined),
  };
  expect(simplex.claims(encodeMessage(answer), lookup)).toEqual({ epoch: undefined, claims: [] });
  for (const seat of [0, 1]) voter.receive(answer, peerOf(seat));
  expect(voter.instance.status().voting).toEqual({ allowed: true });
});

test('a vote of an epoch still to come proves nothing and answers nothing', () => {
  const voter = new Voter({ seat: 3, finalized: boundaryState(4) });
  const newest = { epoch: 5, signed: { seat: 3, vote: nullify, signature } };
  for (const seat of [0, 1, 2]) voter.receive({ type: 'newest-vote', source: member(3).source, newest }, peerOf(seat));
  expect(voter.instance.status().voting).toEqual({ allowed: false, reason: 'ASKING_PEERS' });
});
