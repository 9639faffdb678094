/**
 * Where the root seed lives on a device: wrapped by whatever the person has, each wrap enough by itself.
 * Spec: docs/spec/wallet-keys.md, section 9; what each wrap is worth: section 10.
 */
import { WalletError } from '../errors.js';
import { entropyOf, generateEntropy } from '../words.js';
import { createIndexedDbStorage } from './indexeddb-storage.js';
import { isHolder, OpenVault, openProfiles, sealProfiles } from './open-vault.js';
import { wrapOfCopy } from './passkey-copy.js';
import { createPasskeys, type PasskeyPort } from './passkeys.js';
import { unlockByPasskey, unlockByPin, type Unlocked, withoutTries, withPin } from './unlocking.js';
import { createWebLock, type VaultLock } from './vault-lock.js';
import { checkedRecord, inUse, type VaultRecord, type VaultStorage } from './vault-storage.js';
import { DATABASE, wrapperKinds } from './wrapper-kinds.js';
import { type NewLock, newLock, type PinWrap, unwrapByPasskey, type Wrap, type WrapperKind } from './wraps.js';

export interface VaultPorts {
  readonly storage: VaultStorage;
  readonly passkeys: PasskeyPort;
  readonly lock: VaultLock;
  /** Unix ms; default the system clock. */
  readonly now?: () => number;
}

/** The vault of one device. */
export interface Vault {
  /** What can open it; none when nothing is stored. Asks nobody. @throws {WalletError} `VAULT_DAMAGED` | `STORAGE_FAILED` */
  wrappers(): Promise<readonly WrapperKind[]>;
  /**
   * The first start: makes a seed and its first wrap. With a passkey it needs one gesture.
   * @param input.words - makes the vault for these words instead of new ones: the restore from a sheet, helpers or another phone
   * @param input.restoredFrom - the paper that the words came from, which then counts as a wrapper
   * @param input.replace - also where a vault is stored, which is gone then: damaged, or another person's; also under an open one
   * @throws {WalletError} `VAULT_EXISTS` | `VAULT_IN_USE` | `PASSKEY_REFUSED` | `PASSKEY_WITHOUT_PRF` | `PIN_REFUSED` | `WORDS_INVALID` |
   *   `STORAGE_FULL` | `STORAGE_FAILED`
   */
  create(
    how: NewLock,
    input?: { readonly words?: string; readonly restoredFrom?: 'sheet' | 'helpers'; readonly replace?: boolean },
  ): Promise<OpenVault>;
  /**
   * The first start on a device to which the person's account brought her passkey: makes the vault from the copy in it. One gesture.
   * @throws {WalletError} `VAULT_EXISTS` | `VAULT_IN_USE` | `PASSKEY_WITHOUT_COPY`, also when she did not confirm | `STORAGE_FULL` |
   *   `STORAGE_FAILED`
   */
  createFromPasskey(): Promise<OpenVault>;
  /**
   * @param input.takeOver - also when another window has it open, which then can no longer write
   * @throws {WalletError} `VAULT_EMPTY` | `VAULT_IN_USE` | `WRAPPER_MISSING` | `PASSKEY_REFUSED` | `PASSKEY_WITHOUT_PRF` | `WRONG_PIN` |
   *   `PIN_WAIT` | `WORDS_INVALID` | `WORDS_OF_ANOTHER` | `VAULT_DAMAGED` | `STORAGE_FAILED`
   */
  open(
    how: 'passkey' | { readonly pin: string } | { readonly words: string },
    input?: { readonly takeOver?: boolean },
  ): Promise<OpenVault>;
  /** Removes everything from the device, also under an open vault. Passkeys stay in the device's own list, worth nothing. */
  erase(): Promise<void>;
}

/** @param input.database - name of the IndexedDB database and of the lock; default `radledger` */
export function createBrowserVault(input: {
  readonly rpId: string;
  readonly rpName: string;
  readonly database?: string;
}): Vault {
  const { database = DATABASE } = input;
  return createVault({
    storage: createIndexedDbStorage(database),
    passkeys: createPasskeys(input),
    lock: createWebLock(`${database}/vault`),
  });
}

export function createVault(input: VaultPorts): Vault {
  const { storage, lock } = input;
  const ports = { ...input, now: input.now ?? Date.now };

  /** Runs with the lock; who fails lets it go. */
  async function locked(takeOver: boolean, work: (release: () => void) => Promise<OpenVault>): Promise<OpenVault> {
    const release = await lock.take({ takeOver });
    if (release === undefined) throw inUse();
    try {
      return await work(release);
    } catch (error) {
      release();
      throw error;
    }
  }

  /** The first record of a device. */
  async function start(
    input: { entropy: Uint8Array; wraps: readonly Wrap[]; generation: number },
    release: () => void,
  ): Promise<OpenVault> {
    const { entropy, wraps, generation } = input;
    const profiles = await sealProfiles(entropy, []);
    const record: VaultRecord = { format: 1, generation, wraps, profiles, snapshots: [] };
    await storage.save(record);
    return new OpenVault({ ports, record, entropy, listed: [], release });
  }

  /** The generation of the first record. @throws {WalletError} `VAULT_EXISTS` */
  async function firstGeneration(replace: boolean): Promise<number> {
    const existing = await storage.load();
    const isFree = existing === undefined || replace || checkedRecord(existing)?.wraps.length === 0;
    // Of a record that is damaged, the number may be too.
    if (isFree) return (Number.isSafeInteger(existing?.generation) ? Number(existing?.generation) : 0) + 1;
    throw new WalletError({ code: 'VAULT_EXISTS' }, 'this device has a vault already; open it');
  }

  async function unlock(stored: VaultRecord, how: Parameters<Vault['open']>[0]): Promise<Unlocked> {
    const { wraps } = stored;
    if (how === 'passkey') return unlockByPasskey(wraps, { passkeys: ports.passkeys, leavesCopy: true });
    if ('words' in how) return { entropy: entropyOf(how.words), wraps };
    const count = (counted: PinWrap): Promise<void> => storage.save({ ...stored, wraps: withPin(wraps, counted) });
    return { entropy: await unlockByPin(wraps, { pin: how.pin, nowMs: ports.now(), count }), wraps };
  }

  return {
    async wrappers() {
      const record = checkedRecord(await storage.load());
      return record === undefined ? [] : wrapperKinds(record);
    },
    create: (how, { words, restoredFrom, replace = false } = {}) =>
      locked(replace, async (release) => {
        const generation = await firstGeneration(replace);
        const entropy = words === undefined ? generateEntropy() : entropyOf(words);
        const wrap = await newLock(entropy, how, ports.passkeys);
        const paper = restoredFrom === undefined ? [] : [{ kind: restoredFrom, madeAtMs: ports.now() }];
        return start({ entropy, wraps: [wrap, ...paper], generation }, release);
      }),
    createFromPasskey: () =>
      locked(false, async (release) => {
        const generation = await firstGeneration(false);
        // A browser does not tell a person who says no from one who has no passkey.
        const found = await ports.passkeys.find().catch((cause: unknown) => {
          throw withoutCopy(cause);
        });
        const wrap = wrapOfCopy(found);
        const entropy = wrap && (await unwrapByPasskey(wrap, found.secret));
        if (wrap === undefined || entropy === undefined) throw withoutCopy(undefined);
        return start({ entropy, wraps: [wrap], generation }, release);
      }),
    open: (how, { takeOver = false } = {}) =>
      locked(takeOver, async (release) => {
        const stored = checkedRecord(await storage.load());
        if (stored === undefined || stored.wraps.length === 0) {
          throw new WalletError({ code: 'VAULT_EMPTY' }, 'nothing is stored on this device');
        }
        const { entropy, wraps } = await unlock(stored, how);
        const listed = entropy && (await openProfiles(entropy, stored.profiles));
        if (entropy === undefined || listed === undefined) {
          const isWords = typeof how === 'object' && 'words' in how;
          throw isWords && !(await isHolder(entropyOf(how.words), stored))
            ? new WalletError({ code: 'WORDS_OF_ANOTHER' }, 'what is stored here belongs to other words')
            : new WalletError({ code: 'VAULT_DAMAGED' }, 'what is stored was changed; restore from the words');
        }
        const record = { ...stored, generation: stored.generation + 1, wraps: wraps.map(withoutTries) };
        await storage.save(record);
        return new OpenVault({ ports, record, entropy, listed, release });
      }),
    async erase() {
      const stored = await storage.load();
      if (stored === undefined) return;
      const generation = stored.generation + 1;
      await storage.save({ format: 1, generation, wraps: [], profiles: new Uint8Array(0), snapshots: [] });
    },
  };
}

function withoutCopy(cause: unknown): WalletError {
  return new WalletError({ code: 'PASSKEY_WITHOUT_COPY' }, 'no passkey of this app brought a copy along', { cause });
}
