/** What can bring back what a device keeps, read from its record alone. */
import { createIndexedDbStorage } from './indexeddb-storage.js';
import { checkedRecord, type VaultRecord } from './vault-storage.js';
import type { PaperWrap, Wrap, WrapperKind } from './wraps.js';

/** The id of the holder's own profile. */
export const HOLDER = 'holder';
/** Of the database and of the lock, unless a caller names others. */
export const DATABASE = 'radledger';

/**
 * What can open the vault of this browser; none when nothing is stored. Asks nobody. For the first screen of an app, which loads what opens
 * the vault later. @throws {WalletError} `VAULT_DAMAGED` | `STORAGE_FAILED`
 */
export async function wrappersInBrowser(database: string = DATABASE): Promise<readonly WrapperKind[]> {
  const record = checkedRecord(await createIndexedDbStorage(database).load());
  return record === undefined ? [] : wrapperKinds(record);
}

/** What can bring one profile back: what opens the whole vault, and its own papers. */
export function wrapperKinds({ wraps }: VaultRecord, profile: string = HOLDER): readonly WrapperKind[] {
  const own = wraps.filter((wrap) => !isPaper(wrap) || profileOf(wrap) === profile);
  const kinds = own.map(({ kind }): WrapperKind => kind);
  // The copy in a passkey holds the holder's seed; those of the others rest on this device, sealed under it.
  const isCopied = profile === HOLDER && wraps.some((wrap) => wrap.kind === 'passkey' && wrap.copy === 'synced');
  return [...new Set(isCopied ? [...kinds, 'passkey-copy' as const] : kinds)];
}

function isPaper(wrap: Wrap): wrap is PaperWrap {
  return wrap.kind === 'sheet' || wrap.kind === 'helpers';
}

export function profileOf(wrap: Wrap): string {
  return isPaper(wrap) ? (wrap.profile ?? HOLDER) : HOLDER;
}
