// What rests on a phone that does not open any more is opened by words, and nothing of it is lost.
import { randomBytes, sha256 } from '@radledger/primitives';
import {
  createMemoryVaultStorage,
  createVault,
  type PasskeyPort,
  type Vault,
  type VaultRecord,
  type Wallet,
} from '@radledger/wallet';
import { expect, test } from 'vitest';
import { createOrigins } from '../src/model/origins.js';
import { Profiles, type ProfilesPorts } from '../src/model/profiles.js';

/** An authenticator that always unlocks. */
function createPasskeys(): Pick<PasskeyPort, 'create' | 'ask'> {
  const secretOf = (credentialId: Uint8Array): Uint8Array => sha256(credentialId);
  return {
    create: () => {
      const credentialId = randomBytes(16);
      return Promise.resolve({ credentialId, secret: secretOf(credentialId), takesCopy: false });
    },
    ask: ([credentialId = new Uint8Array(16)]) =>
      Promise.resolve({ credentialId, secret: secretOf(credentialId), isCopied: false, isSynced: false }),
  };
}

function createPhone() {
  const storage = createMemoryVaultStorage();
  const lock = { take: () => Promise.resolve(() => undefined) };
  const chainId = randomBytes(32);
  /** The app, started anew. */
  const start = (): { readonly vault: Vault; readonly profiles: Profiles } => {
    const vault = createVault({ storage, passkeys: createPasskeys() as PasskeyPort, lock });
    const ports = {
      vault,
      chainId,
      node: { cells: {} },
      gateways: [],
      origins: createOrigins(),
      userName: 'My images',
    };
    return { vault, profiles: new Profiles(ports as unknown as ProfilesPorts) };
  };
  return { storage, start };
}

test('the words open a phone whose passkey is gone, for everybody on it, and a PIN does from then on', async () => {
  const { start } = createPhone();
  const before = start().profiles;
  const { words } = await before.open('passkey');
  await before.add('Maya');
  const found = start().profiles;
  await found.open({ pin: '900900' }, { words, from: 'sheet' });
  expect(found.all().map(({ name }) => name)).toEqual(['', 'Maya']);
  expect(found.all()[0]?.wrappers()).toEqual(['pin', 'sheet']);
  const after = start().profiles;
  await expect(after.open('passkey')).rejects.toMatchObject({ code: 'WRAPPER_MISSING' });
  expect((await after.open({ pin: '900900' })).words).toBe(words);
});

test('another PIN opens the phone from then on, and the one before does not', async () => {
  const { start } = createPhone();
  const before = start().profiles;
  const { words } = await before.open({ pin: '471103' });
  await before.setPin('900900');
  await expect(start().profiles.open({ pin: '471103' })).rejects.toMatchObject({ code: 'WRONG_PIN' });
  expect((await start().profiles.open({ pin: '900900' })).words).toBe(words);
});

test('somebody else’s words are told as that, and replace what rests there only when she says so', async () => {
  const phone = createPhone();
  const { words } = await phone.start().profiles.open('passkey');
  const others = await createPhone().start().profiles.open('passkey');
  const found = phone.start().profiles;
  const brought = { words: others.words, from: 'helpers' } as const;
  await expect(found.open('passkey', brought)).rejects.toMatchObject({ code: 'WORDS_OF_ANOTHER' });
  expect(found.isOpen).toBe(false);
  expect((await phone.start().profiles.open('passkey')).words).toBe(words);
  expect((await found.open('passkey', brought, { replace: true })).words).toBe(others.words);
});

test('what cannot be read is made anew by the words', async () => {
  const { storage, start } = createPhone();
  const { words } = await start().profiles.open('passkey');
  await storage.save({ generation: 9 } as VaultRecord);
  await expect(start().profiles.open('passkey')).rejects.toMatchObject({ code: 'VAULT_DAMAGED' });
  expect((await start().profiles.open('passkey', { words })).words).toBe(words);
});

test('a damaged wallet of one of them is brought back by itself, and until then stays as it is', async () => {
  const { storage, start } = createPhone();
  const made = start().profiles;
  await made.open('passkey');
  await made.add('Maya');
  const record = (await storage.load()) as VaultRecord;
  const [holder, maya] = record.snapshots as [VaultRecord['snapshots'][0], VaultRecord['snapshots'][0]];
  const damaged = { ...maya, sealed: maya.sealed.with(-1, 1 ^ (maya.sealed.at(-1) ?? 0)) };
  await storage.save({ ...record, snapshots: [holder, damaged] });
  const isDamaged = async (): Promise<boolean> =>
    (await storage.load())?.snapshots.some(({ sealed }) => sealed === damaged.sealed) === true;

  const offline = start().profiles;
  await offline.open('passkey');
  await expect(offline.mend(() => Promise.reject(new Error('offline')))).rejects.toThrow('offline');
  expect(await isDamaged()).toBe(true);

  const online = start().profiles;
  await online.open('passkey');
  const brought: Wallet[] = [];
  const bringBack = (wallets: readonly Wallet[]): Promise<void> => {
    brought.push(...wallets);
    return Promise.resolve();
  };
  expect(await online.mend(bringBack)).toBe(true);
  expect(brought).toEqual([online.wallet(online.all()[1]?.id)]);
  expect(await isDamaged()).toBe(false);
  expect(await online.mend(bringBack)).toBe(false);
  const after = start().profiles;
  await after.open('passkey');
  expect(await after.mend(bringBack)).toBe(false);
});
