import { CodedError } from '@radledger/primitives';

/** Every code that `@radledger/exchange` throws or answers with. The README says when each occurs and what to do. */
export type ExchangeErrorCode =
  // what a gateway holds
  | 'DATABASE_FOREIGN'
  | 'RECORD_UNREADABLE'
  | 'KEY_FILE_INVALID'
  | 'LISTEN_FAILED'
  | 'AUDIT_UNREADABLE'
  | 'AUDIT_UNWRITABLE'
  // requests from outside
  | 'MALFORMED_REQUEST'
  | 'MALFORMED_CLAIM'
  | 'TOO_LARGE'
  | 'TOO_MANY_REQUESTS'
  | 'UNAUTHORIZED'
  | 'NOT_FOUND'
  | 'SIGNATURE_INVALID'
  | 'REQUEST_EXPIRED'
  | 'REPLAYED'
  // invitations and claims
  | 'INVITATION_UNKNOWN'
  | 'INVITATION_EXPIRED'
  | 'INVITATION_CLAIMED'
  | 'WRONG_CODE'
  | 'NOT_YET'
  | 'PROOF_INVALID'
  // studies
  | 'STUDY_NOT_FOUND'
  | 'STUDY_TAKEN'
  | 'STUDY_UNKNOWN'
  | 'NOT_PUBLISHED'
  | 'UNCHANGED'
  | 'TOO_MANY_ORDERS'
  | 'SOURCE_NOT_DEFINED'
  | 'SOURCE_DEFINED'
  // standing links, replaced access, mailboxes
  | 'NO_STANDING_LINK'
  | 'REPLACEMENT_WAITING'
  | 'NO_REPLACEMENT'
  | 'MAILBOX_UNKNOWN'
  | 'MAILBOX_TAKEN'
  | 'EMERGENCY_REFUSED'
  // the ledger
  | 'FOREIGN_CHAIN'
  | 'VIEW_STALE'
  | 'TRANSACTION_REFUSED'
  | 'NODE_UNREACHABLE'
  // boxes, requests, retrievals
  | 'BOX_UNKNOWN'
  | 'BOX_FULL'
  | 'REQUEST_UNKNOWN'
  | 'KEY_WITHDRAWN'
  | 'NOTHING_TO_FETCH'
  | 'NOT_IN_QUARANTINE'
  | 'NOT_MATCHING'
  | 'QUARANTINE_FULL'
  | 'NOTICE_INVALID'
  | 'GRANT_NOT_LIVE'
  | 'SOURCE_UNPROVEN'
  | 'ENDPOINT_REFUSED'
  | 'CONTENT_MISMATCH'
  | 'WRONG_STUDY'
  | 'RETRIEVAL_REFUSED'
  | 'RETRIEVAL_FAILED'
  // receipts
  | 'TRANSFER_UNKNOWN'
  | 'TRANSFER_UNFINISHED'
  | 'RECEIPT_REFUSED';

/** What an `ExchangeError` tells a caller who acts on it. */
export interface ExchangeErrorInfo {
  readonly code: ExchangeErrorCode;
  /** With `WRONG_CODE`: how many wrong tries the invitation still bears. */
  readonly triesLeft?: number;
  /** With `NOT_YET`: when it can be claimed, Unix ms. */
  readonly availableAtMs?: number;
  /** With `TRANSACTION_REFUSED`: the rule the transaction broke. With `RETRIEVAL_REFUSED`: the repository's own
   *  code. With `RECEIPT_REFUSED`: what the source answered. With `EMERGENCY_REFUSED`: `RECEIVER` or `CONFIRMATION`. With `LISTEN_FAILED` and `AUDIT_UNWRITABLE`: the system's. */
  readonly reason?: string;
}

/** Thrown by both sides of the exchange of studies. Holds no patient data: it reaches logs. */
export class ExchangeError extends CodedError<ExchangeErrorInfo> {
  override readonly name = 'ExchangeError';
}
