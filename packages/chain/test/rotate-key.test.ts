import type { Signer } from '@radledger/primitives';
import { type KeyRole, signKeyProof } from '@radledger/transactions';
import { beforeEach, expect, test } from 'vitest';
import { cellKey, decodeEpochCell, decodeKeyCell, encodeKeyCell } from '../src/index.js';
import { judge, type SourceKeys, signerOf, sourceKeysOf, TestNet } from './scenario-fixture.js';
import { toHex } from '@radledger/primitives';

const EPOCH_HEIGHTS = 4;
let net: TestNet;
let a: SourceKeys;
let source: Uint8Array;

beforeEach(async () => {
  net = await TestNet.open(['a', 'b'], { epochHeights: EPOCH_HEIGHTS });
  a = await sourceKeysOf('a');
  source = a.signing.publicKey;
  expect((await net.add([await net.defineSource('a')])).left).toEqual([]);
});

const rotate = async (role: KeyRole, key: Signer, signer = a.signing) =>
  net.tx('rotate-key', signer, {
    source,
    role,
    newKey: key.publicKey,
    proof: await signKeyProof({ chainId: net.chainId, source, role, key }),
  });

async function upTo(height: number): Promise<void> {
  while (net.parent.height < height) await net.add();
}

async function nodeKeyIn(epoch: number): Promise<Uint8Array | undefined> {
  const [value] = await net.state.getMany([cellKey.epoch(epoch)]);
  return decodeEpochCell(value as Uint8Array).members.find((member) => toHex(member.source) === toHex(source))?.nodeKey;
}

test('a rotation in the boundary block is in its snapshot; one block later it waits an epoch more', async () => {
  const [second, third] = [await signerOf('second'), await signerOf('third')];
  await upTo(EPOCH_HEIGHTS - 1);
  await net.add([await rotate('node', second)]);
  await net.add([await rotate('node', third)]);
  expect([await nodeKeyIn(1), await nodeKeyIn(2)]).toEqual([a.node.publicKey, second.publicKey]);
  await upTo(2 * EPOCH_HEIGHTS);
  expect([await nodeKeyIn(2), await nodeKeyIn(3)]).toEqual([second.publicKey, third.publicKey]);
});

test('of two rotations in an epoch the later serves; the key between never does, and is never free again', async () => {
  const [second, third] = [await signerOf('second'), await signerOf('third')];
  expect((await net.add([await rotate('node', second)])).left).toEqual([]);
  expect((await net.add([await rotate('node', third)])).left).toEqual([]);
  await upTo(EPOCH_HEIGHTS);
  expect([await nodeKeyIn(1), await nodeKeyIn(2)]).toEqual([a.node.publicKey, third.publicKey]);
  for (const key of [a.node, second, third, a.vrf])
    expect(await judge(net, await rotate('node', key))).toBe('KEY_TAKEN!');
  const cells = await net.state.getMany([a.node, second, third].map(({ publicKey }) => cellKey.key(publicKey)));
  for (const cell of cells) {
    expect(decodeKeyCell(cell as Uint8Array)).toEqual({ source, role: 'node', tombstoned: false });
  }
});

test('a tombstoned key can be replaced, and stays tombstoned', async () => {
  const ref = cellKey.key(a.node.publicKey);
  const tombstone = encodeKeyCell({ source, role: 'node', tombstoned: true });
  net.state.commit({ cells: new Map([[toHex(ref), tombstone]]), nodes: new Map(), stateRoot: new Uint8Array(32) });
  expect((await net.add([await rotate('node', await signerOf('second'))])).left).toEqual([]);
  expect(await judge(net, await rotate('node', a.node))).toBe('KEY_TAKEN!');
  const [old] = await net.state.getMany([ref]);
  expect(decodeKeyCell(old as Uint8Array).tombstoned).toBe(true);
});

test('the signing key changes at once, whatever the epoch: the old one signs nothing more', async () => {
  const next = await signerOf('next signing');
  const third = await signerOf('third');
  expect((await net.add([await rotate('signing', next)])).left).toEqual([]);
  expect(await judge(net, await rotate('node', third))).toBe('NOT_SOURCE_KEY');
  expect(await judge(net, await rotate('node', third, next))).toBe('ok');
});

test('rotations spend of the quota of studies: each leaves a key cell for ever', async () => {
  net = await TestNet.open(['a', 'b'], { epochHeights: EPOCH_HEIGHTS, sourceStudyBase: 2, sourceStudyRateFactor: 0 });
  expect((await net.add([await net.defineSource('a')])).left).toEqual([]);
  expect((await net.add([await rotate('node', await signerOf('second'))])).left).toEqual([]);
  expect((await net.add([await rotate('vrf', await signerOf('third'))])).left).toEqual([]);
  expect(await judge(net, await rotate('node', await signerOf('fourth')))).toBe('SOURCE_STUDY_QUOTA');
  expect(await judge(net, await net.defineStudy('a', 'study', await signerOf('owner')))).toBe('SOURCE_STUDY_QUOTA');
});
