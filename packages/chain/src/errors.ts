import { CodedError } from '@radledger/primitives';
import type { TransactionErrorInfo } from '@radledger/transactions';

/** Every rule of docs/spec/transactions.md that is judged against the state, by the code of its refusal. */
export type TransitionCode =
  | 'EXPIRED'
  | 'EXPIRY_TOO_FAR'
  | 'REPLAYED'
  | 'SOURCE_UNKNOWN'
  | 'SOURCE_EXISTS'
  | 'SOURCE_NOT_DEFINED'
  | 'NOT_SOURCE_KEY'
  | 'GENESIS_KEYS_DIFFER'
  | 'ADMISSION_REQUIRED'
  | 'ADMISSION_NOT_ALLOWED'
  | 'ADMISSION_STALE'
  | 'ADMISSION_WORK'
  | 'ADMISSION_UNATTESTED'
  | 'AUTHORITY_UNKNOWN'
  | 'ATTESTATION_EXPIRED'
  | 'ATTESTED_ALREADY'
  | 'MAXIMUM_STANDS'
  | 'ATTEST_QUOTA'
  | 'PERIOD_AHEAD'
  | 'PERIOD_PAST'
  | 'KEY_TAKEN'
  | 'STUDY_UNKNOWN'
  | 'STUDY_EXISTS'
  | 'STUDY_RETIRED'
  | 'OWNER_KEY_TAKEN'
  | 'NOT_OWNER'
  | 'NOT_OWNER_OR_DELEGATE'
  | 'DELEGATE_EXPIRED'
  | 'BEYOND_DELEGATE'
  | 'NOT_AFTER_PAST'
  | 'NOT_AFTER_TOO_FAR'
  | 'SEQUENCE_NOT_HIGHER'
  | 'SEQUENCE_TOO_FAR_AHEAD'
  | 'STUDY_QUOTA'
  | 'SOURCE_STUDY_QUOTA'
  | 'SOURCE_ALLOW_QUOTA'
  | 'EVIDENCE_TOO_EARLY'
  | 'EVIDENCE_TOO_OLD'
  | 'EVIDENCE_INVALID'
  | 'MISCONDUCT_KNOWN'
  | 'VIEW_NOT_PENDING'
  | 'NOT_DORMANT';

/** Rules of docs/spec/blocks.md that a whole block breaks. */
export type BlockCode =
  | 'WRONG_CHAIN'
  | 'WRONG_HEIGHT'
  | 'WRONG_PARENT'
  | 'TIMESTAMP_TOO_EARLY'
  | 'WRONG_BODY_SIZE'
  | 'BLOCK_TOO_LARGE'
  | 'WRONG_TRANSACTION_ROOT'
  | 'WRONG_STATE_ROOT'
  | 'WRONG_DUTY_ROOT'
  | 'JUSTIFICATION_UNREADABLE'
  | 'WRONG_ORDER'
  | 'TOO_MANY_REPORTS';

/** Why a transaction does not stand: a stateless rule, or one judged against the state. */
export type TransactionRefusalCode = TransactionErrorInfo['code'] | TransitionCode;
/** Why a block does not stand. */
export type BlockRefusalCode = BlockCode | TransactionRefusalCode;

export type ChainErrorInfo =
  | { readonly code: 'MALFORMED'; readonly format: string; readonly path?: string }
  | { readonly code: 'TOO_LARGE'; readonly bytes: number; readonly bytesMax: number }
  | { readonly code: 'PARAMETER_OUT_OF_RANGE'; readonly parameter: string }
  | { readonly code: 'GENESIS_INVALID'; readonly rule: string }
  | { readonly code: 'STATE_BROKEN'; readonly cell: string }
  | { readonly code: 'PROOF_INVALID' }
  | { readonly code: 'BOUNDARY_INVALID'; readonly rule: string }
  | { readonly code: 'CHECKPOINT_TOO_OLD'; readonly ageMs: number; readonly ageMaxMs: number }
  | { readonly code: 'BUCKET_TOO_LARGE'; readonly cells: number; readonly cellsMax: number };

/** Thrown when bytes from outside are not what a format of this package demands, or a port breaks its contract. */
export class ChainError extends CodedError<ChainErrorInfo> {
  override readonly name = 'ChainError'; // a literal: bundlers rename classes
}
