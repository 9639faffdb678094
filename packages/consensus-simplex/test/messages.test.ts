import { type Block, blockIdOf, type Header } from '@radledger/chain';
import { hash } from '@radledger/primitives';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assembleCertificate, type Certificate, certificateClaims, statementOf } from '../src/certificate.js';
import { decodeMessage, encodeMessage, type Message } from '../src/message.js';
import { SIMPLEX_RULES } from '../src/rules.js';
import { signedBytes, type Vote, voteOfSignedBytes } from '../src/vote.js';

const chainId = hash('test/chain');
const committee = [0, 1, 2, 3].map((seat) => {
  const key = new Uint8Array(32).fill(seat);
  return { source: key, nodeKey: key, vrfKey: key, weight: 1000n };
});
const epoch = {
  epoch: 2,
  seed: chainId,
  leaders: committee,
  committee,
  committeeRoot: hash('test/root'),
  totalWeight: 4000n,
};
const context = { chainId, epoch, rules: SIMPLEX_RULES };
const BYTES_MAX = 1024 * 1024;

const id = fc.uint8Array({ minLength: 32, maxLength: 32 });
const view = fc.integer({ min: 1, max: 2 ** 40 });
const vote: fc.Arbitrary<Vote> = fc.oneof(
  fc.record({ kind: fc.constant('proposal' as const), view, blockId: id }),
  fc.record({ kind: fc.constant('notarize' as const), view, blockId: id, timestampMs: fc.nat() }),
  fc.record({
    kind: fc.constant('nullify' as const),
    view,
    reason: fc.integer({ min: 0, max: 3 }),
    blockId: fc.option(id, { nil: undefined }),
  }),
  fc.record({ kind: fc.constant('finalize' as const), view, blockId: id }),
);
const signature = fc.uint8Array({ minLength: 64, maxLength: 64 });
const seat = fc.integer({ min: 0, max: 127 });
const certificate: fc.Arbitrary<Certificate> = fc.record({
  epoch: fc.nat(),
  groups: fc.array(
    fc.record({ vote, signatures: fc.array(fc.tuple(seat, signature), { minLength: 1, maxLength: 4 }) }),
    { minLength: 1, maxLength: 3 },
  ),
});
const header: fc.Arbitrary<Header> = fc.record({
  format: fc.constant(1 as const),
  chainId: id,
  height: fc.nat(),
  parentId: id,
  timestampMs: fc.nat(),
  proposer: id,
  transactionRoot: id,
  stateRoot: id,
  dutyRoot: id,
  bodyBytes: fc.nat(),
  sealKind: fc.integer({ min: 1, max: 255 }),
  sealBytes: fc.uint8Array({ maxLength: 200 }),
});
const block: fc.Arbitrary<Block> = fc
  .record({
    header,
    body: fc.record({
      transactions: fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 4 }),
      justification: fc.uint8Array({ maxLength: 80 }),
    }),
  })
  .map((made) => ({ ...made, id: blockIdOf(made.header) }));
const message: fc.Arbitrary<Message> = fc.oneof(
  fc.record({ type: fc.constant('vote' as const), epoch: fc.nat(), signed: fc.record({ seat, vote, signature }) }),
  fc.record({ type: fc.constant('status' as const), epoch: fc.nat(), view, finalizedHeight: fc.nat() }),
  fc.record({
    type: fc.constant('fetch-blocks' as const),
    ids: fc.uniqueArray(id, { minLength: 1, maxLength: 16, selector: String }),
  }),
  fc.record({ type: fc.constant('fetch-certificates' as const), epoch: fc.nat(), fromView: view, toView: view }),
  fc.record({ type: fc.constant('ask-newest-vote' as const), source: id }),
  fc.record({
    type: fc.constant('newest-vote' as const),
    source: id,
    newest: fc.option(fc.record({ epoch: fc.nat(), signed: fc.record({ seat, vote, signature }) }), { nil: undefined }),
  }),
  fc.record({ type: fc.constant('certificate' as const), certificate }),
  fc.record({ type: fc.constant('block' as const), block }),
  fc.record({
    type: fc.constant('proposal' as const),
    epoch: fc.nat(),
    view,
    signature,
    block,
    again: fc.option(fc.uint8Array({ maxLength: 200 }), { nil: undefined }),
  }),
);

test('I14: every message comes back as it was, and its bytes are the only ones', () => {
  fc.assert(
    fc.property(message, (sent) => {
      const bytes = encodeMessage(sent);
      const received = decodeMessage(bytes.slice(), BYTES_MAX);
      expect(received).toEqual(sent);
      expect(encodeMessage(received)).toEqual(bytes);
    }),
    { seed: 1, numRuns: 300 },
  );
});

test('hostile bytes: a coded error or a message whose bytes they are', () => {
  fc.assert(
    fc.property(message, fc.nat(), fc.integer({ min: 1, max: 255 }), (sent, position, flip) => {
      const bytes = encodeMessage(sent);
      const at = position % bytes.length;
      bytes[at] = (bytes[at] as number) ^ flip;
      let received: Message;
      try {
        received = decodeMessage(bytes, BYTES_MAX);
      } catch (error) {
        expect(error).toMatchObject({ code: 'MALFORMED_MESSAGE' });
        return;
      }
      expect(encodeMessage(received)).toEqual(bytes);
    }),
    { seed: 2, numRuns: 500 },
  );
});

test('signed bytes bind chain, epoch, voters, kind and view', () => {
  const base = { kind: 'finalize', view: 3, blockId: chainId } as const;
  const all = [
    signedBytes(chainId, epoch, base),
    signedBytes(hash('test/other'), epoch, base),
    signedBytes(chainId, { ...epoch, epoch: 3 }, base),
    signedBytes(chainId, { ...epoch, committeeRoot: chainId }, base),
    signedBytes(chainId, epoch, { ...base, view: 4 }),
    signedBytes(chainId, epoch, { ...base, kind: 'proposal' }),
  ];
  expect(new Set(all.map(String)).size).toBe(all.length);
  expect(voteOfSignedBytes(all[0] as Uint8Array)).toEqual(base);
});

describe('certificates', () => {
  const votes = (seats: readonly number[], of: (seat: number) => Vote) =>
    seats.map((number) => ({ seat: number, vote: of(number), signature: new Uint8Array(64) }));
  const finalize = (): Vote => ({ kind: 'finalize', view: 5, blockId: chainId });

  test('three of four are a quorum, and every signature is claimed', () => {
    const certificate = assembleCertificate(2, votes([3, 0, 1], finalize));
    expect(certificateClaims(certificate, context).map(({ key }) => key[0])).toEqual([0, 1, 3]);
  });

  test('reasons to give up count together', () => {
    const certificate = assembleCertificate(
      2,
      votes([0, 1, 2], (number) => ({ kind: 'nullify', view: 5, reason: number % 2, blockId: undefined })),
    );
    expect(certificate.groups).toHaveLength(2);
    expect(certificateClaims(certificate, context)).toHaveLength(3);
    expect(statementOf(certificate).view).toBe(5);
  });

  test('two thirds exactly are none', () => {
    const three = committee.slice(0, 3);
    const exact = { ...context, epoch: { ...epoch, committee: three, totalWeight: 3000n } };
    const certificate = assembleCertificate(2, votes([0, 1], finalize));
    expect(() => certificateClaims(certificate, exact)).toThrow(expect.objectContaining({ code: 'NO_QUORUM' }));
  });

  const group = assembleCertificate(2, votes([0, 1, 2], finalize)).groups[0];
  if (group === undefined) throw new Error('a certificate has a group');
  test.each([
    [
      'a seat twice',
      { epoch: 2, groups: [{ ...group, signatures: [group.signatures[0], group.signatures[0], group.signatures[1]] }] },
      'MALFORMED_MESSAGE',
    ],
    [
      'seats out of order',
      { epoch: 2, groups: [{ ...group, signatures: [...group.signatures].reverse() }] },
      'MALFORMED_MESSAGE',
    ],
    [
      'two statements',
      { epoch: 2, groups: [group, { ...group, vote: { ...finalize(), blockId: hash('test/b') } }] },
      'MALFORMED_MESSAGE',
    ],
    [
      'mixed kinds',
      { epoch: 2, groups: [group, { ...group, vote: { kind: 'nullify', view: 5, reason: 0, blockId: undefined } }] },
      'MALFORMED_MESSAGE',
    ],
    [
      'a proposal',
      { epoch: 2, groups: [{ ...group, vote: { kind: 'proposal', view: 5, blockId: chainId } }] },
      'MALFORMED_MESSAGE',
    ],
    ['an unknown seat', { epoch: 2, groups: [{ ...group, signatures: [[9, new Uint8Array(64)]] }] }, 'UNKNOWN_SEAT'],
    ['another epoch', { epoch: 1, groups: [group] }, 'WRONG_EPOCH'],
  ])('refused: %s', (_, certificate, code) => {
    expect(() => certificateClaims(certificate as never, context)).toThrow(expect.objectContaining({ code }));
  });
});
