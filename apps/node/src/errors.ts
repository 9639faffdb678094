import { CodedError } from '@radledger/primitives';

export type NodeAppErrorInfo =
  | { readonly code: 'CONFIG_UNREADABLE'; readonly file: string }
  | { readonly code: 'CONFIG_INVALID'; readonly file: string; readonly path: string }
  | { readonly code: 'KEY_FILE_MISSING'; readonly file: string }
  | { readonly code: 'KEY_FILE_MODE'; readonly file: string; readonly mode: string }
  | { readonly code: 'KEY_FILE_INVALID'; readonly file: string }
  | { readonly code: 'NO_NEXT_KEY'; readonly folder: string }
  | { readonly code: 'KEY_NOT_SERVING'; readonly folder: string }
  | { readonly code: 'FOLDER_NOT_EMPTY'; readonly folder: string }
  | { readonly code: 'FOLDER_LOCKED'; readonly folder: string }
  | { readonly code: 'GENESIS_UNREADABLE'; readonly file: string }
  | { readonly code: 'GENESIS_INVALID'; readonly file: string }
  | { readonly code: 'RECOVERY_INVALID'; readonly file: string }
  | { readonly code: 'RECOVERY_REFUSED'; readonly height: number }
  | { readonly code: 'MODULE_UNKNOWN'; readonly module: string }
  | { readonly code: 'GENESIS_FOREIGN'; readonly folder: string }
  | { readonly code: 'DATABASE_CORRUPT'; readonly folder: string }
  | { readonly code: 'SIGN_LOG_UNREADABLE'; readonly file: string }
  | { readonly code: 'ADDRESS_IN_USE'; readonly listener: 'peer' | 'api'; readonly address: string }
  | { readonly code: 'ADDRESS_UNAVAILABLE'; readonly listener: 'peer' | 'api'; readonly address: string }
  | { readonly code: 'API_UNREACHABLE'; readonly api: string }
  | { readonly code: 'CHECKPOINT_REFUSED' }
  | { readonly code: 'STORE_FAILED' };

/** What stops `radledger-node` with one line on stderr. */
export class NodeAppError extends CodedError<NodeAppErrorInfo> {
  override readonly name = 'NodeAppError';
}

/** Exit codes of `radledger-node`; anything else that fails is 1, a wrong command line is 2. */
const EXIT_CODES: Readonly<Record<NodeAppErrorInfo['code'], number>> = {
  CONFIG_UNREADABLE: 10,
  CONFIG_INVALID: 10,
  KEY_FILE_MISSING: 11,
  KEY_FILE_MODE: 11,
  KEY_FILE_INVALID: 11,
  NO_NEXT_KEY: 11,
  KEY_NOT_SERVING: 11,
  FOLDER_NOT_EMPTY: 11,
  GENESIS_UNREADABLE: 12,
  GENESIS_INVALID: 12,
  RECOVERY_INVALID: 12,
  RECOVERY_REFUSED: 12,
  MODULE_UNKNOWN: 12,
  GENESIS_FOREIGN: 12,
  DATABASE_CORRUPT: 13,
  FOLDER_LOCKED: 13,
  SIGN_LOG_UNREADABLE: 13,
  STORE_FAILED: 13,
  API_UNREACHABLE: 15,
  CHECKPOINT_REFUSED: 15,
  ADDRESS_IN_USE: 14,
  ADDRESS_UNAVAILABLE: 14,
};

export function exitCodeOf(error: unknown): number {
  return error instanceof NodeAppError ? EXIT_CODES[error.code] : 1;
}
