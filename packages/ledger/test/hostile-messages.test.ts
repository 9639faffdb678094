/** Every kind of consensus message with every fault: a code, a price for who sent it, and nothing kept. Spec: docs/spec/simplex.md, sections 6 and 11. */
import { encodeMessage, type Message, NullifyReason, type Vote } from '@radledger/consensus-simplex';
import { concatBytes, encodeCanonical, hash } from '@radledger/primitives';
import { beforeEach, describe, expect, test } from 'vitest';
import { penaltyOf } from '../src/penalties.js';
import { chainId, contentOf, HostileVoter, parameters } from './support/hostile-voter.js';

let voter: HostileVoter;
let before: number;
beforeEach(async () => {
  voter = await HostileVoter.open();
  before = voter.retainedBytes();
});

const VIEW = 1;
const blockId = hash('test/other block');
const notarize = (view = VIEW): Vote => ({ kind: 'notarize', view, blockId, timestampMs: 1_000_000 });
const nullify = (view = VIEW, reason: number = NullifyReason.late): Vote => ({
  kind: 'nullify',
  view,
  reason,
  blockId: undefined,
});
const finalize = (view = VIEW): Vote => ({ kind: 'finalize', view, blockId });
const VOTES = { notarize, nullify, finalize } as const;
type Kind = keyof typeof VOTES;
const KINDS = Object.keys(VOTES) as Kind[];

/** A good message of every kind, as a peer that keeps the rules sends it. */
async function good(): Promise<Record<string, Message>> {
  const votes = await Promise.all(KINDS.map((kind) => voter.vote(VOTES[kind]())));
  const certificates = await Promise.all(KINDS.map((kind) => voter.certificate(VOTES[kind]())));
  const { source } = voter.members[1]!;
  return {
    proposal: await voter.proposal(VIEW),
    ...Object.fromEntries(KINDS.map((kind, at) => [`vote ${kind}`, { type: 'vote', epoch: 1, signed: votes[at]! }])),
    ...Object.fromEntries(
      KINDS.map((kind, at) => [`certificate ${kind}`, { type: 'certificate', certificate: certificates[at]! }]),
    ),
    'fetch-blocks': { type: 'fetch-blocks', ids: [blockId] },
    block: { type: 'block', block: voter.block(VIEW) },
    status: { type: 'status', epoch: 1, view: 1, finalizedHeight: 100 },
    'fetch-certificates': { type: 'fetch-certificates', epoch: 1, fromView: 1, toView: 2 },
    'ask-newest-vote': { type: 'ask-newest-vote', source },
    'newest-vote': { type: 'newest-vote', source, newest: { epoch: 1, signed: votes[0]! } },
  };
}
const ALL = [
  'proposal',
  ...KINDS.flatMap((kind) => [`vote ${kind}`, `certificate ${kind}`]),
  'fetch-blocks',
  'block',
  'status',
  'fetch-certificates',
  'ask-newest-vote',
  'newest-vote',
];

async function expectRefused(bytes: Message | Uint8Array, code: string, points: number): Promise<void> {
  await voter.hears(bytes);
  expect(voter.reports.map((report) => report.code)).toEqual([code]);
  expect(penaltyOf(code)).toBe(points);
  expect(voter.sent).toEqual([]);
  expect(voter.retainedBytes()).toBe(before);
}

describe.each(ALL)('%s', (kind) => {
  let bytes: Uint8Array;
  beforeEach(async () => {
    bytes = encodeMessage((await good())[kind]!);
  });

  test('cut short', () => expectRefused(bytes.slice(0, -1), 'MALFORMED_MESSAGE', 50));
  test('with more behind it', () => expectRefused(concatBytes(bytes, Uint8Array.of(0)), 'MALFORMED_MESSAGE', 50));
  test('of a kind that is none', () =>
    expectRefused(Uint8Array.of(0x92, 9, ...bytes.slice(2)), 'MALFORMED_MESSAGE', 50));
  test('in place of its content: nesting without end', () =>
    expectRefused(concatBytes(bytes.slice(0, 2), new Uint8Array(10_000).fill(0x91)), 'MALFORMED_MESSAGE', 50));
  test('larger than any', () =>
    expectRefused(new Uint8Array(parameters.blockBytesMax + 2 * 1024 * 1024), 'MALFORMED_MESSAGE', 50));

  test('a hundred times over: as good as once', async () => {
    await voter.hears(bytes);
    await voter.hears(bytes);
    const once = voter.retainedBytes();
    const { length } = voter.sent;
    for (let again = 0; again < 100; again += 1) await voter.hears(bytes);
    expect(voter.retainedBytes()).toBeLessThanOrEqual(once + 1024);
    // Answers are shared out: 64 a second.
    expect(voter.sent.length - length).toBeLessThanOrEqual(64);
    expect(voter.reports.every(({ code }) => penaltyOf(code) === 0)).toBe(true);
  });
});

describe.each(KINDS)('signatures and seats of a vote to %s, and of its certificate', (kind) => {
  const vote = VOTES[kind]();
  const asVote = async (options: Parameters<HostileVoter['vote']>[1]): Promise<Message> => ({
    type: 'vote',
    epoch: 1,
    signed: await voter.vote(vote, options),
  });
  const asCertificate = async (options: object, seats?: readonly number[]): Promise<Message> => ({
    type: 'certificate',
    certificate: await voter.certificate(vote, seats, options),
  });

  test.each<[string, () => object]>([
    ['another chain', () => ({ chain: hash('test/other chain') })],
    ['another epoch', () => ({ epoch: { ...voter.epoch(1), epoch: 0 } })],
    ['another committee', () => ({ epoch: { ...voter.epoch(1), committeeRoot: hash('test/others') } })],
  ])('signed for %s', async (_, options) => {
    await expectRefused(await asVote(options()), 'BAD_SIGNATURE', 50);
    voter.forget();
    await expectRefused(await asCertificate(options()), 'BAD_SIGNATURE', 50);
  });

  test('signed by another seat', async () => {
    const { signature } = await voter.vote(vote, { seat: 2 });
    await expectRefused({ type: 'vote', epoch: 1, signed: { seat: 1, vote, signature } }, 'BAD_SIGNATURE', 50);
  });

  test('a seat that is none', async () => {
    const { signature } = await voter.vote(vote);
    await expectRefused({ type: 'vote', epoch: 1, signed: { seat: 100, vote, signature } }, 'UNKNOWN_SEAT', 25);
  });

  test('a signer twice, seats out of order, too few, one too many for any committee', async () => {
    const { epoch, groups } = await voter.certificate(vote);
    const signatures = groups[0]!.signatures;
    const of = (list: typeof signatures): Message => ({
      type: 'certificate',
      certificate: { epoch, groups: [{ vote, signatures: list }] },
    });
    const [a, b, c] = signatures as [(typeof signatures)[0], (typeof signatures)[0], (typeof signatures)[0]];
    await expectRefused(of([a, a, b]), 'MALFORMED_MESSAGE', 50);
    voter.forget();
    await expectRefused(of([c, b, a]), 'MALFORMED_MESSAGE', 50);
    voter.forget();
    await expectRefused(of([a, b]), 'NO_QUORUM', 25);
    voter.forget();
    const content = [1, [[[3, VIEW, blockId], Array.from({ length: 129 }, () => [0, [1, a[1]]])]]];
    await expectRefused(encodeCanonical([2, content]), 'MALFORMED_MESSAGE', 50);
  });

  test('of an epoch that is over: answered with where this node stands, no fault', async () => {
    await voter.hears({ type: 'vote', epoch: 0, signed: await voter.vote(vote, { epoch: voter.epoch(0) }) });
    expect(voter.reports).toEqual([]);
    expect(voter.sent).toHaveLength(1);
    expect(voter.retainedBytes()).toBeLessThan(before + 1024);
  });

  test('of an epoch that nobody has reached: nothing is kept', async () => {
    await voter.hears({ type: 'vote', epoch: 2 ** 50, signed: await voter.vote(vote) });
    expect(voter.reports.map(({ code }) => code)).toEqual(['EPOCH_AHEAD']);
    expect(voter.retainedBytes()).toBeLessThan(before + 1024);
  });

  test('of the next epoch: held within a share', async () => {
    for (let number = 0; number < 200; number += 1) {
      await voter.hears({ type: 'vote', epoch: 2, signed: await voter.vote(VOTES[kind](number + 1)) });
    }
    expect(voter.reports.filter(({ code }) => code === 'EPOCH_AHEAD')).toHaveLength(200 - 64);
    expect(voter.retainedBytes()).toBeLessThan(before + 64 * 1024);
  });

  test('of a view far out of reach', async () => {
    await voter.hears({ type: 'vote', epoch: 1, signed: await voter.vote(VOTES[kind](2 ** 52)) });
    expect(voter.reports.map(({ code }) => code)).toEqual(['VIEW_AHEAD']);
    expect(penaltyOf('VIEW_AHEAD')).toBe(0);
    expect(voter.retainedBytes()).toBeLessThan(before + 2 * 1024);
  });
});

describe('certificates of mixed votes', () => {
  const group = async (vote: Vote, seats: readonly number[]) => (await voter.certificate(vote, seats)).groups[0]!;

  test('two kinds, two views, two blocks', async () => {
    const first = await group(notarize(), [0, 1]);
    for (const other of [finalize(), notarize(2), { ...notarize(), blockId: chainId } as Vote]) {
      voter.forget();
      const groups = [first, await group(other, [2])];
      await expectRefused({ type: 'certificate', certificate: { epoch: 1, groups } }, 'MALFORMED_MESSAGE', 50);
    }
  });

  test('two reasons count together; the same groups in another order are another certificate, and none', async () => {
    const groups = [await group(nullify(VIEW, 0), [0, 1]), await group(nullify(VIEW, 2), [2])];
    await expectRefused(
      { type: 'certificate', certificate: { epoch: 1, groups: [...groups].reverse() } },
      'MALFORMED_MESSAGE',
      50,
    );
    voter.forget();
    await voter.hears({ type: 'certificate', certificate: { epoch: 1, groups } });
    expect(voter.reports).toEqual([]);
    expect(voter.retainedBytes()).toBeGreaterThan(before);
  });
});

describe('proposals', () => {
  test.each<[string, () => Promise<Message>, string, number]>([
    [
      'by who does not lead',
      async () => voter.proposal(VIEW, undefined, { seat: (voter.leaderSeat(VIEW) + 1) % 4 }),
      'BAD_SIGNATURE',
      50,
    ],
    [
      'for another chain',
      async () => voter.proposal(VIEW, undefined, { chain: hash('test/other chain') }),
      'BAD_SIGNATURE',
      50,
    ],
    [
      'for another committee',
      async () => voter.proposal(VIEW, undefined, { epoch: voter.epoch(0) }),
      'BAD_SIGNATURE',
      50,
    ],
    [
      'with transactions of another block',
      async () => {
        const proposal = await voter.proposal(VIEW);
        const body = { ...proposal.block.body, transactions: [Uint8Array.of(1)] };
        return { ...proposal, block: { ...proposal.block, body } };
      },
      'WRONG_BODY',
      50,
    ],
    [
      'with a reason that is none',
      async () => voter.proposal(VIEW, voter.block(VIEW, { justification: Uint8Array.of(0xc0) })),
      'MALFORMED_JUSTIFICATION',
      50,
    ],
    [
      'proposed again without need',
      async () => ({ ...(await voter.proposal(VIEW)), again: encodeCanonical([[], [], []]) }),
      'MALFORMED_JUSTIFICATION',
      50,
    ],
    [
      'resting on a certificate with a signer twice',
      async () => {
        const { epoch, groups } = await voter.certificate(nullify());
        const [first] = groups[0]!.signatures;
        const double = { epoch, groups: [{ ...groups[0]!, signatures: [first!, first!, first!] }] };
        const justification = encodeCanonical([[], [contentOf(double) as never], []]);
        return voter.proposal(2, voter.block(2, { justification }));
      },
      'MALFORMED_MESSAGE',
      50,
    ],
    [
      'resting on more nullifications than travel inline',
      async () => {
        const one = contentOf(await voter.certificate(nullify())) as never;
        const justification = encodeCanonical([[], Array.from({ length: 65 }, () => one), []]);
        return voter.proposal(VIEW, voter.block(VIEW, { justification }));
      },
      'MALFORMED_JUSTIFICATION',
      50,
    ],
  ])('%s', async (_, make, code, points) => {
    await expectRefused(await make(), code, points);
  });

  test('of a view far out of reach: nothing is kept', async () => {
    await voter.hears(await voter.proposal(2 ** 40));
    expect(voter.reports.map(({ code }) => code)).toContain('VIEW_AHEAD');
    expect(voter.retainedBytes()).toBeLessThan(before + 2 * 1024);
  });
});

describe('questions', () => {
  test.each<[string, () => Uint8Array]>([
    ['for seventeen blocks', () => encodeCanonical([3, Array.from({ length: 17 }, (_, at) => hash('id', at))])],
    ['for one block twice', () => encodeCanonical([3, [blockId, blockId]])],
    ['for nothing', () => encodeCanonical([3, []])],
    ['for the newest vote of half a source', () => encodeCanonical([7, new Uint8Array(16)])],
  ])('%s', async (_, bytes) => {
    await expectRefused(bytes(), 'MALFORMED_MESSAGE', 50);
  });

  test('the newest vote of one source with the seat of another', async () => {
    const signed = await voter.vote(notarize());
    const { source } = voter.members[2]!;
    await expectRefused({ type: 'newest-vote', source, newest: { epoch: 1, signed } }, 'UNKNOWN_SEAT', 25);
  });

  test('ten thousand of them draw 64 answers a second', async () => {
    const question = encodeMessage({ type: 'fetch-certificates', epoch: 1, fromView: 1, toView: 2 ** 50 });
    for (let asked = 0; asked < 10_000; asked += 1) await voter.hears(question);
    expect(voter.sent.length).toBeLessThanOrEqual(64);
    expect(voter.retainedBytes()).toBeLessThan(before + 2 * 1024);
  });
});

describe('a liar with a key of its own', () => {
  // The bound of docs/spec/simplex.md, section 11, for four seats.
  const BOUND_BYTES = 1024 * 1024;

  test('votes without end, each well signed, fill no memory', async () => {
    for (let number = 0; number < 400; number += 1) {
      for (const kind of KINDS) {
        const view = number % 3 === 0 ? number : number % 3 === 1 ? 1 + (number % 40) : 2 ** 30 + number;
        const vote = { ...VOTES[kind](view), blockId: kind === 'nullify' ? undefined : hash('b', number) } as Vote;
        await voter.hears({ type: 'vote', epoch: 1, signed: await voter.vote(vote, { seat: 3 }) });
      }
    }
    expect(voter.retainedBytes()).toBeLessThan(BOUND_BYTES);
    expect(voter.reports.every(({ code }) => penaltyOf(code) === 0)).toBe(true);
  });
});
