import { encodeCanonical, fromHex, toHex } from '@radledger/primitives';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LedgerError } from '../src/index.js';
import {
  decodeAnnouncement,
  decodeBlocks,
  decodeBlocksRequest,
  encodeAnnouncement,
  encodeBlocks,
  encodeBlocksRequest,
} from '../src/sync-messages.js';

const id = new Uint8Array(32).fill(0x11);

// The examples of docs/spec/node-sync.md, section 4.
const ANNOUNCEMENT = `93012ac420${'11'.repeat(32)}`;
const REQUEST = '930129cd0100';
const BLOCKS = '92019193c40168c40162c40170';

test('the examples of the specification', () => {
  expect(toHex(encodeAnnouncement({ height: 42, id }))).toBe(ANNOUNCEMENT);
  expect(decodeAnnouncement(fromHex(ANNOUNCEMENT))).toEqual({ height: 42, id });
  expect(toHex(encodeBlocksRequest({ from: 41, limit: 256 }))).toBe(REQUEST);
  expect(decodeBlocksRequest(fromHex(REQUEST))).toEqual({ from: 41, limit: 256 });
  const block = { header: Uint8Array.of(0x68), body: Uint8Array.of(0x62), proof: Uint8Array.of(0x70) };
  expect(toHex(encodeBlocks([block], 1_024))).toBe(BLOCKS);
  expect(decodeBlocks(fromHex(BLOCKS), 1_024)).toEqual([block]);
});

test.each([
  ['an id that is too short', () => decodeAnnouncement(encodeCanonical([1, 42, id.slice(1)]))],
  ['another format', () => decodeAnnouncement(encodeCanonical([2, 42, id]))],
  ['a member too many', () => decodeAnnouncement(encodeCanonical([1, 42, id, 0]))],
  ['a height beyond 2^53', () => decodeAnnouncement(fromHex(`9301cf0020000000000000c420${'11'.repeat(32)}`))],
  ['too many blocks asked for', () => decodeBlocksRequest(encodeCanonical([1, 1, 257]))],
  ['more bytes than asked for', () => decodeBlocks(new Uint8Array(2_000), 1_024)],
  ['an over-long integer', () => decodeBlocksRequest(fromHex('9301cc29cd0100'))],
])('%s is refused', (_name, decode) => {
  expect(decode).toThrow(LedgerError);
});

test('no bytes make a decoder throw anything but a coded error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      for (const decode of [decodeAnnouncement, decodeBlocksRequest, (b: Uint8Array) => decodeBlocks(b, 64)]) {
        try {
          decode(bytes);
        } catch (error) {
          expect(error).toMatchObject({ code: 'PEER_DATA_INVALID' });
        }
      }
    }),
    { seed: 20_261_123, numRuns: 500 },
  );
});
