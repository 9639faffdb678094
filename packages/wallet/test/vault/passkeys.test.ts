/** What browsers answer about passkeys. The real ceremony runs in Chromium, in the tests of apps/wallet. */
import { afterEach, expect, test, vi } from 'vitest';
import { createPasskeys } from '../../src/vault/passkeys.js';

const SECRET = new Uint8Array(32).fill(5);
const passkeys = createPasskeys({ rpId: 'images.example', rpName: 'My images' });

interface Prf {
  enabled?: boolean;
  results?: { first: ArrayBuffer | Uint8Array };
}
/** Flags: user present and verified, or also backed up. */
const credentialOf = (prf: Prf | undefined, more: { largeBlob?: unknown; flags?: number } = {}) => ({
  rawId: Uint8Array.of(1, 2, 3).buffer,
  response: { authenticatorData: Uint8Array.from([...new Uint8Array(32), more.flags ?? 0x05, 0, 0, 0, 0]).buffer },
  getClientExtensionResults: () => ({
    ...(prf === undefined ? {} : { prf }),
    ...(more.largeBlob === undefined ? {} : { largeBlob: more.largeBlob }),
  }),
});
const stub = (answers: { create?: () => unknown; get?: () => unknown }) => {
  const create = vi.fn(() => Promise.resolve(answers.create?.()));
  const get = vi.fn(() => Promise.resolve(answers.get?.()));
  vi.stubGlobal('navigator', { credentials: { create, get } });
  return { create, get };
};
afterEach(() => vi.unstubAllGlobals());

test('one gesture when the secret comes with the passkey', async () => {
  const { create, get } = stub({ create: () => credentialOf({ enabled: true, results: { first: SECRET.buffer } }) });
  expect(await passkeys.create({ userName: 'My images' })).toEqual({
    credentialId: Uint8Array.of(1, 2, 3),
    secret: SECRET,
    takesCopy: false,
  });
  expect(get).not.toHaveBeenCalled();
  expect(create.mock.calls).toMatchObject([
    [
      {
        publicKey: {
          rp: { id: 'images.example' },
          authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
        },
      },
    ],
  ]);
});

test('two when it comes only afterwards', async () => {
  const { get } = stub({
    create: () => credentialOf({ enabled: true }),
    get: () => credentialOf({ results: { first: SECRET } }),
  });
  expect((await passkeys.create({ userName: 'My images' })).secret).toEqual(SECRET);
  expect(get.mock.calls).toMatchObject([[{ publicKey: { rpId: 'images.example', userVerification: 'required' } }]]);
});

test.each([
  ['no such extension', undefined],
  ['not enabled', { enabled: false }],
  ['a secret of another length', { enabled: false, results: { first: new Uint8Array(16) } }],
])('a device without the function is told: %s', async (_, prf) => {
  stub({ create: () => credentialOf(prf), get: () => credentialOf(prf) });
  await expect(passkeys.create({ userName: 'My images' })).rejects.toMatchObject({ code: 'PASSKEY_WITHOUT_PRF' });
  await expect(passkeys.ask([Uint8Array.of(1)])).rejects.toMatchObject({ code: 'PASSKEY_WITHOUT_PRF' });
});

test('a copy goes into the passkey, and comes out of it, with the gesture that gives the secret', async () => {
  const prf = { enabled: true, results: { first: SECRET } };
  const copy = Uint8Array.of(7, 8, 9);
  stub({ create: () => credentialOf(prf, { largeBlob: { supported: true } }) });
  expect(await passkeys.create({ userName: 'My images' })).toMatchObject({ takesCopy: true });
  const written = stub({ get: () => credentialOf(prf, { largeBlob: { written: true }, flags: 0x1d }) });
  expect(await passkeys.ask([Uint8Array.of(1)], copy)).toMatchObject({
    secret: SECRET,
    isCopied: true,
    isSynced: true,
  });
  expect(written.get.mock.calls).toMatchObject([
    [{ publicKey: { extensions: { largeBlob: { write: copy.buffer } } } }],
  ]);
  stub({ get: () => credentialOf(prf, { largeBlob: { written: false } }) });
  expect(await passkeys.ask([Uint8Array.of(1)], copy)).toMatchObject({ isCopied: false, isSynced: false });
  const found = stub({ get: () => credentialOf(prf, { largeBlob: { blob: copy.buffer } }) });
  expect(await passkeys.find()).toMatchObject({ secret: SECRET, copy });
  expect(found.get.mock.calls).toMatchObject([
    [{ publicKey: { allowCredentials: [], extensions: { largeBlob: { read: true } } } }],
  ]);
  stub({ get: () => credentialOf(prf) });
  expect(await passkeys.find()).toMatchObject({ copy: undefined });
});

test('refused, cancelled or timed out is one answer', async () => {
  stub({
    create: () => {
      throw new DOMException('', 'NotAllowedError');
    },
    get: () => null,
  });
  await expect(passkeys.create({ userName: 'My images' })).rejects.toMatchObject({ code: 'PASSKEY_REFUSED' });
  await expect(passkeys.ask([Uint8Array.of(1)])).rejects.toMatchObject({ code: 'PASSKEY_REFUSED' });
});
