/** A device: its storage, its authenticator, its windows. */
import { fromHex, hash, randomBytes, toHex, utf8 } from '@radledger/primitives';
import {
  createMemoryVaultStorage,
  createVault,
  type PasskeyPort,
  type Vault,
  type VaultLock,
  type VaultPorts,
  type VaultStorage,
  WalletError,
} from '../../src/index.js';

/** An authenticator that always unlocks: each passkey has its own secret. It can be told to hold copies, and to be one of an account. */
export interface FakePasskeys extends PasskeyPort {
  readonly made: string[];
  takesCopies: boolean;
  isSynced: boolean;
  /** Gestures so far. */
  gestures: number;
}

export function createFakePasskeys(): FakePasskeys {
  const secretOf = (credentialId: Uint8Array) => hash('test/passkey', credentialId);
  const copies = new Map<string, Uint8Array>();
  const fake: FakePasskeys = {
    made: [],
    takesCopies: false,
    isSynced: false,
    gestures: 0,
    create: () => {
      fake.gestures += 1;
      const credentialId = randomBytes(16);
      fake.made.push(toHex(credentialId));
      return Promise.resolve({ credentialId, secret: secretOf(credentialId), takesCopy: fake.takesCopies });
    },
    ask: (credentialIds, copy) => {
      fake.gestures += 1;
      const credentialId = credentialIds[0] ?? utf8('none');
      const isCopied = copy !== undefined && fake.takesCopies;
      if (isCopied) copies.set(toHex(credentialId), copy);
      return Promise.resolve({ credentialId, secret: secretOf(credentialId), isCopied, isSynced: fake.isSynced });
    },
    find: () => {
      fake.gestures += 1;
      const [id] = fake.made;
      if (id === undefined) return Promise.reject(new WalletError({ code: 'PASSKEY_REFUSED' }, 'there is none'));
      const credentialId = fromHex(id);
      const { isSynced } = fake;
      return Promise.resolve({ credentialId, secret: secretOf(credentialId), copy: copies.get(id), isSynced });
    },
  };
  return fake;
}

/** The lock of one browser: its windows share it. */
export function createFakeLock(): VaultLock {
  let holder: symbol | undefined;
  return {
    take: ({ takeOver }) => {
      if (holder !== undefined && !takeOver) return Promise.resolve(undefined);
      const own = Symbol('window');
      holder = own;
      return Promise.resolve(() => {
        if (holder === own) holder = undefined;
      });
    },
  };
}

export interface Device {
  readonly storage: VaultStorage;
  readonly passkeys: FakePasskeys;
  /** Another window of the same browser. */
  window(changes?: Partial<VaultPorts>): Vault;
}

/** @param passkeys - those of the person's account; default a new one's */
export function createDevice(
  storage: VaultStorage = createMemoryVaultStorage(),
  passkeys: FakePasskeys = createFakePasskeys(),
): Device {
  const lock = createFakeLock();
  return {
    storage,
    passkeys,
    window: (changes = {}) => createVault({ storage, passkeys, lock, ...changes }),
  };
}
