import { toHex } from '@radledger/primitives';
import { expect, test } from 'vitest';
import { centralHeader, endOfCentralDirectory, localHeader, storedZipBytes } from '../src/stored-zip.js';

const entry = (sizeBytes: number) => ({ name: 'IMAGES/IM000001', sizeBytes, crc32: 0x01020304 });
const name = '494d414745532f494d303030303031';

test('a local header holds size and CRC-32, one fixed time and no flags', () => {
  expect(toHex(localHeader(entry(5)))).toBe(
    `504b0304${'1400'}${'0000'}${'0000'}${'0000'}${'2100'}${'04030201'}${'05000000'}${'05000000'}${'0f00'}${'0000'}${name}`,
  );
});

test('zip64 begins at 4 GiB - 1, the value that says "look there"', () => {
  expect(localHeader(entry(0xfffffffe))).toHaveLength(45);
  expect(toHex(localHeader(entry(0xffffffff)))).toBe(
    `504b0304${'2d00'}${'0000'}${'0000'}${'0000'}${'2100'}${'04030201'}${'ffffffff'}${'ffffffff'}${'0f00'}${'1400'}${name}` +
      `${'0100'}${'1000'}${'ffffffff00000000'}${'ffffffff00000000'}`,
  );
});

test('a directory record has zip64 fields for what overflows, and only for that', () => {
  const tail = (bytes: Uint8Array) => toHex(bytes.subarray(46 + 15));
  expect(tail(centralHeader(entry(5), 0xfffffffe))).toBe('');
  expect(tail(centralHeader(entry(5), 2 ** 32))).toBe('010008000000000001000000');
  expect(tail(centralHeader(entry(2 ** 33), 7))).toBe('0100100000000000020000000000000002000000');
  expect(tail(centralHeader(entry(2 ** 33), 2 ** 34))).toBe('01001800000000000200000000000000020000000000000004000000');
  expect(toHex(centralHeader(entry(2 ** 33), 7)).slice(40, 56)).toBe('ffffffffffffffff');
});

test('the end record is followed to by a zip64 record and its locator when a number overflows', () => {
  const small = endOfCentralDirectory({ entries: 2, directoryBytes: 122, directoryOffset: 1000 });
  expect(toHex(small)).toBe('504b050600000000020002007a000000e80300000000');
  const far = endOfCentralDirectory({ entries: 2, directoryBytes: 122, directoryOffset: 2 ** 32 });
  expect(toHex(far)).toBe(
    '504b06062c000000000000002d002d0000000000000000000200000000000000020000000000000' +
      '07a000000000000000000000001000000' +
      '504b0607000000007a0000000100000001000000' +
      '504b050600000000020002007a000000ffffffff0000',
  );
  expect(endOfCentralDirectory({ entries: 65_534, directoryBytes: 1, directoryOffset: 1 })).toHaveLength(22);
  expect(endOfCentralDirectory({ entries: 65_535, directoryBytes: 1, directoryOffset: 1 })).toHaveLength(98);
});

test('the size of a ZIP beyond 4 GiB is known without its bytes', () => {
  const sizes = [3 * 2 ** 30, 5 * 2 ** 30, 100];
  // Headers 45, 45 + 20, 45; records 61, 61 + 20, 61 + 12; both zip64 ends.
  const headers = 45 + 65 + 45 + 61 + 81 + 73 + 98;
  expect(storedZipBytes(sizes.map(entry))).toBe(sizes.reduce((sum, size) => sum + size, 0) + headers);
});
