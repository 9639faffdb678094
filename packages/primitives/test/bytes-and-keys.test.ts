import { execFileSync } from 'node:child_process';
import { hkdfSync } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as primitives from '../src/index.js';
import * as web from '../src/platform-web.js';
import * as node from '../src/platform-node.js';

const {
  compareBytes,
  decodePrivateKeyPem,
  encodePrivateKeyPem,
  equalSecrets,
  fromHex,
  fromUtf8,
  hkdfSha256,
  toHex,
  utf8,
} = primitives;

test('hex goes both ways and refuses anything else', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(fromHex(toHex(bytes))).toEqual(Uint8Array.from(bytes));
    }),
    { seed: 4 },
  );
  for (const text of ['A0', '0', 'zz', ' 00', '0x00']) {
    expect(() => fromHex(text)).toThrow(expect.objectContaining({ code: 'INVALID_HEX' }));
  }
});

test('order is that of unsigned bytes, a prefix first', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 4 }), fc.uint8Array({ maxLength: 4 }), (a, b) => {
      expect(compareBytes(a, b)).toBe(Buffer.compare(a, b));
    }),
    { seed: 5, numRuns: 1_000 },
  );
});

test('secrets compare by value', () => {
  expect(equalSecrets(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true);
  expect(equalSecrets(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false);
  expect(equalSecrets(Uint8Array.of(1, 2), Uint8Array.of(1))).toBe(false);
});

test('text must be well-formed', () => {
  expect(fromUtf8(utf8('\ufeffé'))).toBe('\ufeffé');
  expect(() => fromUtf8(Uint8Array.of(0xff))).toThrow(expect.objectContaining({ code: 'NOT_CANONICAL' }));
});

test.each([1, 32, 33, 100])('HKDF of %i bytes is RFC 5869 with an empty salt', (length) => {
  const secret = new Uint8Array(32).fill(9);
  const expected = hkdfSync('sha256', secret, new Uint8Array(), utf8('radledger/label'), length);
  expect(hkdfSha256(secret, 'radledger/label', length)).toEqual(new Uint8Array(expected));
});

test('both platforms hash, authenticate and write hex alike', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array(), (a, b) => {
      expect(web.encodeHex(a)).toBe(node.encodeHex(a));
      expect(web.decodeHex(web.encodeHex(a))).toEqual(node.decodeHex(node.encodeHex(a)));
      expect(web.sha256(a, b)).toEqual(node.sha256(a, b));
      expect(web.hmacSha256(a, b)).toEqual(node.hmacSha256(a, b));
    }),
    { seed: 6 },
  );
});

test('key files are what openssl writes and reads', () => {
  const pem = execFileSync('openssl', ['genpkey', '-algorithm', 'ed25519'], { encoding: 'utf8' });
  const seed = decodePrivateKeyPem(pem);
  expect(encodePrivateKeyPem(seed)).toBe(pem);
});

test.each(['', 'no key', encodePrivateKeyPem(new Uint8Array(32)).replace('MC4C', 'MC4D'), 'x'.repeat(1000)])(
  'refuses what is no Ed25519 key file',
  (pem) => {
    expect(() => decodePrivateKeyPem(pem)).toThrow(expect.objectContaining({ code: 'INVALID_KEY_FILE' }));
  },
);

test('the public surface', () => {
  expect(Object.keys(primitives).sort()).toMatchSnapshot();
});
