// Goal: what an earlier version wrote is still read. Both texts were written by the code of format 1.
import { fromHex } from '@radledger/primitives';
import { expect, test } from 'vitest';
import { decodeOwnerNote, decodeWalletState, encodeOwnerNote, encodeWalletState } from '../src/wallet-state.js';

const SNAPSHOT_1 = [
  '9801c4200505050505050505050505050505050505050505050505050505050505050505c410000000000000000000000000',
  '00000000009192030290909199c4200606060606060606060606060606060606060606060606060606060606060606c42007',
  '070707070707070707070707070707070707070707070707070707070707070003019090909196c420010101010101010101',
  '010101010101010101010101010101010101010101010191959201c420020202020202020202020202020202020202020202',
  '0202020202020202020202c4200303030303030303030303030303030303030303030303030303030303030303b868747470',
  '733a2f2f70726163746963652e6578616d706c6591c41004040404040404040404040404040404ae7365636f6e64206f7069',
  '6e696f6e07090501',
].join('');
const NOTE_1 = [
  '92019196c420010101010101010101010101010101010101010101010101010101010101010191959201c420020202020202',
  '0202020202020202020202020202020202020202020202020202c42003030303030303030303030303030303030303030303',
  '03030303030303030303b868747470733a2f2f70726163746963652e6578616d706c6591c410040404040404040404040404',
  '04040404ae7365636f6e64206f70696e696f6e07090501',
].join('');

const GRANT = { reason: 'second opinion', sequence: 7, notAfterMs: 9, recordedAtMs: 5 };

test('a snapshot of format 1 is read and written as format 2', () => {
  const state = decodeWalletState(fromHex(SNAPSHOT_1));
  const { reason, ...rest } = GRANT;
  expect(state).toMatchObject({
    format: 2,
    todos: [],
    studies: [{ role: 'owner', keyIndex: 1, grants: [{ ...rest, requester: { reason }, noticeDelivered: true }] }],
  });
  expect(decodeWalletState(encodeWalletState(state))).toEqual(state);
});

test('so is a note of format 1', () => {
  const grants = decodeOwnerNote(fromHex(NOTE_1));
  expect(grants).toMatchObject([{ sequence: 7, requester: { reason: GRANT.reason } }]);
  expect(decodeOwnerNote(encodeOwnerNote(grants))).toEqual(grants);
});

test.each([
  ['nothing', new Uint8Array(0)],
  ['another format', fromHex(NOTE_1)],
  ['a cut', fromHex(SNAPSHOT_1).subarray(1)],
])('is no snapshot: %s', (_, bytes) => {
  expect(() => decodeWalletState(bytes)).toThrow(expect.objectContaining({ code: 'SNAPSHOT_MALFORMED' }));
});
