import { CodedError } from '@radledger/primitives';

export type StorageErrorInfo =
  | { readonly code: 'DATABASE_MISSING'; readonly folder: string }
  | { readonly code: 'DATABASE_EXISTS'; readonly folder: string }
  | { readonly code: 'DATABASE_LOCKED' }
  /** `what` names the part that does not hold together, never its content. */
  | { readonly code: 'DATABASE_CORRUPT'; readonly what: string }
  | { readonly code: 'DATABASE_UNREADABLE'; readonly systemCode: string }
  | { readonly code: 'FOREIGN_CHAIN'; readonly expected: string; readonly found: string }
  | { readonly code: 'FOREIGN_DATABASE' }
  | { readonly code: 'NEWER_FORMAT'; readonly format: number; readonly supported: number }
  | { readonly code: 'NOT_NEXT_BLOCK'; readonly height: number; readonly tipHeight: number }
  | { readonly code: 'UNSUITABLE_DATABASE'; readonly missing: string }
  | {
      readonly code: 'BLOCK_MISMATCH';
      readonly height: number;
      readonly what: 'id' | 'chainId' | 'body' | 'transactionIds';
    }
  | { readonly code: 'STATE_ROOT_MISMATCH'; readonly height: number }
  | { readonly code: 'WRITE_FAILED'; readonly height: number }
  | { readonly code: 'OUT_OF_RANGE'; readonly what: string }
  | { readonly code: 'NOT_EMPTY' }
  | { readonly code: 'CLOSED' }
  | { readonly code: 'SIGN_LOG_MISSING'; readonly path: string }
  | { readonly code: 'SIGN_LOG_EXISTS'; readonly path: string }
  | { readonly code: 'SIGN_LOG_LOCKED'; readonly path: string }
  | { readonly code: 'SIGN_LOG_CORRUPT'; readonly path: string; readonly offset: number }
  | { readonly code: 'SIGN_LOG_UNREADABLE'; readonly path: string; readonly systemCode: string }
  | { readonly code: 'SIGN_LOG_WRITE_FAILED'; readonly path: string }
  | { readonly code: 'FOREIGN_SIGN_LOG'; readonly path: string; readonly expected: string; readonly found: string };

/** Thrown by the ledger's store and by the sign-log. Neither ever repairs or deletes what it refuses. */
export class StorageError extends CodedError<StorageErrorInfo> {
  override readonly name = 'StorageError';
}
