// What rests on a phone that does not open any more is opened by words, and nothing of it is lost.
import { randomBytes } from '@radledger/primitives';
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

const NO_PASSKEYS = {} as PasskeyPort;

function createPhone() {
  const storage = createMemoryVaultStorage();
  const lock = { take: () => Promise.resolve(() => undefined) };
  const chainId = randomBytes(32);
  /** The app, started anew. */
  const start = (): { readonly vault: Vault; readonly profiles: Profiles } => {
    const vault = createVault({ storage, passkeys: NO_PASSKEYS, lock });
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

test('the words open a phone whose PIN is forgotten, for everybody on it, and a new PIN does from then on', async () => {
  const { start } = createPhone();
  const before = start().profiles;
  const { words } = await before.open({ pin: '471103' });
  await before.add('Maya');
  const found = start().profiles;
  await found.open({ pin: '900900' }, { words, from: 'sheet' });
  expect(found.all().map(({ name }) => name)).toEqual(['', 'Maya']);
  expect(found.all()[0]?.wrappers()).toEqual(['pin', 'sheet']);
  const after = start().profiles;
  await expect(after.open({ pin: '471103' })).rejects.toMatchObject({ code: 'WRONG_PIN' });
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
  const { words } = await phone.start().profiles.open({ pin: '471103' });
  const others = await createPhone().start().profiles.open({ pin: '471103' });
  const found = phone.start().profiles;
  const brought = { words: others.words, from: 'helpers' } as const;
  await expect(found.open({ pin: '900900' }, brought)).rejects.toMatchObject({ code: 'WORDS_OF_ANOTHER' });
  expect(found.isOpen).toBe(false);
  expect((await phone.start().profiles.open({ pin: '471103' })).words).toBe(words);
  expect((await found.open({ pin: '900900' }, brought, { replace: true })).words).toBe(others.words);
});

test('what cannot be read is made anew by the words', async () => {
  const { storage, start } = createPhone();
  const { words } = await start().profiles.open({ pin: '471103' });
  await storage.save({ generation: 9 } as VaultRecord);
  await expect(start().profiles.open({ pin: '471103' })).rejects.toMatchObject({ code: 'VAULT_DAMAGED' });
  expect((await start().profiles.open({ pin: '900900' }, { words })).words).toBe(words);
});

test('a damaged wallet of one of them is brought back by itself, and until then stays as it is', async () => {
  const { storage, start } = createPhone();
  const made = start().profiles;
  await made.open({ pin: '471103' });
  await made.add('Maya');
  const record = (await storage.load()) as VaultRecord;
  const [holder, maya] = record.snapshots as [VaultRecord['snapshots'][0], VaultRecord['snapshots'][0]];
  const damaged = { ...maya, sealed: maya.sealed.with(-1, 1 ^ (maya.sealed.at(-1) ?? 0)) };
  await storage.save({ ...record, snapshots: [holder, damaged] });
  const isDamaged = async (): Promise<boolean> =>
    (await storage.load())?.snapshots.some(({ sealed }) => sealed === damaged.sealed) === true;

  const offline = start().profiles;
  await offline.open({ pin: '471103' });
  await expect(offline.mend(() => Promise.reject(new Error('offline')))).rejects.toThrow('offline');
  expect(await isDamaged()).toBe(true);

  const online = start().profiles;
  await online.open({ pin: '471103' });
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
  await after.open({ pin: '471103' });
  expect(await after.mend(bringBack)).toBe(false);
});
