/** A device: its storage, its authenticator, its windows. */
import { hash, randomBytes, toHex, utf8 } from '@radledger/primitives';
import {
  createMemoryVaultStorage,
  createVault,
  type PasskeyPort,
  type Vault,
  type VaultLock,
  type VaultPorts,
  type VaultStorage,
} from '../../src/index.js';

/** An authenticator that always unlocks: each passkey has its own secret. */
export function createFakePasskeys(): PasskeyPort & { readonly made: string[] } {
  const made: string[] = [];
  const secretOf = (credentialId: Uint8Array) => hash('test/passkey', credentialId);
  return {
    made,
    create: () => {
      const credentialId = randomBytes(16);
      made.push(toHex(credentialId));
      return Promise.resolve({ credentialId, secret: secretOf(credentialId) });
    },
    ask: (credentialIds) => {
      const credentialId = credentialIds[0] ?? utf8('none');
      return Promise.resolve({ credentialId, secret: secretOf(credentialId) });
    },
  };
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
  readonly passkeys: ReturnType<typeof createFakePasskeys>;
  /** Another window of the same browser. */
  window(changes?: Partial<VaultPorts>): Vault;
}

export function createDevice(storage: VaultStorage = createMemoryVaultStorage()): Device {
  const passkeys = createFakePasskeys();
  const lock = createFakeLock();
  return {
    storage,
    passkeys,
    window: (changes = {}) => createVault({ storage, passkeys, lock, ...changes }),
  };
}
