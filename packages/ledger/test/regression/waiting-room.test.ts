// What broke: anybody could push out what waits for its record, a patient's Revoke among it, and nobody was told.
import { toHex } from '@radledger/primitives';
import type { SignedTransaction } from '@radledger/transactions';
import { expect, test } from 'vitest';
import { type WaitsFor, WaitingRoom } from '../../src/waiting-room.js';
import { testSource } from '../support/keys.js';
import { allowAccess, idOf, ownerOf, revokeAccess } from '../support/transactions.js';

const chainId = idOf('chain');
const entryOf = (signed: SignedTransaction, waitsFor: WaitsFor = 'record', sinceHeight = 1) => ({
  id: toHex(signed.txId),
  signed,
  waitsFor,
  sinceHeight,
});

async function allows(sourceName: string, count: number): Promise<readonly SignedTransaction[]> {
  const source = await testSource(sourceName);
  const owner = await ownerOf('mallory');
  return Promise.all(
    Array.from({ length: count }, (_, index) => allowAccess(chainId, source, { study: 'mr', owner, tag: `${index}` })),
  );
}

test('a flood of other kinds, or of signers that no record names, pushes out no Revoke that only waits for its time', async () => {
  const room = new WaitingRoom({ countMax: 4, bytesMax: 65_536 });
  const source = await testSource('s0');
  const revoke = await revokeAccess(chainId, source, { study: 'mr', owner: await ownerOf('anna'), tag: 'x' });
  room.add(entryOf(revoke, 'time'));
  for (const signed of await allows('s0', 8)) room.add(entryOf(signed));
  for (let index = 0; index < 8; index += 1) {
    const owner = await ownerOf(`stranger ${index}`);
    room.add(entryOf(await revokeAccess(chainId, source, { study: 'mr', owner, tag: 'x' })));
  }
  expect(room.has(toHex(revoke.txId))).toBe(true);
  expect(room.all()).toHaveLength(9);
});

test('the source that takes most room gives way, oldest first, and what goes is told', async () => {
  const room = new WaitingRoom({ countMax: 4, bytesMax: 65_536 });
  const [small] = await allows('s1', 1);
  const big = await allows('s0', 5);
  room.add(entryOf(small!));
  const evicted = big.flatMap((signed) => room.add(entryOf(signed)));
  expect(evicted.map(({ id }) => id)).toEqual([big[0]!, big[1]!].map(({ txId }) => toHex(txId)));
  expect(room.has(toHex(small!.txId))).toBe(true);
});

test('what waits for a record is judged once, and again when that record changes', async () => {
  const room = new WaitingRoom();
  const [first, second] = await allows('s0', 2);
  room.add(entryOf(first!));
  room.add(entryOf(second!, 'time'));
  const ids = (cells: Iterable<string>): readonly string[] => room.worthJudging(new Set(cells)).map(({ id }) => id);
  const [one, two] = [first!, second!].map(({ txId }) => toHex(txId));
  expect(ids([])).toEqual([one, two]);
  expect(ids([])).toEqual([two]);
  const source = toHex((await testSource('s0')).signer.publicKey);
  expect(ids([`study/${source}/${toHex(idOf('mr'))}`])).toEqual([one, two]);
});

test('nothing waits for ever, though a Revoke has no expiry height', async () => {
  const room = new WaitingRoom();
  const source = await testSource('s0');
  const revoke = await revokeAccess(chainId, source, { study: 'mr', owner: await ownerOf('anna'), tag: 'x' });
  room.add(entryOf(revoke, 'record', 10));
  expect(room.expire(522, 512)).toEqual([]);
  expect(room.expire(523, 512)).toHaveLength(1);
  expect(room.all()).toEqual([]);
});
