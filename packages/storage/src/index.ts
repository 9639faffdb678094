export type {
  FinalizedBlock,
  HeightRange,
  ImportedBlock,
  ImportedBoundary,
  LedgerStore,
  SignLog,
  SignLogHeader,
  StateImport,
  StateSnapshot,
  StoredDuties,
  StoredTip,
} from './contract.js';
export { StorageError, type StorageErrorInfo } from './errors.js';
export type { AnyLevel } from './byte-database.js';
export { openStore, type StoreOptions } from './ledger-store.js';
export { createSignLog, openSignLog, type SignLogOptions } from './sign-log.js';
