import { cellKey, decodeEpochCell, epochOfHeight } from '@radledger/chain';
import { simplex } from '@radledger/consensus-simplex';
import { createSigner, toHex } from '@radledger/primitives';
import { createTransaction, type PayloadOf } from '@radledger/transactions';
import { afterEach, expect, test, vi } from 'vitest';
import { seedOf, testSource } from './support/keys.js';
import { finalizedAt, heightReached, startNet, type TestNet, type TestNode } from './support/net.js';
import { defineSource, defineStudy, ownerOf } from './support/transactions.js';

// A net on a busy machine takes its time; what it waits for is an event, never a moment.
vi.setConfig({ testTimeout: 90_000 });

const EPOCH_HEIGHTS = 4;
let net: TestNet | undefined;
afterEach(async () => {
  await net?.close();
  net = undefined;
});

test('a source comes in on the word of a payer, and weighs what the payer vouches for', async () => {
  const payer = await createSigner(seedOf('payer'));
  net = await startNet({
    module: simplex,
    // All weight may change hands in a short while, so that the test need not wait for days of heights.
    parameters: {
      targetIntervalMs: 100,
      epochHeights: EPOCH_HEIGHTS,
      stakeChurnBasisPoints: 10_000,
      quotaPeriodHeights: 4,
    },
    policies: { admission: 'attested', stake: 'attested' },
    authorities: [payer.publicKey],
  });
  const { chainId, nodes } = net;
  const [first, second] = nodes as unknown as readonly [TestNode, TestNode];
  const newcomer = await testSource('newcomer');
  const source = newcomer.signer.publicKey;
  const attest = (payload: Partial<PayloadOf<'attest'>>, signer = payer) =>
    createTransaction({
      chainId,
      kind: 'attest',
      signer,
      expiryHeight: 400,
      payload: { source, admitUntilHeight: undefined, studies: undefined, ...payload },
    });

  await expect(first.ledger.submit((await defineSource(chainId, newcomer)).bytes)).rejects.toMatchObject({
    info: { rule: 'ADMISSION_UNATTESTED' },
  });
  const stranger = await createSigner(seedOf('stranger'));
  await expect(first.ledger.submit((await attest({ admitUntilHeight: 400 }, stranger)).bytes)).rejects.toMatchObject({
    info: { rule: 'AUTHORITY_UNKNOWN' },
  });
  /** Sent by one node, final on another. */
  const send = async (bytes: Uint8Array): Promise<number> => {
    const txId = await first.ledger.submit(bytes);
    const height = await finalizedAt(second.ledger, txId);
    await heightReached(first.ledger, height);
    return height;
  };
  await send((await attest({ admitUntilHeight: 400 })).bytes);
  await send((await defineSource(chainId, newcomer, { nonce: new Uint8Array(8) })).bytes);
  let defined = 0;
  for (const study of ['one', 'two', 'three']) {
    defined = await send((await defineStudy(chainId, newcomer, { study, owner: await ownerOf(study) })).bytes);
  }
  /** Weight in the epoch that the snapshot after this height decides. */
  const weightAfter = async (height: number): Promise<bigint | undefined> => {
    const epoch = epochOfHeight(height, EPOCH_HEIGHTS) + 2;
    await heightReached(second.ledger, (epoch - 1) * EPOCH_HEIGHTS);
    const [cell] = await second.ledger.read(({ state }) => state.getMany([cellKey.epoch(epoch)]));
    const { members } = decodeEpochCell(cell as Uint8Array);
    return members.find((member) => toHex(member.source) === toHex(source))?.weight;
  };
  // Three studies, and nobody vouches for them.
  expect(await weightAfter(defined)).toBeUndefined();
  expect(await weightAfter(await send((await attest({ studies: { period: 0, countMax: 2 } })).bytes))).toBe(2_000n);
  expect(await weightAfter(await send((await attest({ studies: { period: 0, countMax: 900 } })).bytes))).toBe(3_000n);
});
