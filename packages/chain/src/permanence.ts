import type { TransactionRefusalCode } from './errors.js';

/** Refusals that time or other transactions may lift. Every other code is final for that transaction on that chain. */
const PASSING: ReadonlySet<TransactionRefusalCode> = new Set<TransactionRefusalCode>([
  'EXPIRY_TOO_FAR',
  'SOURCE_UNKNOWN',
  'SOURCE_NOT_DEFINED',
  'NOT_SOURCE_KEY',
  'ADMISSION_STALE',
  'ADMISSION_UNATTESTED',
  'ATTEST_QUOTA',
  'MAXIMUM_STANDS',
  'PERIOD_AHEAD',
  'STUDY_UNKNOWN',
  'NOT_OWNER',
  'NOT_OWNER_OR_DELEGATE',
  'DELEGATE_EXPIRED',
  'BEYOND_DELEGATE',
  'NOT_AFTER_TOO_FAR',
  'SEQUENCE_TOO_FAR_AHEAD',
  'STUDY_QUOTA',
  'SOURCE_STUDY_QUOTA',
  'SOURCE_ALLOW_QUOTA',
  'EVIDENCE_TOO_EARLY',
  'VIEW_NOT_PENDING',
  'NOT_DORMANT',
]);

/** True when a transaction refused with this code can never stand in a later block of the same chain. */
export function isPermanentRefusal(code: TransactionRefusalCode): boolean {
  return !PASSING.has(code);
}
