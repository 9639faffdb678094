// What broke: certificates held the first quorum only. A voter whose votes always came after it stood in none, counted as silent and
// became dormant, although it had voted in every view.
import { expect, test } from 'vitest';
import { decodeJustification } from '../../src/justification.js';
import { leadsOf } from '../support/leaders.js';
import { blockOf, certificateOf, notarizationOf, parameters, proposalOf, voteOf, Voter } from '../support/voter.js';

const first = blockOf(1);
const notarized = { kind: 'notarize', view: 1, blockId: first.id, timestampMs: first.header.timestampMs } as const;
const finalized = { kind: 'finalize', view: 1, blockId: first.id } as const;
const leader = leadsOf(2);
/** The seat that is neither the leader's nor among the first three to vote. */
const late = 3;
const quick = [0, 1, 2];

/** Seats in the certificate of the parent that the leader of view 2 carries. */
function carried(voter: Voter): readonly number[] {
  const pending = voter.step({ type: 'pending', waiting: true });
  const proved = [...voter.started, ...pending].flatMap((effect) =>
    effect.type === 'prove' ? voter.step({ type: 'proved', alpha: effect.alpha, proof: new Uint8Array(80) }) : [],
  );
  const build = [...pending, ...proved].find((effect) => effect.type === 'build');
  if (build?.type !== 'build') throw new Error('expected a block to be built');
  const { parent } = decodeJustification(build.request.justification, parameters.blockBytesMax);
  return parent?.groups.flatMap(({ signatures }) => signatures.map(([seat]) => seat)) ?? [];
}

/** The leader of view 2, which has executed the block of view 1. */
function leading(): Voter {
  const voter = new Voter({ seat: leader });
  voter.allow();
  voter.receive(proposalOf(1, first));
  voter.valid(first);
  voter.receive({ type: 'certificate', certificate: notarizationOf(1, first) });
  voter.nowMs += parameters.targetIntervalMs;
  return voter;
}

test('a leader adds the votes that it holds to the certificate of its parent', () => {
  const voter = leading();
  voter.receive(voteOf(late, notarized));
  expect(carried(voter)).toEqual([...quick, late]);
});

test('so it does when the parent is final already', () => {
  const voter = leading();
  voter.receive({ type: 'certificate', certificate: certificateOf(finalized) });
  voter.receive(voteOf(late, finalized));
  expect(carried(voter)).toEqual([...quick, late]);
});

test('a vote for something else is not added', () => {
  const voter = leading();
  voter.receive(voteOf(late, { ...notarized, timestampMs: notarized.timestampMs + 1 }));
  expect(carried(voter)).toEqual(quick);
});
