// Goal: what an earlier version wrote is still read. Each text was written by the code of its format.
import { fromHex, toHex } from '@radledger/primitives';
import { expect, test } from 'vitest';
import { decodeOwnerNote, encodeOwnerNote } from '../src/owner-note.js';
import { decodeWalletState, DEVICES_MAX, encodeWalletState, type GrantRecord } from '../src/wallet-state.js';

const SNAPSHOT_1 = [
  '9801c4200505050505050505050505050505050505050505050505050505050505050505c410000000000000000000000000',
  '00000000009192030290909199c4200606060606060606060606060606060606060606060606060606060606060606c42007',
  '070707070707070707070707070707070707070707070707070707070707070003019090909196c420010101010101010101',
  '010101010101010101010101010101010101010101010191959201c420020202020202020202020202020202020202020202',
  '0202020202020202020202c4200303030303030303030303030303030303030303030303030303030303030303b868747470',
  '733a2f2f70726163746963652e6578616d706c6591c41004040404040404040404040404040404ae7365636f6e64206f7069',
  '6e696f6e07090501',
].join('');
const SNAPSHOT_2 = [
  '9a02c4200505050505050505050505050505050505050505050505050505050505050505c410000000000000000000000000',
  '000000000091920302909195c4200606060606060606060606060606060606060606060606060606060606060606c4200909',
  '0909090909090909090909090909090909090909090909090909090909090103009199c42006060606060606060606060606',
  '06060606060606060606060606060606060606c4200707070707070707070707070707070707070707070707070707070707',
  '07070700030190909090919a03c4200606060606060606060606060606060606060606060606060606060606060606c42007',
  '07070707070707070707070707070707070707070707070707070707070707c4200000000000000000000000000000000000',
  '0000000000000000000000000000000506010000a09192089195c42006060606060606060606060606060606060606060606',
  '06060606060606060606c42007070707070707070707070707070707070707070707070707070707070707070191ad436974',
  '7920486f73706974616c90',
].join('');
const SNAPSHOT_3 = [
  '9a03c4200505050505050505050505050505050505050505050505050505050505050505c410000000000000000000000000',
  '000000000091920302909197c4200606060606060606060606060606060606060606060606060606060606060606c4200909',
  '090909090909090909090909090909090909090909090909090909090909010300a090919ac4200606060606060606060606',
  '060606060606060606060606060606060606060606c420070707070707070707070707070707070707070707070707070707',
  '07070707070003019090909090919a03c4200606060606060606060606060606060606060606060606060606060606060606',
  'c4200707070707070707070707070707070707070707070707070707070707070707c4200000000000000000000000000000',
  '0000000000000000000000000000000000000506010000a09192089196c42006060606060606060606060606060606060606',
  '06060606060606060606060606c42007070707070707070707070707070707070707070707070707070707070707070191ad',
  '4369747920486f73706974616c9090',
].join('');
const NOTE_1 = [
  '92019196c420010101010101010101010101010101010101010101010101010101010101010191959201c420020202020202',
  '0202020202020202020202020202020202020202020202020202c42003030303030303030303030303030303030303030303',
  '03030303030303030303b868747470733a2f2f70726163746963652e6578616d706c6591c410040404040404040404040404',
  '04040404ae7365636f6e64206f70696e696f6e07090501',
].join('');
const NOTE_2 = [
  '92029199c420010101010101010101010101010101010101010101010101010101010101010191959201c420020202020202',
  '0202020202020202020202020202020202020202020202020202c42003030303030303030303030303030303030303030303',
  '03030303030303030303b868747470733a2f2f70726163746963652e6578616d706c6591c410040404040404040404040404',
  '04040404ae7365636f6e64206f70696e696f6e070905019108919301b06c616b65736964652e6578616d706c65a944722052',
  '697665726190',
].join('');

const GRANT = { reason: 'second opinion', sequence: 7, notAfterMs: 9, recordedAtMs: 5 };

test('a snapshot of format 1 is read and written as format 4', () => {
  const state = decodeWalletState(fromHex(SNAPSHOT_1));
  const { reason, ...rest } = GRANT;
  expect(state).toMatchObject({
    format: 4,
    todos: [],
    studies: [{ role: 'owner', keyIndex: 1, grants: [{ ...rest, requester: { reason }, noticeDelivered: true }] }],
  });
  expect(decodeWalletState(encodeWalletState(state))).toEqual(state);
});

test('so is one of format 2', () => {
  const state = decodeWalletState(fromHex(SNAPSHOT_2));
  expect(state).toMatchObject({
    format: 4,
    acceptedRoles: [{ role: 'delegate', keyIndex: 0, name: '', gatewayApi: undefined }],
    studies: [{ role: 'owner', keyIndex: 1, given: undefined }],
    todos: [{ kind: 'note', attempts: 1 }],
    seen: { studies: [{ status: 'active', sourceName: 'City Hospital', delegate: undefined }] },
  });
  expect(decodeWalletState(encodeWalletState(state))).toEqual(state);
});

test('and of format 3', () => {
  const state = decodeWalletState(fromHex(SNAPSHOT_3));
  expect(state).toMatchObject({ format: 4, todos: [{ kind: 'note' }], seen: { studies: [{}] }, devices: [] });
  expect(decodeWalletState(encodeWalletState(state))).toEqual(state);
});

const NOTED = { id: fromHex('1011121314151617'), atMs: 1_795_000_000_000, by: 'sheet' } as const;

test('notes of formats 1 and 2 are read, and written as format 3', () => {
  const first = decodeOwnerNote(fromHex(NOTE_1));
  expect(first).toMatchObject({ grants: [{ sequence: 7, requester: { reason: GRANT.reason } }], devices: [] });
  const second = decodeOwnerNote(fromHex(NOTE_2));
  expect(second).toMatchObject({
    grants: [{ sequence: 7, stoppedAtMs: 8, receiver: { origin: 'https' } }],
    devices: [],
  });
  const { grants } = second;
  const written = encodeOwnerNote({ grants, devices: [NOTED] });
  // Format 2 with another number in front and the devices behind.
  const device = 'c4081011121314151617' + 'cf000001a1ee565e00' + '00';
  expect(toHex(written)).toBe(`9303${NOTE_2.slice(4)}9193${device}`);
  expect(decodeOwnerNote(written)).toMatchObject({ grants, devices: [NOTED] });
});

test('a note keeps every device and the newest grants, in at most 16 KiB', () => {
  const [grant] = decodeOwnerNote(fromHex(NOTE_2)).grants as [GrantRecord];
  const many = Array.from({ length: 200 }, (_, at) => ({ ...grant, recordedAtMs: at, receipt: new Uint8Array(1_000) }));
  const devices = Array.from({ length: DEVICES_MAX }, (_, at) => ({ ...NOTED, atMs: at }));
  const note = encodeOwnerNote({ grants: many, devices });
  expect(note.length).toBeLessThanOrEqual(16 * 1024);
  const read = decodeOwnerNote(note);
  expect(read.devices).toEqual(devices);
  expect(read.grants[0]?.recordedAtMs).toBe(199);
});

test.each([
  ['nothing', new Uint8Array(0)],
  ['another format', fromHex(NOTE_1)],
  ['a cut', fromHex(SNAPSHOT_1).subarray(1)],
])('is no snapshot: %s', (_, bytes) => {
  expect(() => decodeWalletState(bytes)).toThrow(expect.objectContaining({ code: 'SNAPSHOT_MALFORMED' }));
});
