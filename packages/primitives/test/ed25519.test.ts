import { readFileSync } from 'node:fs';
import * as noble from '@noble/ed25519';
import { expect, test } from 'vitest';
import { verifyZip215 } from '../src/ed25519.js';
import { createSigner, fromHex, isStrictPublicKey, utf8, verify, verifyAll, verifyFast } from '../src/index.js';
import { nativeVerify } from '../src/platform-node.js';

interface CctvVector {
  readonly key: string;
  readonly sig: string;
  readonly msg: string;
  readonly flags: readonly string[] | null;
}
const data = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../../tests/data/vectors/${name}`, import.meta.url), 'utf8'));
const cctv = (data('ed25519-cctv.json') as CctvVector[]).map(({ key, sig, msg, flags }) => ({
  key: fromHex(key),
  signature: fromHex(sig),
  message: utf8(msg),
  flags: flags ?? [],
}));

test('the 914 vectors of C2SP CCTV: 826 accepted, the same with and without the native path', async () => {
  const mixed = await Promise.all(cctv.map((v) => verify(v.key, v.message, v.signature)));
  const pure = await Promise.all(cctv.map((v) => verifyZip215(undefined, v.key, v.message, v.signature)));
  expect(cctv).toHaveLength(914);
  expect(mixed.filter(Boolean)).toHaveLength(826);
  expect(pure).toEqual(mixed);
});

test('native acceptance implies acceptance under ZIP-215', async () => {
  for (const v of cctv) {
    if (await nativeVerify(v.key, v.message, v.signature)) {
      expect(await verifyZip215(undefined, v.key, v.message, v.signature)).toBe(true);
    }
  }
});

// Expected: the row that "Taming the many EdDSAs" (Chalkias, Garillot, Nikolaenko 2020) prints for ZIP-215.
test('the 12 vectors of ed25519-speccheck: one verdict with and without the native path', async () => {
  const cases = (data('ed25519-speccheck.json') as { message: string; pub_key: string; signature: string }[]).map(
    (v) => [fromHex(v.pub_key), fromHex(v.message), fromHex(v.signature)] as const,
  );
  const mixed = await Promise.all(cases.map((v) => verify(...v)));
  expect(await Promise.all(cases.map((v) => verifyZip215(undefined, ...v)))).toEqual(mixed);
  expect(mixed).toEqual([true, true, true, true, true, true, false, false, false, true, true, true]);
});

test('signatures verify, and changed ones do not', async () => {
  const signer = await createSigner(new Uint8Array(32).fill(1));
  const message = utf8('allow');
  const signature = await signer.sign(message);
  for (const check of [verify, verifyFast]) {
    expect(await check(signer.publicKey, message, signature)).toBe(true);
    expect(await check(signer.publicKey, utf8('revoke'), signature)).toBe(false);
    expect(await check(signer.publicKey, message, signature.subarray(1))).toBe(false);
    expect(await check(signer.publicKey.subarray(1), message, signature)).toBe(false);
  }
  const claim = { key: signer.publicKey, message, signature };
  expect(await verifyAll([claim, claim])).toBe(true);
  expect(await verifyAll([claim, { ...claim, message: utf8('revoke') }])).toBe(false);
});

test('the platform signs as noble does', async () => {
  for (let i = 0; i < 50; i++) {
    const seed = new Uint8Array(32).fill(i);
    const message = utf8(`message ${i}`);
    const signer = await createSigner(seed);
    expect(signer.publicKey).toEqual(await noble.getPublicKeyAsync(seed));
    expect(await signer.sign(message)).toEqual(await noble.signAsync(message, seed));
  }
  await expect(createSigner(new Uint8Array(31))).rejects.toMatchObject({ code: 'INVALID_KEY' });
});

test('strict public keys are canonical and of large order', async () => {
  const { publicKey } = await createSigner(new Uint8Array(32).fill(2));
  expect(isStrictPublicKey(publicKey)).toBe(true);
  expect(isStrictPublicKey(publicKey.subarray(1))).toBe(false);
  const lowOrder = new Set(cctv.filter((v) => v.flags.includes('low_order_A')).map((v) => v.key));
  const nonCanonical = new Set(cctv.filter((v) => v.flags.includes('non_canonical_A')).map((v) => v.key));
  expect(lowOrder.size).toBeGreaterThan(0);
  expect(nonCanonical.size).toBeGreaterThan(0);
  for (const key of [...lowOrder, ...nonCanonical]) expect(isStrictPublicKey(key)).toBe(false);
});
