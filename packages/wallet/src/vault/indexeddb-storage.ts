/** The vault record in the browser: one object of one IndexedDB database. */
import { WalletError } from '../errors.js';
import { inUse, type VaultRecord, type VaultStorage } from './vault-storage.js';

const STORE = 'vault';
const KEY = 'record';

/** @param database - name of the database; another name is another vault */
export function createIndexedDbStorage(database: string): VaultStorage {
  /** Opened for each use: a connection does not outlive a wipe of the site's data. */
  async function withDatabase<T>(use: (db: IDBDatabase) => Promise<T>): Promise<T> {
    const db = await opened(database);
    try {
      return await use(db);
    } finally {
      db.close();
    }
  }

  return {
    load: () =>
      withDatabase(async (db) => {
        const transaction = db.transaction(STORE, 'readonly');
        const request = transaction.objectStore(STORE).get(KEY);
        await ended(transaction);
        return request.result as VaultRecord | undefined;
      }),
    save: (record) =>
      withDatabase(async (db) => {
        const transaction = db.transaction(STORE, 'readwrite', { durability: 'strict' });
        const store = transaction.objectStore(STORE);
        const request = store.get(KEY) as IDBRequest<VaultRecord | undefined>;
        let refusal: WalletError | undefined;
        request.onsuccess = () => {
          try {
            if (request.result !== undefined && request.result.generation > record.generation) throw inUse();
            store.put(record, KEY);
          } catch (error) {
            refusal = error instanceof WalletError ? error : failed(error as DOMException);
            transaction.abort();
          }
        };
        await ended(transaction).catch((error: unknown) => {
          throw refusal ?? error;
        });
      }),
  };
}

function opened(database: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(database, 1);
    request.onupgradeneeded = () => void request.result.createObjectStore(STORE);
    request.onsuccess = () => {
      resolve(request.result);
    };
    request.onerror = () => {
      reject(failed(request.error));
    };
  });
}

function ended(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => {
      resolve();
    };
    transaction.onabort = () => {
      reject(failed(transaction.error));
    };
  });
}

function failed(cause: DOMException | null): WalletError {
  if (cause?.name === 'QuotaExceededError') {
    return new WalletError({ code: 'STORAGE_FULL' }, 'this device has no room left for the app', { cause });
  }
  return new WalletError({ code: 'STORAGE_FAILED' }, "the browser's storage does not work", { cause });
}
