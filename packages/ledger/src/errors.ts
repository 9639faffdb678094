import { CodedError } from '@radledger/primitives';
import type { Lane } from './mempool.js';

/** What found a transaction at fault: its bytes, a signature, or the state it would change. */
export type RefusalStage = 'bytes' | 'signature' | 'state';

export type LedgerErrorInfo =
  | { readonly code: 'CLOSED' }
  | { readonly code: 'STORE_FAILED' }
  | { readonly code: 'GENESIS_MISMATCH' }
  | { readonly code: 'MODULE_MISMATCH'; readonly module: string; readonly genesisModule: string }
  | { readonly code: 'PARAMETER_UNSUPPORTED'; readonly parameter: string }
  | { readonly code: 'RECOVERY_REFUSED'; readonly height: number; readonly rule: string }
  | { readonly code: 'STATE_ROOT_MISMATCH'; readonly height: number }
  | { readonly code: 'CHECKPOINT_DIFFERS'; readonly height: number }
  | { readonly code: 'CONFLICTING_FINALITY'; readonly height: number }
  | {
      readonly code: 'TRANSACTION_REFUSED';
      readonly rule: string;
      readonly stage: RefusalStage;
      /** False: the same bytes may be accepted later. */
      readonly permanent: boolean;
    }
  | { readonly code: 'MEMPOOL_FULL'; readonly lane: Lane }
  | { readonly code: 'MEMPOOL_CELL_FULL'; readonly waitingMax: number }
  | { readonly code: 'BUSY' }
  | { readonly code: 'NO_IDENTITY' }
  | { readonly code: 'PEER_DATA_INVALID'; readonly rule: string }
  | { readonly code: 'CHANGES_UNKNOWN' }
  | { readonly code: 'SNAPSHOT_GONE'; readonly height: number }
  | { readonly code: 'REQUEST_INVALID'; readonly parameter: string }
  | { readonly code: 'LISTEN_FAILED'; readonly host: string; readonly port: number; readonly systemCode: string };

/** Thrown by a ledger. A refused transaction carries the broken rule of `transactions` or `chain` in `info.rule`. */
export class LedgerError extends CodedError<LedgerErrorInfo> {
  override readonly name = 'LedgerError';
}
