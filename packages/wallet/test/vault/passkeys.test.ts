/** What browsers answer about passkeys. The real ceremony runs in Chromium, in the tests of apps/wallet. */
import { afterEach, expect, test, vi } from 'vitest';
import { createPasskeys } from '../../src/vault/passkeys.js';

const SECRET = new Uint8Array(32).fill(5);
const passkeys = createPasskeys({ rpId: 'images.example', rpName: 'My images' });

interface Prf {
  enabled?: boolean;
  results?: { first: ArrayBuffer | Uint8Array };
}
const credentialOf = (prf: Prf | undefined) => ({
  rawId: Uint8Array.of(1, 2, 3).buffer,
  getClientExtensionResults: () => (prf === undefined ? {} : { prf }),
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
