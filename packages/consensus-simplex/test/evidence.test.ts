import { encodeHeader } from '@radledger/chain';
import { toHex } from '@radledger/primitives';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { decodeEvidence, encodeEvidence, type Evidence } from '../src/evidence-format.js';
import { simplex } from '../src/simplex.js';
import type { Vote } from '../src/vote.js';
import { blockA, blockB, chainId, type Court, openCourt, pairOf, proposed, ruling } from './support/accused.js';

let court: Court;
beforeAll(async () => {
  court = await openCourt();
});

const notarize = (blockId: Uint8Array, view = 5, timestampMs = 9): Vote => ({
  kind: 'notarize',
  view,
  blockId,
  timestampMs,
});
const finalize = (blockId: Uint8Array, view = 5): Vote => ({ kind: 'finalize', view, blockId });
const nullify = (reason = 0, view = 5): Vote => ({ kind: 'nullify', view, reason, blockId: undefined });
const propose = (blockId: Uint8Array, view = 5): Vote => ({ kind: 'proposal', view, blockId });

describe('two votes of one key', () => {
  test.each([
    ['ConflictingNotarize', 2, [notarize(blockA), notarize(blockB)]],
    ['ConflictingFinalize', 3, [finalize(blockA), finalize(blockB)]],
    ['NullifyFinalize', 4, [nullify(), finalize(blockB)]],
  ] as const)('%s', async (name, kind, votes) => {
    expect(simplex.evidence.kinds.get(kind)).toBe(name);
    const evidence = await pairOf(court, kind, 2, votes);
    expect(await ruling(court, evidence)).toEqual({ kind, view: 5, verdict: 'EQUIVOCATED', offenders: [2] });
    // One proof has one form: the votes stand in the order of their bytes.
    const swapped = await pairOf(court, kind, 2, [votes[1], votes[0]]);
    expect(toHex(encodeEvidence(swapped))).toBe(toHex(encodeEvidence(evidence)));
  });

  test('ConflictingProposal, by the leader of the view and by nobody else', async () => {
    const leader = court.leaderSeat(5);
    const votes = [propose(blockA), propose(blockB)] as const;
    expect(await ruling(court, await pairOf(court, 1, leader, votes))).toEqual({
      kind: 1,
      view: 5,
      verdict: 'EQUIVOCATED',
      offenders: [leader],
    });
    expect(await ruling(court, await pairOf(court, 1, (leader + 1) % 4, votes))).toBeUndefined();
  });

  test.each([
    ['the kind is another', 3, [notarize(blockA), notarize(blockB)]],
    ['one block with two times', 2, [notarize(blockA), notarize(blockA, 5, 10)]],
    ['two reasons to give up', 4, [nullify(0), nullify(2)]],
    ['two views', 2, [notarize(blockA, 5), notarize(blockB, 6)]],
    ['giving up and notarizing', 4, [nullify(), notarize(blockA)]],
  ] as const)('no misconduct: %s', async (_name, kind, votes) => {
    expect(await ruling(court, await pairOf(court, kind, 2, votes))).toBeUndefined();
  });
});

describe('InvalidProposal', () => {
  test('a header that keeps the rules convicts nobody', async () => {
    expect(await ruling(court, await proposed(court, 5, encodeHeader(await court.header(5))))).toBeUndefined();
  });

  test.each([
    ['a height of another epoch', { height: 40 }],
    ['another chain', { chainId: blockB }],
    ['no seal of this module', { sealKind: 7 }],
    ['somebody else as proposer', { proposer: blockA }],
  ] as const)('%s', async (_name, changes) => {
    const header = encodeHeader(await court.header(5, changes));
    const evidence = await proposed(court, 5, header);
    const offenders = [court.leaderSeat(5)];
    expect(await ruling(court, evidence)).toEqual({ kind: 5, view: 5, verdict: 'INVALID', offenders });
  });

  test('a block of another view, unless it is a boundary block proposed again', async () => {
    const view = [6, 7, 8, 9].find((later) => court.leaderSeat(later) !== court.leaderSeat(5)) ?? 6;
    const inner = encodeHeader(await court.header(5));
    expect(await ruling(court, await proposed(court, view, inner))).toMatchObject({ verdict: 'INVALID' });
    const boundary = encodeHeader(await court.header(5, { height: 24 }));
    expect(await ruling(court, await proposed(court, view, boundary))).toBeUndefined();
  });

  test('a false random proof', async () => {
    const other = await court.header(5, { height: 21 });
    const header = { ...(await court.header(5)), sealBytes: other.sealBytes };
    expect(await ruling(court, await proposed(court, 5, encodeHeader(header)))).toMatchObject({ verdict: 'INVALID' });
  });
});

describe('certificates', () => {
  test('LateProof speaks for the leader', async () => {
    const { epoch, committee } = court.epoch;
    const certificate = await court.certificate(notarize(blockA), [0, 1, 3]);
    const offenders = [court.leaderSeat(5)];
    expect(await ruling(court, { kind: 6, epoch, committee, certificate })).toEqual({
      kind: 6,
      view: 5,
      verdict: 'LATE',
      offenders,
    });
    const thin = await court.certificate(notarize(blockA), [0, 1]);
    expect(await ruling(court, { kind: 6, epoch, committee, certificate: thin })).toBeUndefined();
    const given = await court.certificate(nullify(), [0, 1, 3]);
    expect(await ruling(court, { kind: 6, epoch, committee, certificate: given })).toBeUndefined();
  });

  test('CertConflict lists everyone who signed both, a third of the weight at least', async () => {
    const { epoch, committee } = court.epoch;
    const conflict = async (a: Vote, b: Vote): Promise<Evidence> => ({
      kind: 7,
      epoch,
      committee,
      certificates: [await court.certificate(a, [0, 1, 2]), await court.certificate(b, [1, 2, 3])],
    });
    for (const [a, b] of [
      [notarize(blockA), notarize(blockB)],
      [finalize(blockA), finalize(blockB)],
      [nullify(), finalize(blockA)],
    ] as const) {
      expect(await ruling(court, await conflict(a, b))).toMatchObject({ verdict: 'EQUIVOCATED', offenders: [1, 2] });
    }
    expect(await ruling(court, await conflict(notarize(blockA), finalize(blockB)))).toBeUndefined();
    expect(await ruling(court, await conflict(notarize(blockA), finalize(blockA)))).toBeUndefined();
  });
});

test('decoding and encoding are inverse, and other bytes are no evidence', async () => {
  const all = [
    await pairOf(court, 2, 1, [notarize(blockA), notarize(blockB)]),
    await proposed(court, 5, encodeHeader(await court.header(5, { height: 40 })), new Uint8Array([1])),
  ];
  for (const evidence of all) {
    const bytes = encodeEvidence(evidence);
    expect(toHex(encodeEvidence(decodeEvidence(bytes) as Evidence))).toBe(toHex(bytes));
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const claims = simplex.evidence.claims(bytes, chainId);
      expect(claims === undefined || decodeEvidence(bytes) !== undefined).toBe(true);
    }),
    { seed: 5, numRuns: 500 },
  );
});
