import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { fromHex, publicKeyOf, toHex, utf8, vrfProofToHash, vrfProve, vrfVerify } from '../src/index.js';

interface VrfVector {
  readonly name: string;
  readonly secretKey: string;
  readonly publicKey: string;
  readonly alpha: string;
  readonly proof: string;
  readonly beta: string;
}
const vectors = JSON.parse(
  readFileSync(new URL('../../../tests/data/vectors/ecvrf-edwards25519-sha512-tai.json', import.meta.url), 'utf8'),
) as VrfVector[];

test.each(vectors)('$name', (v) => {
  const proof = vrfProve(fromHex(v.secretKey), fromHex(v.alpha));
  expect(toHex(proof)).toBe(v.proof);
  expect(toHex(vrfProofToHash(proof))).toBe(v.beta);
  expect(toHex(vrfVerify(fromHex(v.publicKey), fromHex(v.alpha), proof) ?? new Uint8Array())).toBe(v.beta);
});

test('a changed proof, input or key does not verify', async () => {
  const seed = new Uint8Array(32).fill(3);
  const key = await publicKeyOf(seed);
  const proof = vrfProve(seed, utf8('alpha'));
  expect(vrfVerify(key, utf8('beta'), proof)).toBeUndefined();
  expect(vrfVerify(await publicKeyOf(new Uint8Array(32).fill(4)), utf8('alpha'), proof)).toBeUndefined();
  for (let at = 0; at < proof.length; at++) {
    const changed = proof.slice();
    changed[at] = (changed[at] as number) ^ 1;
    expect(vrfVerify(key, utf8('alpha'), changed)).toBeUndefined();
  }
});

// Key validation (RFC 9381, section 5.4.5): under the identity as key anybody could prove anything.
test('small-order keys and short proofs are refused', () => {
  const identity = new Uint8Array(32);
  identity[0] = 1;
  expect(vrfVerify(identity, utf8('alpha'), new Uint8Array(80))).toBeUndefined();
  expect(vrfVerify(identity, utf8('alpha'), new Uint8Array(79))).toBeUndefined();
  expect(() => vrfProofToHash(new Uint8Array(79))).toThrow(expect.objectContaining({ code: 'INVALID_KEY' }));
});
