// What broke: what was signed in an epoch was forgotten with its last block. So a fork at that very block left no evidence: whoever
// finalized two boundary blocks was seen only by nodes that happened to hear of both before they went on.
import type { Effect } from '@radledger/consensus';
import { hash } from '@radledger/primitives';
import { expect, test } from 'vitest';
import type { Certificate } from '../../src/certificate.js';
import { decodeEvidence, EvidenceKind } from '../../src/evidence-format.js';
import { encodeFinalityProof } from '../../src/finality-proof.js';
import { encodeJustification } from '../../src/justification.js';
import { encodeMessage, type Message } from '../../src/message.js';
import { collectTail } from '../../src/tail.js';
import { ViewState } from '../../src/view-state.js';
import {
  blockOf,
  boundaryState,
  certificateOf,
  EPOCH_HEIGHTS,
  notarizationOf,
  nullificationOf,
  proposalOf,
  voteOf,
  Voter,
} from '../support/voter.js';

const VIEW = 6;
const boundary = blockOf(VIEW, { height: EPOCH_HEIGHTS });
const other = hash('test/another boundary block');
const finalizationOf = (blockId: Uint8Array, seats = [0, 1, 2]): Certificate =>
  certificateOf({ kind: 'finalize', view: VIEW, blockId }, seats);
const finalized = {
  ...boundaryState(1),
  header: boundary.header,
  proof: encodeFinalityProof([], finalizationOf(boundary.id)),
};

function inNextEpoch(): Voter {
  return new Voter({ seat: 3, finalized });
}

const earlier = (voter: Voter, message: Message): readonly Effect[] =>
  voter.step({ type: 'earlier', peer: 'peer', bytes: encodeMessage(message) });

/** Kinds and epochs of what effects prove. */
const provenBy = (effects: readonly Effect[]) =>
  effects.flatMap((effect) =>
    effect.type === 'evidence' ? [[decodeEvidence(effect.bytes)?.kind, effect.epoch] as const] : [],
  );

const pair = [EvidenceKind.conflictingFinalize, 0] as const;
const conflict = [EvidenceKind.certConflict, 0] as const;

test('a second boundary block with a certificate: everyone who signed both is proven, and the node is safe', () => {
  const voter = inNextEpoch();
  const effects = earlier(voter, { type: 'certificate', certificate: finalizationOf(other, [1, 2, 3]) });
  expect(provenBy(effects)).toEqual([pair, pair, conflict]);
  expect(voter.instance.status().voting).toEqual({ allowed: false, reason: 'SAFE_MODE' });
});

test('the first block on it, of the epoch after, shows the same', () => {
  const voter = inNextEpoch();
  const justification = encodeJustification({ parent: finalizationOf(other), nullifications: [], tail: undefined });
  const block = blockOf(1, { parent: boundary.header, justification });
  const effects = voter.receive({ ...proposalOf(1, block), epoch: 1 });
  expect(provenBy(effects).slice(0, 4)).toEqual([pair, pair, pair, conflict]);
});

test('two late votes of the epoch before are held against each other, for a bounded while', () => {
  const vote = (name: string) =>
    voteOf(3, { kind: 'notarize', view: VIEW, blockId: hash('test/late', name), timestampMs: 1 });
  const voter = inNextEpoch();
  expect(provenBy(earlier(voter, vote('a')))).toEqual([]);
  expect(provenBy(earlier(voter, vote('b')))).toEqual([[EvidenceKind.conflictingNotarize, 0]]);
  const late = inNextEpoch();
  earlier(late, vote('a'));
  for (let view = 1; view <= 65; view++) {
    late.receive({ type: 'certificate', certificate: { ...nullificationOf(view), epoch: 1 } });
  }
  expect(provenBy(earlier(late, vote('b')))).toEqual([]);
});

test('certificates that do not exclude the boundary block prove nothing', () => {
  const voter = inNextEpoch();
  const certificate = notarizationOf(VIEW, boundary);
  expect(provenBy(earlier(voter, { type: 'certificate', certificate }))).toEqual([]);
  expect(provenBy(earlier(voter, { type: 'certificate', certificate: finalizationOf(boundary.id) }))).toEqual([]);
  expect(voter.instance.status().voting).not.toMatchObject({ reason: 'SAFE_MODE' });
});

// What broke: a node that caught up into the midst of a later epoch held that epoch's certificates against the last boundary that it
// had seen itself: equal view numbers of two epochs looked like a fork, and it stopped voting for good.
test('a node that caught up past boundaries holds nothing against the one it saw last', () => {
  const voter = inNextEpoch();
  const block = blockOf(1, { height: 3 * EPOCH_HEIGHTS + 1 });
  const own = { ...certificateOf({ kind: 'finalize', view: 1, blockId: block.id }), epoch: 3 };
  const proof = encodeFinalityProof([], own);
  voter.step({ type: 'synced', finalized: { ...boundaryState(3), header: block.header, proof } });
  const effects = earlier(voter, { type: 'certificate', certificate: { ...finalizationOf(other), epoch: 2 } });
  expect(provenBy(effects)).toEqual([]);
  expect(voter.instance.status().voting).not.toMatchObject({ reason: 'SAFE_MODE' });
});

test('the tail holds no notarization of another block: an honest first block would be invalid', () => {
  const views = new Map([VIEW + 1, VIEW + 2, VIEW + 3].map((view) => [view, new ViewState()]));
  const [first, second, third] = [...views.values()] as [ViewState, ViewState, ViewState];
  const own = notarizationOf(VIEW + 1, boundary);
  first.certificates.set('notarize', own);
  second.certificates.set('notarize', notarizationOf(VIEW + 2, blockOf(VIEW + 2, { height: EPOCH_HEIGHTS })));
  third.certificates.set('nullify', nullificationOf(VIEW + 3));
  expect(collectTail(boundary, VIEW + 4, views).certificates).toEqual([own, nullificationOf(VIEW + 3)]);
});
