import { WalletError } from '../errors.js';
import type { Wrap } from './wraps.js';

/** All that a device keeps: wraps of the seed, and what is sealed under it. Nothing in it can be read without one of the wraps. */
export interface VaultRecord {
  readonly format: 1;
  /** Rises each time the vault is opened: an app that opened it earlier may no longer write. */
  readonly generation: number;
  /** None in a vault that was erased. */
  readonly wraps: readonly Wrap[];
  /** Sealed under the holder's seed: the other profiles. */
  readonly profiles: Uint8Array;
  /** Sealed, each under the seed of its own profile. */
  readonly snapshots: readonly { readonly id: string; readonly sealed: Uint8Array }[];
  /** Helpers' cards, sealed as the snapshots are; absent before the first were made. */
  readonly cards?: readonly { readonly id: string; readonly sealed: Uint8Array }[];
}

/** @throws {WalletError} `VAULT_DAMAGED` when what was stored is no record of this format */
export function checkedRecord(stored: VaultRecord | undefined): VaultRecord | undefined {
  if (stored === undefined) return undefined;
  const { format, generation, wraps, profiles, snapshots, cards = [] } = stored as Partial<VaultRecord>;
  const isWhole =
    format === 1 &&
    Number.isSafeInteger(generation) &&
    Array.isArray(wraps) &&
    profiles instanceof Uint8Array &&
    Array.isArray(snapshots) &&
    Array.isArray(cards);
  if (isWhole) return stored;
  throw new WalletError({ code: 'VAULT_DAMAGED' }, 'what is stored is no vault; restore from the words');
}

/**
 * Swap-in point: where a device keeps its one vault record. Every implementation must
 * - keep `CryptoKey` values that are not extractable, as they are;
 * - be atomic and durable: when `save` resolves, any later `load` gives that record, whole, or a later one;
 * - refuse, in the same step, to replace a record of a higher generation;
 * - accept any record when it holds none: what was wiped under an open vault is written again.
 */
export interface VaultStorage {
  load(): Promise<VaultRecord | undefined>;
  /** @throws {WalletError} `VAULT_IN_USE` for the refusal | `STORAGE_FULL` | `STORAGE_FAILED` */
  save(record: VaultRecord): Promise<void>;
}

/** A storage that forgets with the process. */
export function createMemoryVaultStorage(): VaultStorage {
  let current: VaultRecord | undefined;
  return {
    load: () => Promise.resolve(current),
    save: (record) => {
      if (current !== undefined && current.generation > record.generation) return Promise.reject(inUse());
      current = record;
      return Promise.resolve();
    },
  };
}

export function inUse(): WalletError {
  return new WalletError({ code: 'VAULT_IN_USE' }, 'another window of this app has the vault open');
}
