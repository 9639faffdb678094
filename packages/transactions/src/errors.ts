import { CodedError } from '@radledger/primitives';

/** Every rule of docs/spec/transactions.md that can be judged without state, by the code of its refusal. */
export type TransactionErrorInfo =
  | { readonly code: 'TOO_LARGE'; readonly bytes: number; readonly bytesMax: number }
  | { readonly code: 'MALFORMED'; readonly path?: string }
  | { readonly code: 'UNKNOWN_FORMAT'; readonly format: number }
  | { readonly code: 'UNKNOWN_KIND'; readonly kind: number }
  | { readonly code: 'UNKNOWN_ALGORITHM' }
  | { readonly code: 'EXPIRY_REQUIRED' }
  | { readonly code: 'EXPIRY_NOT_ALLOWED' }
  | { readonly code: 'KEY_NOT_STRICT'; readonly field: string }
  | { readonly code: 'KEY_REUSED' }
  | { readonly code: 'NAME_INVALID' }
  | { readonly code: 'BASE_URL_INVALID' }
  | { readonly code: 'TLS_PINS_INVALID' }
  | { readonly code: 'ROLE_UNKNOWN'; readonly role: number }
  | { readonly code: 'RETIRE_REASON_UNKNOWN'; readonly reason: number }
  | { readonly code: 'SCOPE_UNKNOWN'; readonly scope: number }
  | { readonly code: 'SEQUENCE_INVALID' }
  | { readonly code: 'NOT_AFTER_REQUIRED' }
  | { readonly code: 'NOT_AFTER_NOT_ALLOWED' }
  | { readonly code: 'OWNER_UNCHANGED' }
  | { readonly code: 'ATTESTATION_EMPTY' }
  | { readonly code: 'ADMISSION_UNKNOWN'; readonly admission: number }
  | { readonly code: 'SIGNATURE_INVALID' }
  | { readonly code: 'UID_INVALID' }
  | { readonly code: 'INSTANCE_HASH_INVALID' }
  | { readonly code: 'MANIFEST_EMPTY' }
  | { readonly code: 'MANIFEST_TOO_LARGE'; readonly instances: number; readonly instancesMax: number }
  | { readonly code: 'MANIFEST_NOT_SORTED' }
  | { readonly code: 'DUPLICATE_INSTANCE' };

/** Thrown when a transaction, a manifest or a link of keys breaks a rule that needs no state. Holds no patient data. */
export class TransactionError extends CodedError<TransactionErrorInfo> {
  override readonly name = 'TransactionError'; // a literal: bundlers rename classes
}
