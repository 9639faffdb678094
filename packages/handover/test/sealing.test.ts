import { decodeCanonical, encodeCanonical, fromHex, toHex, utf8 } from '@radledger/primitives';
import { expect, test } from 'vitest';
import {
  deriveSealingKeyPair,
  generateSealingKeyPair,
  openSealed,
  SEALED_BYTES_MAX,
  SEALED_PLAINTEXT_BYTES_MAX,
  sealTo,
} from '../src/index.js';

/** RFC 9180, appendix A.1.1: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM, base mode, sequence number 0. */
const RFC_9180 = {
  info: 'Ode on a Grecian Urn',
  ikmE: '7268600d403fce431561aef583ee1613527cff655c1343f29812e66706df3234',
  ikmR: '6db9df30aa07dd42ee5e8181afdb977e538f5e1fec8a06223f33f7013e525037',
  skRm: '4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8',
  pkRm: '3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d',
  enc: '37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431',
  aad: 'Count-0',
  pt: 'Beauty is truth, truth beauty',
  ct: 'f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a',
};
const context = { info: RFC_9180.info, aad: utf8(RFC_9180.aad) };

test('DeriveKeyPair gives the key pair of RFC 9180 A.1.1', async () => {
  const pair = await deriveSealingKeyPair(fromHex(RFC_9180.ikmR));
  expect(toHex(pair.privateKey)).toBe(RFC_9180.skRm);
  expect(toHex(pair.publicKey)).toBe(RFC_9180.pkRm);
});

test('sealing and opening give the bytes of RFC 9180 A.1.1', async () => {
  const ephemeralKeyMaterial = fromHex(RFC_9180.ikmE);
  const sealed = await sealTo(fromHex(RFC_9180.pkRm), context, utf8(RFC_9180.pt), { ephemeralKeyMaterial });
  expect(decodeCanonical(sealed, { bytesMax: 1000 })).toEqual([
    1,
    32,
    1,
    1,
    fromHex(RFC_9180.enc),
    fromHex(RFC_9180.ct),
  ]);
  const pair = { publicKey: fromHex(RFC_9180.pkRm), privateKey: fromHex(RFC_9180.skRm) };
  expect(await openSealed(pair, context, sealed)).toEqual(utf8(RFC_9180.pt));
});

test('two seals of one message differ', async () => {
  const { publicKey } = await generateSealingKeyPair();
  const seal = () => sealTo(publicKey, context, utf8('same'));
  expect(toHex(await seal())).not.toBe(toHex(await seal()));
});

test.each([
  ['another key', async () => generateSealingKeyPair(), context],
  ['another purpose', undefined, { ...context, info: 'other' }],
  ['another context', undefined, { ...context, aad: utf8('Count-1') }],
])('%s does not open', async (_, otherPair, otherContext) => {
  const pair = await generateSealingKeyPair();
  const sealed = await sealTo(pair.publicKey, context, utf8('secret'));
  await expect(openSealed((await otherPair?.()) ?? pair, otherContext, sealed)).rejects.toMatchObject({
    code: 'SEAL_BROKEN',
  });
});

test('every changed bit is refused', async () => {
  const pair = await generateSealingKeyPair();
  const sealed = await sealTo(pair.publicKey, context, utf8('secret'));
  for (let at = 0; at < sealed.length; at++) {
    const changed = sealed.slice();
    changed[at] = (changed[at] as number) ^ (1 << (at % 8));
    await expect(openSealed(pair, context, changed), `byte ${at}`).rejects.toMatchObject({
      code: expect.stringMatching(/^(SEAL_BROKEN|MALFORMED_MESSAGE)$/),
    });
  }
});

test('another suite is refused before any key is touched', async () => {
  const pair = await generateSealingKeyPair();
  const sealed = await sealTo(pair.publicKey, context, utf8('secret'));
  const fields = decodeCanonical(sealed, { bytesMax: SEALED_BYTES_MAX }) as readonly (number | Uint8Array)[];
  for (const at of [0, 1, 2, 3]) {
    const other = encodeCanonical(fields.map((field, index) => (index === at ? 2 : field)));
    await expect(openSealed(pair, context, other)).rejects.toMatchObject({ code: 'MALFORMED_MESSAGE' });
  }
});

test('a small-order key is refused', async () => {
  await expect(sealTo(new Uint8Array(32), context, utf8('secret'))).rejects.toMatchObject({ code: 'KEY_REFUSED' });
});

test('the largest plaintext passes, one byte more does not', async () => {
  const pair = await generateSealingKeyPair();
  const sealed = await sealTo(pair.publicKey, context, new Uint8Array(SEALED_PLAINTEXT_BYTES_MAX));
  expect(sealed.length).toBeLessThanOrEqual(SEALED_BYTES_MAX);
  expect(await openSealed(pair, context, sealed)).toHaveLength(SEALED_PLAINTEXT_BYTES_MAX);
  const tooLong = sealTo(pair.publicKey, context, new Uint8Array(SEALED_PLAINTEXT_BYTES_MAX + 1));
  await expect(tooLong).rejects.toMatchObject({ code: 'OUT_OF_RANGE' });
});
