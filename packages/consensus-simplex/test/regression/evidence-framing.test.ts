/**
 * Ways to have an honest voter convicted, each known from somewhere: none may work.
 */
import { hash } from '@radledger/primitives';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { encodeEvidence, type VotePair } from '../../src/evidence-format.js';
import type { Vote } from '../../src/vote.js';
import { blockA, blockB, type Court, openCourt, pairOf, ruling } from '../support/accused.js';

let court: Court;
let guilty: VotePair;
beforeAll(async () => {
  court = await openCourt();
  guilty = (await pairOf(court, 2, 1, [notarize(blockA), notarize(blockB)])) as VotePair;
});

const notarize = (blockId: Uint8Array, view = 5): Vote => ({ kind: 'notarize', view, blockId, timestampMs: 9 });
const finalize = (blockId: Uint8Array, view = 5): Vote => ({ kind: 'finalize', view, blockId });

describe('framing', () => {
  test('evidence with any byte changed convicts nobody', async () => {
    const bytes = encodeEvidence(guilty);
    expect(await ruling(court, bytes)).toMatchObject({ offenders: [1] });
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const mutated = bytes.slice();
        mutated[at] = (mutated[at] as number) ^ flip;
        expect(await ruling(court, mutated)).toBeUndefined();
      }),
      { seed: 11, numRuns: 300 },
    );
  });

  test('votes of another chain', async () => {
    expect(await ruling(court, guilty, { chainId: hash('test/other-chain') })).toBeUndefined();
  });

  test('votes of another epoch: views begin anew in each', async () => {
    const votes = [
      { vote: notarize(blockA), signature: await court.sign(1, notarize(blockA)) },
      { vote: notarize(blockB), signature: await court.sign(1, notarize(blockB), court.next) },
    ] as const;
    expect(await ruling(court, { ...guilty, votes })).toBeUndefined();
    expect(await ruling(court, guilty, { epoch: court.next })).toBeUndefined();
  });

  test('another committee than the one that the epoch has', async () => {
    const committeeRoot = hash('test/committee');
    const other = { ...court.epoch, committeeRoot };
    const votes = await Promise.all(
      guilty.votes.map(async ({ vote }) => ({ vote, signature: await court.sign(1, vote, other) })),
    );
    const [first, second] = votes as [(typeof votes)[0], (typeof votes)[0]];
    // The signatures hold; they bind to a committee that no epoch of this chain has.
    expect(await ruling(court, { ...guilty, committeeRoot, votes: [first, second] })).toBeUndefined();
  });

  test('a signer outside of the committee', async () => {
    const epoch = { ...court.epoch, committee: court.epoch.committee.filter((_member, seat) => seat !== 1) };
    expect(await ruling(court, guilty, { epoch })).toBeUndefined();
  });

  test('a committee made up for a certificate', async () => {
    const [, outsider] = court.epoch.committee;
    if (outsider === undefined) throw new Error('four voters');
    const certificate = {
      epoch: 3,
      groups: [{ vote: notarize(blockA), signatures: [[0, new Uint8Array(64)] as const] }],
    };
    expect(await ruling(court, { kind: 6, epoch: 3, committee: [outsider], certificate })).toBeUndefined();
  });
});

test('amnesia is no evidence: notarizing one block and another in a later view, or finalizing what others notarized', async () => {
  expect(await ruling(court, await pairOf(court, 2, 1, [notarize(blockA, 5), notarize(blockB, 6)]))).toBeUndefined();
  expect(await ruling(court, await pairOf(court, 3, 1, [finalize(blockA, 5), finalize(blockB, 7)]))).toBeUndefined();
  for (const kind of [2, 3, 4] as const) {
    expect(await ruling(court, await pairOf(court, kind, 1, [notarize(blockA), finalize(blockB)]))).toBeUndefined();
  }
});

test('commonware 1607: what a quorum made together accuses nobody; only signatures of one key do', async () => {
  // The dropped scheme took a recovered threshold signature for a voter's own. Here a certificate is the list of its voters'
  // signatures, and each accuses the key that made it: another's signature under the same statement proves nothing.
  const votes = [
    { vote: notarize(blockA), signature: await court.sign(1, notarize(blockA)) },
    { vote: notarize(blockB), signature: await court.sign(2, notarize(blockB)) },
  ] as const;
  for (const seat of [1, 2]) {
    const nodeKey = court.keys(seat).node.publicKey;
    expect(await ruling(court, { ...guilty, nodeKey, votes })).toBeUndefined();
  }
});
