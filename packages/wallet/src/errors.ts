import { CodedError } from '@radledger/primitives';

/** Why the wallet did not do what it was asked. No name, label, word or secret is in any of them. */
export type WalletErrorInfo =
  | { readonly code: 'WORDS_INVALID'; readonly rule: 'count' | 'unknown-word' | 'checksum' }
  | { readonly code: 'SNAPSHOT_MALFORMED'; readonly field: string }
  | { readonly code: 'WALLET_EXISTS' }
  | { readonly code: 'VIEW_STALE'; readonly viewAgeMs: number }
  | { readonly code: 'WRONG_CHAIN'; readonly expected: string; readonly actual: string }
  | { readonly code: 'EXPIRED'; readonly expiresAtMs: number }
  | { readonly code: 'SOURCE_UNKNOWN'; readonly source: string }
  | { readonly code: 'STUDY_UNKNOWN' }
  | { readonly code: 'STUDY_NOT_ACTIVE'; readonly state: string }
  | { readonly code: 'NOT_OWNER' }
  | { readonly code: 'TOO_MANY_UNPUBLISHED'; readonly limit: number }
  | { readonly code: 'GRANT_UNKNOWN' }
  | { readonly code: 'END_DATE_REFUSED'; readonly rule: 'past' | 'too-far' | 'beyond-delegation' }
  | { readonly code: 'ACCEPTANCE_MISMATCH'; readonly field: string }
  | { readonly code: 'RECEIPT_REFUSED' }
  | { readonly code: 'ANSWER_INVALID'; readonly reason: string }
  | { readonly code: 'NOT_PUBLISHED'; readonly waitedMs: number }
  | { readonly code: 'GATEWAY_UNKNOWN'; readonly source: string }
  | { readonly code: 'VAULT_EXISTS' }
  | { readonly code: 'VAULT_EMPTY' }
  | { readonly code: 'VAULT_IN_USE' }
  | { readonly code: 'VAULT_CLOSED' }
  | { readonly code: 'VAULT_DAMAGED' }
  | { readonly code: 'WRAPPER_MISSING'; readonly kind: 'passkey' | 'pin' }
  | { readonly code: 'STORAGE_FULL' }
  | { readonly code: 'STORAGE_FAILED' }
  | { readonly code: 'WORDS_OF_ANOTHER' }
  | { readonly code: 'PASSKEY_REFUSED' }
  | { readonly code: 'PASSKEY_WITHOUT_PRF' }
  | { readonly code: 'PASSKEY_WITHOUT_COPY' }
  | { readonly code: 'PIN_REFUSED'; readonly lengthMin: number; readonly lengthMax: number }
  | { readonly code: 'WRONG_PIN'; readonly waitMs: number }
  | { readonly code: 'PIN_WAIT'; readonly untilMs: number }
  | { readonly code: 'CARD_INVALID'; readonly rule: 'words' | 'check' | 'format' | 'count' | 'same-card' | 'other-set' }
  | { readonly code: 'TRANSFER_INVALID'; readonly rule: 'offer' | 'answer' };

/** Thrown by the wallet. */
export class WalletError extends CodedError<WalletErrorInfo> {
  override readonly name = 'WalletError';
}
