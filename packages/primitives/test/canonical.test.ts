import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { describe, expect, test } from 'vitest';
import { type CanonicalValue, decodeCanonical, encodeCanonical, fromHex, toHex } from '../src/index.js';

const LIMITS = { bytesMax: 1 << 20 };
const value: fc.Arbitrary<CanonicalValue> = fc.letrec<{ value: CanonicalValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 6 },
    fc.maxSafeNat(),
    fc.nat({ max: 300 }),
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Uint8Array.from(bytes)),
    fc.array(tie('value'), { maxLength: 20 }),
  ),
})).value;

test('decode gives back what encode wrote', () => {
  fc.assert(
    fc.property(value, (v) => {
      expect(decodeCanonical(encodeCanonical(v), LIMITS)).toEqual(v);
    }),
    { seed: 1, numRuns: 500 },
  );
});

test('every accepted byte string is what encode writes', () => {
  fc.assert(
    fc.property(value, fc.nat(), fc.nat({ max: 255 }), (v, at, byte) => {
      const mutated = encodeCanonical(v);
      mutated[at % mutated.length] = byte;
      let decoded: CanonicalValue;
      try {
        decoded = decodeCanonical(mutated, LIMITS);
      } catch {
        return;
      }
      expect(toHex(encodeCanonical(decoded))).toBe(toHex(mutated));
    }),
    { seed: 2, numRuns: 2_000 },
  );
});

// Oracle: a general MessagePack library reads our bytes as the same values.
test('the bytes are MessagePack', () => {
  const packr = new Packr({ useRecords: false, int64AsType: 'number', mapsAsObjects: false });
  fc.assert(
    fc.property(value, (v) => {
      const read = packr.unpack(encodeCanonical(v)) as unknown;
      expect(encodeCanonical(plain(read))).toEqual(encodeCanonical(v));
    }),
    { seed: 3, numRuns: 500 },
  );
});

function plain(read: unknown): CanonicalValue {
  if (Array.isArray(read)) return read.map(plain);
  return read instanceof Uint8Array ? Uint8Array.from(read) : (read as CanonicalValue);
}

test.each([
  [0, '00'],
  [127, '7f'],
  [128, 'cc80'],
  [255, 'ccff'],
  [256, 'cd0100'],
  [65_535, 'cdffff'],
  [65_536, 'ce00010000'],
  [4_294_967_295, 'ceffffffff'],
  [4_294_967_296, 'cf0000000100000000'],
  [Number.MAX_SAFE_INTEGER, 'cf001fffffffffffff'],
  ['', 'a0'],
  ['é', 'a2c3a9'],
  ['a'.repeat(32), `d920${'61'.repeat(32)}`],
  [new Uint8Array(), 'c400'],
  [[], '90'],
  [new Array<number>(16).fill(1), `dc0010${'01'.repeat(16)}`],
])('%s is written as %s', (v, hex) => {
  expect(toHex(encodeCanonical(v))).toBe(hex);
});

describe('refused', () => {
  test.each([
    ['a one-byte integer in two', 'cc7f', 'NOT_CANONICAL'],
    ['a two-byte integer in three', 'cd00ff', 'NOT_CANONICAL'],
    ['a four-byte integer in eight', 'cf00000000ffffffff', 'NOT_CANONICAL'],
    ['2^53', 'cf0020000000000000', 'NOT_CANONICAL'],
    ['a signed integer', 'd001', 'NOT_CANONICAL'],
    ['a negative integer', 'ff', 'NOT_CANONICAL'],
    ['a float', 'cb3ff0000000000000', 'NOT_CANONICAL'],
    ['nil', 'c0', 'NOT_CANONICAL'],
    ['a boolean', 'c3', 'NOT_CANONICAL'],
    ['a map', '80', 'NOT_CANONICAL'],
    ['an extension', 'd40100', 'NOT_CANONICAL'],
    ['the reserved type', 'c1', 'NOT_CANONICAL'],
    ['short text with a long head', 'd90161', 'NOT_CANONICAL'],
    ['short bytes with a long head', 'c5000161', 'NOT_CANONICAL'],
    ['a short array with a long head', 'dc000101', 'NOT_CANONICAL'],
    ['text that is not UTF-8', 'a1ff', 'NOT_CANONICAL'],
    ['an encoded surrogate', 'a3eda080', 'NOT_CANONICAL'],
    ['bytes after the value', '0000', 'NOT_CANONICAL'],
    ['a cut-off value', 'c40501', 'NOT_CANONICAL'],
    ['nothing', '', 'NOT_CANONICAL'],
    ['a forged length of 4 GiB', 'ddffffffff', 'NOT_CANONICAL'],
    ['17 levels', `${'91'.repeat(17)}90`, 'TOO_DEEP'],
  ])('%s', (_name, hex, code) => {
    expect(() => decodeCanonical(fromHex(hex), LIMITS)).toThrow(expect.objectContaining({ code }));
  });

  test('200,000 levels, without overflowing the stack', () => {
    const deep = new Uint8Array(200_000).fill(0x91);
    expect(() => decodeCanonical(deep, LIMITS)).toThrow(expect.objectContaining({ code: 'TOO_DEEP' }));
  });

  test('more bytes than allowed, unread', () => {
    expect(() => decodeCanonical(new Uint8Array(11), { bytesMax: 10 })).toThrow(
      expect.objectContaining({ code: 'TOO_LARGE', info: { code: 'TOO_LARGE', bytes: 11, bytesMax: 10 } }),
    );
  });

  test.each([[-1], [1.5], [2 ** 53], [Number.NaN], ['\ud800']])('%s has no canonical bytes', (v) => {
    expect(() => encodeCanonical(v)).toThrow(expect.objectContaining({ code: 'SCHEMA_MISMATCH' }));
  });
});

test('decoded bytes are copies, also from a Node Buffer', () => {
  const source = Buffer.from('c403010203', 'hex');
  const decoded = decodeCanonical(source, LIMITS);
  source.fill(0);
  expect(decoded).toEqual(Uint8Array.of(1, 2, 3));
});
