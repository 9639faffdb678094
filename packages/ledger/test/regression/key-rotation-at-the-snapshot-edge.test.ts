/**
 * A node goes on voting and leading with the keys that a Rotate Key names, from the first epoch whose snapshot has them, without a
 * restart: a key that changed at once, or a node that waited for a restart, would leave its seat silent for epochs.
 */
import { cellKey, decodeEpochCell, decodeKeyCell } from '@radledger/chain';
import { decodeSignRecord } from '@radledger/consensus';
import { simplex } from '@radledger/consensus-simplex';
import { createSigner, publicKeyOf, type Signer, toHex, vrfProve } from '@radledger/primitives';
import { createTransaction, signKeyProof } from '@radledger/transactions';
import { afterEach, expect, test, vi } from 'vitest';
import { seedOf } from '../support/keys.js';
import { finalizedAt, heightReached, memorySignLog, startNet, type TestNet, type TestNode } from '../support/net.js';
import { defineSource } from '../support/transactions.js';

// A net on a busy machine takes its time; what it waits for is an event, never a moment.
vi.setConfig({ testTimeout: 90_000 });

const EPOCH_HEIGHTS = 6;
let net: TestNet | undefined;
afterEach(async () => {
  await net?.close();
  net = undefined;
});

test('the votes of the new key carry the chain where the old one did', async () => {
  const next = await createSigner(seedOf('s3 next node'));
  const vrfSeed = seedOf('s3 next vrf');
  const vrfKey = await publicKeyOf(vrfSeed);
  const oldLog = memorySignLog(new Uint8Array(32));
  const newLog = memorySignLog(next.publicKey);
  net = await startNet({
    module: simplex,
    parameters: { targetIntervalMs: 100, epochHeights: EPOCH_HEIGHTS },
    identity: (index) =>
      index === 3
        ? {
            signLog: oldLog.open(),
            next: {
              node: { signer: next, signLog: newLog.open() },
              vrf: { publicKey: vrfKey, prove: (alpha) => vrfProve(vrfSeed, alpha) },
            },
          }
        : {},
  });
  const { chainId, nodes } = net;
  const [watcher, other, , rotating] = nodes as readonly [TestNode, TestNode, TestNode, TestNode];
  const own = rotating.source!;
  const source = own.signer.publicKey;
  const rotate = async (role: 'node' | 'vrf', key: Signer) =>
    createTransaction({
      chainId,
      kind: 'rotate-key',
      signer: own.signer,
      expiryHeight: 500,
      payload: { source, role, newKey: key.publicKey, proof: await signKeyProof({ chainId, source, role, key }) },
    });
  const define = await defineSource(chainId, own);
  await watcher.ledger.submit(define.bytes);
  await finalizedAt(watcher.ledger, define.txId);
  const rotations = [await rotate('node', next), await rotate('vrf', await createSigner(vrfSeed))];
  for (const { bytes } of rotations) await watcher.ledger.submit(bytes);
  const heights = await Promise.all(rotations.map(({ txId }) => finalizedAt(watcher.ledger, txId)));
  expect(rotating.ledger.status().nodeKey).toEqual(own.nodeSigner.publicKey);

  // The snapshot at the end of the epoch of the later one decides the epoch after the next.
  const first = Math.floor((Math.max(...heights) - 1) / EPOCH_HEIGHTS) + 2;
  const firstHeight = first * EPOCH_HEIGHTS + 1;
  await heightReached(watcher.ledger, firstHeight);
  // Three of four are a quorum only with the one that changed its keys.
  await other.stop();
  await heightReached(watcher.ledger, firstHeight + EPOCH_HEIGHTS);
  for (let height = firstHeight + EPOCH_HEIGHTS; ; height++) {
    await heightReached(watcher.ledger, height);
    const block = await watcher.ledger.block(height);
    if (block !== undefined && toHex(block.header.proposer) === toHex(source)) break;
  }
  await heightReached(rotating.ledger, firstHeight + EPOCH_HEIGHTS);
  expect(rotating.ledger.status()).toMatchObject({ nodeKey: next.publicKey, voting: { allowed: true } });

  const epochsOf = (records: readonly Uint8Array[]): readonly number[] =>
    records.map((record) => decodeSignRecord(record).epoch);
  expect(Math.max(...epochsOf(oldLog.records))).toBe(first - 1);
  expect(Math.min(...epochsOf(newLog.records))).toBe(first);

  // Evidence about the old key's epochs still finds its source: by its key cell, and in the members of those epochs.
  const [oldKey, before, after] = await watcher.ledger.read(({ state }) =>
    state.getMany([cellKey.key(own.nodeSigner.publicKey), cellKey.epoch(first - 1), cellKey.epoch(first)]),
  );
  expect(decodeKeyCell(oldKey as Uint8Array)).toMatchObject({ source, role: 'node' });
  const keysIn = (cell: Uint8Array | undefined) =>
    decodeEpochCell(cell as Uint8Array).members.find((member) => toHex(member.source) === toHex(source));
  expect(keysIn(before)).toMatchObject({ nodeKey: own.nodeSigner.publicKey, vrfKey: own.vrfKey });
  expect(keysIn(after)).toMatchObject({ nodeKey: next.publicKey, vrfKey });
});
