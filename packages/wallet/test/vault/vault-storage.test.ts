import 'fake-indexeddb/auto';
import { describe, expect, test, vi } from 'vitest';
import { createMemoryVaultStorage, type VaultRecord, type VaultStorage, wrappersInBrowser } from '../../src/index.js';
import { createIndexedDbStorage } from '../../src/vault/indexeddb-storage.js';
import { createDevice } from './vault-fixture.js';

const recordOf = (generation: number, byte = 1): VaultRecord => ({
  format: 1,
  generation,
  wraps: [{ kind: 'sheet', madeAtMs: 7 }],
  profiles: Uint8Array.of(byte),
  snapshots: [{ id: 'holder', sealed: Uint8Array.of(1, 2, 3) }],
});

let databases = 0;
const fresh: Readonly<Record<string, () => VaultStorage>> = {
  memory: createMemoryVaultStorage,
  IndexedDB: () => createIndexedDbStorage(`test ${databases++}`),
};

// The contract of `VaultStorage`.
describe.each(Object.entries(fresh))('storage: %s', (_, create) => {
  test('starts empty and gives back what was saved last', async () => {
    const storage = create();
    expect(await storage.load()).toBeUndefined();
    await storage.save(recordOf(1));
    await storage.save(recordOf(1, 2));
    expect(await storage.load()).toEqual(recordOf(1, 2));
  });

  test('refuses to replace a record of a higher generation', async () => {
    const storage = create();
    await storage.save(recordOf(2));
    await expect(storage.save(recordOf(1))).rejects.toMatchObject({ code: 'VAULT_IN_USE' });
    await storage.save(recordOf(3));
    expect((await storage.load())?.generation).toBe(3);
  });

  test('of two that save at once, the older generation never wins', async () => {
    const storage = create();
    await Promise.allSettled([
      storage.save(recordOf(2, 2)),
      storage.save(recordOf(1, 1)),
      storage.save(recordOf(3, 3)),
    ]);
    expect(await storage.load()).toEqual(recordOf(3, 3));
  });

  test('keeps a key that cannot be read out', async () => {
    const storage = create();
    const deviceKey = await crypto.subtle.generateKey({ name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
    const pin = { salt: new Uint8Array(16), sealed: new Uint8Array(3), wrongTries: 0, nextTryAtMs: 0 };
    await storage.save({ ...recordOf(1), wraps: [{ kind: 'pin', deviceKey, ...pin }] });
    const [wrap] = (await storage.load())?.wraps ?? [];
    const kept = wrap?.kind === 'pin' ? wrap.deviceKey : undefined;
    const sign = (key: CryptoKey) => crypto.subtle.sign('HMAC', key, new Uint8Array(3));
    expect(kept?.extractable).toBe(false);
    expect(new Uint8Array(await sign(kept as CryptoKey))).toEqual(new Uint8Array(await sign(deviceKey)));
  });
});

test('a vault lives in IndexedDB', async () => {
  const device = createDevice(createIndexedDbStorage('whole vault'));
  expect(await wrappersInBrowser('whole vault')).toEqual([]);
  const open = await device.window().create({ passkey: { userName: 'My images' } });
  await open.store.save(Uint8Array.of(9));
  const { words } = open;
  open.close();
  expect(await wrappersInBrowser('whole vault')).toEqual(['passkey']);
  const again = await device.window().open('passkey');
  expect(again.words).toBe(words);
  expect(await again.store.load()).toEqual(Uint8Array.of(9));
});

test('a full device is named', async () => {
  const storage = createIndexedDbStorage('full');
  await storage.save(recordOf(1));
  const put = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
    throw new DOMException('no room', 'QuotaExceededError');
  });
  await expect(storage.save(recordOf(1, 2))).rejects.toMatchObject({ code: 'STORAGE_FULL' });
  put.mockRestore();
  expect(await storage.load()).toEqual(recordOf(1));
});
