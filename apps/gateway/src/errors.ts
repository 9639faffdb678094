import { CodedError } from '@radledger/primitives';

export type GatewayAppErrorInfo =
  | { readonly code: 'CONFIG_UNREADABLE'; readonly file: string }
  | { readonly code: 'CONFIG_INVALID'; readonly file: string; readonly path: string }
  | { readonly code: 'KEY_FILE_MISSING'; readonly file: string }
  | { readonly code: 'KEY_FILE_MODE'; readonly file: string; readonly mode: string }
  | { readonly code: 'KEY_FILE_INVALID'; readonly file: string }
  | { readonly code: 'TLS_PIN_UNKNOWN'; readonly file: string }
  | { readonly code: 'FOLDER_UNUSABLE'; readonly folder: string }
  | { readonly code: 'DATABASE_LOCKED'; readonly folder: string }
  | { readonly code: 'DATABASE_UNREADABLE'; readonly folder: string }
  | { readonly code: 'AUDIT_UNREADABLE'; readonly folder: string }
  | { readonly code: 'ADDRESS_IN_USE'; readonly listener: ListenerName; readonly address: string }
  | { readonly code: 'ADDRESS_UNAVAILABLE'; readonly listener: ListenerName; readonly address: string }
  | { readonly code: 'NODE_UNREACHABLE'; readonly node: string }
  | { readonly code: 'GATEWAY_UNREACHABLE' }
  | { readonly code: 'FOREIGN_CHAIN'; readonly node: string }
  | { readonly code: 'NODE_UNPROVEN'; readonly node: string }
  | { readonly code: 'CHECKPOINT_REFUSED'; readonly node: string }
  | { readonly code: 'GENESIS_INVALID'; readonly file: string }
  | { readonly code: 'RECOVERY_INVALID'; readonly file: string }
  | { readonly code: 'CHECKPOINT_INVALID'; readonly file: string };

export type ListenerName = 'api' | 'operator' | 'source.iti43' | 'source.arrivals' | 'dimse.receiver';

/** What stops `radledger-gateway` with one line on stderr. */
export class GatewayAppError extends CodedError<GatewayAppErrorInfo> {
  override readonly name = 'GatewayAppError';
}

/** Exit codes of `radledger-gateway`; anything else that fails is 1, a wrong command line is 2. */
const EXIT_CODES: Readonly<Record<GatewayAppErrorInfo['code'], number>> = {
  CONFIG_UNREADABLE: 10,
  CONFIG_INVALID: 10,
  KEY_FILE_MISSING: 11,
  KEY_FILE_MODE: 11,
  KEY_FILE_INVALID: 11,
  TLS_PIN_UNKNOWN: 11,
  FOLDER_UNUSABLE: 13,
  DATABASE_LOCKED: 13,
  DATABASE_UNREADABLE: 13,
  AUDIT_UNREADABLE: 13,
  ADDRESS_IN_USE: 14,
  ADDRESS_UNAVAILABLE: 14,
  NODE_UNREACHABLE: 15,
  GATEWAY_UNREACHABLE: 15,
  FOREIGN_CHAIN: 15,
  NODE_UNPROVEN: 15,
  CHECKPOINT_REFUSED: 15,
  GENESIS_INVALID: 12,
  RECOVERY_INVALID: 12,
  CHECKPOINT_INVALID: 12,
};

export function exitCodeOf(error: unknown): number {
  return error instanceof GatewayAppError ? EXIT_CODES[error.code] : 1;
}
