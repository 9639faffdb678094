/** Evidence and what is made of it: claims checked, then judged by the epoch's members. */
import { blockIdOf, encodeHeader, encodeOffence, type Header, judgeOffence } from '@radledger/chain';
import { leaderOf } from '@radledger/consensus';
import {
  type Certificate,
  encodeEvidence,
  encodeSeal,
  type Evidence,
  simplex,
  type Vote,
} from '@radledger/consensus-simplex';
import { compareBytes, verifyAll } from '@radledger/primitives';
import { certificateOf, chainId, parameters, type SimplexEpoch, simplexEpoch } from './simplex-epoch.js';
import { asJson, fill, type VectorCase, type VectorFile } from './vector-file.js';

const policies = { admission: 'open', stake: 'raw' } as const;
const VIEW = 9;
const blockA = fill(0xa1);
const blockB = fill(0xb1);

const notarize = (blockId: Uint8Array, view = VIEW, timestampMs = 1_700_000_000_000): Vote => ({
  kind: 'notarize',
  view,
  blockId,
  timestampMs,
});
const finalize = (blockId: Uint8Array, view = VIEW): Vote => ({ kind: 'finalize', view, blockId });
const nullify = (reason: number): Vote => ({ kind: 'nullify', view: VIEW, reason, blockId: undefined });
const propose = (blockId: Uint8Array): Vote => ({ kind: 'proposal', view: VIEW, blockId });

export async function evidenceVectors(): Promise<VectorFile> {
  const epoch = await simplexEpoch();
  const { context, seats } = epoch;
  const leader = context.committee.findIndex(
    ({ source }) => compareBytes(source, leaderOf(chainId, context, VIEW).source) === 0,
  );

  async function pair(
    kind: 1 | 2 | 3 | 4,
    seat: number,
    a: Vote,
    b: Vote,
    root = context.committeeRoot,
  ): Promise<Evidence> {
    const [first, second] = [await epoch.sign(seat, a), await epoch.sign(seat, b)];
    const nodeKey = seats[seat]?.publicKey as Uint8Array;
    return { kind, epoch: context.epoch, committeeRoot: root, nodeKey, votes: [first, second] };
  }
  async function certificate(vote: Vote, voters: readonly number[]): Promise<Certificate> {
    return certificateOf(context.epoch, await Promise.all(voters.map((seat) => epoch.sign(seat, vote))));
  }
  async function conflict(a: Vote, b: Vote): Promise<Evidence> {
    const certificates = [await certificate(a, [0, 1, 2, 3]), await certificate(b, [0, 1, 2, 3])] as const;
    return { kind: 7, epoch: context.epoch, committee: context.committee, certificates };
  }
  const parent = headerOf(epoch, leader, { height: 349, timestampMs: 1_700_000_000_000 });
  async function proposal(changes: Partial<Header>, offence?: Uint8Array): Promise<Evidence> {
    const header = encodeHeader(headerOf(epoch, leader, { parentId: blockIdOf(parent), ...changes }));
    const { signature } = await epoch.sign(leader, propose(blockIdOf(header)));
    const { committeeRoot } = context;
    const nodeKey = seats[leader]?.publicKey as Uint8Array;
    return { kind: 5, epoch: context.epoch, committeeRoot, nodeKey, view: VIEW, signature, header, offence };
  }
  const beside = encodeOffence({ type: 'parent', parent: encodeHeader(parent) });
  const late = await certificate(notarize(blockA), [0, 1, 2, 3]);

  const cases: readonly (readonly [name: string, evidence: Uint8Array])[] = [
    ...(
      [
        ['ConflictingProposal', await pair(1, leader, propose(blockA), propose(blockB))],
        [
          'ConflictingProposal of another than the leader',
          await pair(1, (leader + 1) % 4, propose(blockA), propose(blockB)),
        ],
        ['ConflictingNotarize', await pair(2, 2, notarize(blockA), notarize(blockB))],
        ['one block, two times', await pair(2, 2, notarize(blockA), notarize(blockA, VIEW, 5))],
        ['another committee', await pair(2, 2, notarize(blockA), notarize(blockB), fill(0x77))],
        ['amnesia: two views', await pair(2, 2, notarize(blockA), notarize(blockB, VIEW + 1))],
        ['ConflictingFinalize', await pair(3, 1, finalize(blockA), finalize(blockB))],
        ['NullifyFinalize', await pair(4, 0, nullify(2), finalize(blockB))],
        ['two reasons', await pair(4, 0, nullify(0), nullify(2))],
        ['notarize one, finalize another', await pair(3, 0, notarize(blockA), finalize(blockB))],
        ['InvalidProposal, epoch of the height', await proposal({ height: 700 })],
        ['InvalidProposal, proposer', await proposal({ proposer: fill(0x66) })],
        ['InvalidProposal, no seal', await proposal({ sealKind: 9 })],
        ['InvalidProposal, height beside the parent', await proposal({ height: 351 }, beside)],
        ['InvalidProposal, time beside the parent', await proposal({ timestampMs: parent.timestampMs }, beside)],
        ['a proposal that fits its parent', await proposal({}, beside)],
        ['LateProof', { kind: 6, epoch: context.epoch, committee: context.committee, certificate: late }],
        [
          'LateProof of a finalization',
          {
            kind: 6,
            epoch: context.epoch,
            committee: context.committee,
            certificate: await certificate(finalize(blockA), [0, 1, 2, 3]),
          },
        ],
        ['CertConflict, two notarizations', await conflict(notarize(blockA), notarize(blockB))],
        ['CertConflict, final and given up', await conflict(finalize(blockA), nullify(1))],
        ['no conflict: notarized and final', await conflict(notarize(blockA), finalize(blockB))],
      ] as readonly (readonly [string, Evidence])[]
    ).map(([name, evidence]) => [name, encodeEvidence(evidence)] as const),
    ['a signature that does not hold', flipped(encodeEvidence(await pair(2, 2, notarize(blockA), notarize(blockB))))],
    ['bytes that are none', fill(0x01, 9)],
  ];
  return {
    name: 'evidence',
    spec: 'evidence.md',
    cases: await Promise.all(cases.map((given) => judged(epoch, ...given))),
  };
}

/** The last byte is one of the second signature. */
function flipped(evidence: Uint8Array): Uint8Array {
  const changed = evidence.slice();
  changed[changed.length - 1] = (changed.at(-1) as number) ^ 1;
  return changed;
}

function headerOf({ context }: SimplexEpoch, leader: number, changes: Partial<Header>): Header {
  const zero = fill(0);
  return {
    format: 1,
    chainId,
    height: 350,
    parentId: zero,
    timestampMs: 1_700_000_002_000,
    proposer: context.committee[leader]?.source as Uint8Array,
    transactionRoot: zero,
    stateRoot: zero,
    dutyRoot: zero,
    bodyBytes: 4,
    sealKind: 1,
    sealBytes: encodeSeal({ epoch: context.epoch, view: VIEW, vrfProof: fill(1, 80), justificationRoot: zero }),
    ...changes,
  };
}

async function judged({ context, input }: SimplexEpoch, name: string, evidence: Uint8Array): Promise<VectorCase> {
  const claims = simplex.evidence.claims(evidence, chainId);
  const holds = claims !== undefined && claims.failing.length === 0 && (await verifyAll(claims.holding));
  const given = { chainId, parameters, policies };
  const judgement = holds
    ? simplex.evidence.judge({
        ...given,
        evidence,
        epoch: context,
        judgeOffence: (header, offence) => judgeOffence(header, offence, given),
      })
    : undefined;
  const { epochHeights, minimumIntervalMs } = parameters;
  return {
    name,
    input: asJson({ chainId, epoch: input, epochHeights, minimumIntervalMs, evidence }),
    output: judgement === undefined ? null : asJson(judgement),
  };
}
