import { CodedError } from '@radledger/primitives';

/** Why a call to a node or gateway gave no result. Paths hold ids only; no body, code or secret is ever copied in. */
export type ClientErrorInfo =
  | { readonly code: 'UNREACHABLE' }
  | { readonly code: 'TIMEOUT'; readonly timeoutMs: number }
  | { readonly code: 'RESPONSE_TOO_LARGE'; readonly responseBytesMax: number }
  | { readonly code: 'MALFORMED_RESPONSE'; readonly field: string }
  | {
      readonly code: 'REFUSED';
      readonly status: number;
      readonly reason: string;
      readonly triesLeft?: number;
      /** When it would not be refused any more, Unix ms. */
      readonly availableAtMs?: number;
    }
  | { readonly code: 'TRANSACTION_REFUSED'; readonly txId: string; readonly reason: string }
  | { readonly code: 'TRANSACTION_EXPIRED'; readonly txId: string; readonly expiryHeight: number }
  | { readonly code: 'PROOF_INVALID' }
  | { readonly code: 'CHECKPOINT_UNKNOWN' }
  | { readonly code: 'CHECKPOINT_TOO_OLD'; readonly ageMs: number; readonly ageMaxMs: number }
  | { readonly code: 'VIEW_TOO_OLD'; readonly ageMs: number; readonly ageMaxMs: number }
  | { readonly code: 'CLOCK_BEHIND' }
  | { readonly code: 'CONFLICTING_FINALITY' }
  | { readonly code: 'NO_NODES' }
  | { readonly code: 'URL_REFUSED' };

/** Thrown by every client of this package. `REFUSED` carries the server's own code in `info.reason`. */
export class ClientError extends CodedError<ClientErrorInfo> {
  override readonly name = 'ClientError';
}

/** Whether an error is a refusal by the server, of one given reason or of any. */
export function isRefusal(
  error: unknown,
  reason?: string,
): error is ClientError & {
  readonly info: Extract<ClientErrorInfo, { code: 'REFUSED' }>;
} {
  return (
    error instanceof ClientError &&
    error.info.code === 'REFUSED' &&
    (reason === undefined || error.info.reason === reason)
  );
}
