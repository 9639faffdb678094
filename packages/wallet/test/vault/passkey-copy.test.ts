// Goal: a passkey that can hold a copy of its wrap brings everything back alone, and is said to only when the copy is really in it.
import { beforeEach, expect, test } from 'vitest';
import { createMemoryVaultStorage, type VaultRecord } from '../../src/index.js';
import { wrapOfCopy } from '../../src/vault/passkey-copy.js';
import { createDevice, createFakePasskeys, type FakePasskeys } from './vault-fixture.js';

const PASSKEY = { passkey: { userName: 'My images' } };

let account: FakePasskeys;
beforeEach(() => {
  account = createFakePasskeys();
  account.takesCopies = true;
  account.isSynced = true;
});
const newDevice = () => createDevice(createMemoryVaultStorage(), account);

test('the second gesture puts it there, no third one is asked for, and another device starts from it', async () => {
  const vault = newDevice().window();
  const first = await vault.create(PASSKEY);
  const { words } = first;
  expect(first.wrappers()).toEqual(['passkey']); // not yet: nothing is claimed before it is written
  first.close();
  await expect(newDevice().window().createFromPasskey()).rejects.toMatchObject({ code: 'PASSKEY_WITHOUT_COPY' });
  const again = await vault.open('passkey');
  expect(again.wrappers()).toEqual(['passkey', 'passkey-copy']);
  expect(account.gestures).toBe(3); // made, the one that found none, opened
  again.close();

  const other = newDevice().window();
  const found = await other.createFromPasskey();
  expect(found.words).toBe(words);
  expect(found.wrappers()).toEqual(['passkey', 'passkey-copy']);
  found.close();
  expect((await other.open('passkey')).words).toBe(words);
  expect(account.made).toHaveLength(1);
});

test('is a way back of its holder only: what she keeps for others rests on the device', async () => {
  const vault = newDevice().window();
  (await vault.create(PASSKEY)).close();
  const open = await vault.open('passkey');
  const maya = await open.addProfile('Maya');
  expect(open.wrappers()).toContain('passkey-copy');
  expect(maya.wrappers()).toEqual(['passkey']);
});

test('in a passkey that stays on the device it outlives a wipe, and is not called a way back', async () => {
  account.isSynced = false;
  const device = newDevice();
  const first = await device.window().create(PASSKEY);
  const { words } = first;
  first.close();
  (await device.window().open('passkey')).close();
  expect(await device.window().wrappers()).toEqual(['passkey']);
  expect((await device.storage.load())?.wraps).toMatchObject([{ copy: 'here' }]);
  expect((await newDevice().window().createFromPasskey()).words).toBe(words);
  account.isSynced = true; // the account keeps it from now on
  (await device.window().open('passkey')).close();
  expect(await device.window().wrappers()).toEqual(['passkey', 'passkey-copy']);
});

test('is tried again when the passkey did not take it', async () => {
  const vault = newDevice().window();
  (await vault.create(PASSKEY)).close();
  account.takesCopies = false;
  (await vault.open('passkey')).close();
  expect(await vault.wrappers()).toEqual(['passkey']);
  account.takesCopies = true;
  (await vault.open('passkey')).close();
  expect(await vault.wrappers()).toEqual(['passkey', 'passkey-copy']);
});

test('is not put into one that cannot hold it, and the seed cannot be read in it', async () => {
  account.takesCopies = false;
  const device = newDevice();
  (await device.window().create(PASSKEY)).close();
  account.takesCopies = true;
  (await device.window().open('passkey')).close();
  expect((await device.storage.load())?.wraps).toMatchObject([{ kind: 'passkey' }]);
  expect(await device.window().wrappers()).toEqual(['passkey']);
});

test('a device that has a vault starts no other, and one whose person says no starts none', async () => {
  const device = newDevice();
  (await device.window().create(PASSKEY)).close();
  await expect(device.window().createFromPasskey()).rejects.toMatchObject({ code: 'VAULT_EXISTS' });
  const stranger = createDevice();
  await expect(stranger.window().createFromPasskey()).rejects.toMatchObject({ code: 'PASSKEY_WITHOUT_COPY' });
  expect(await stranger.storage.load()).toBeUndefined();
});

test('another passkey’s copy, and what is none, opens nothing', async () => {
  const device = newDevice();
  (await device.window().create(PASSKEY)).close();
  (await device.window().open('passkey')).close();
  const find = async () => ({ ...(await account.find()), secret: new Uint8Array(32) });
  const passkeys = { ...account, find };
  await expect(newDevice().window({ passkeys }).createFromPasskey()).rejects.toMatchObject({
    code: 'PASSKEY_WITHOUT_COPY',
  });
  const credentialId = new Uint8Array(16);
  for (const copy of [undefined, new Uint8Array(0), new Uint8Array(300)]) {
    expect(wrapOfCopy({ credentialId, copy, isSynced: true })).toBeUndefined();
  }
  const [wrap] = ((await device.storage.load()) as VaultRecord).wraps;
  expect(wrap).toMatchObject({ copy: 'synced' });
});
