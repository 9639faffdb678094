export {
  type AcceptanceInput,
  acceptanceMessage,
  delegateAcceptanceMessage,
  keyProofMessage,
  moveAcceptanceMessage,
  type StudyAcceptanceInput,
  signAcceptance,
  signDelegateAcceptance,
  signKeyProof,
  signMoveAcceptance,
} from './acceptance.js';
export {
  type Admission,
  isWorkStampValid,
  type SourceAttestation,
  solveWorkStamp,
  type WorkInput,
  type WorkStamp,
  workStampDigest,
} from './admission.js';
export { attestSource, type SourceAttestationInput, sourceAttestationMessage } from './attestation.js';
export { choice } from './choice.js';
export { validateUid } from './dicom-uid.js';
export { BASE_URL_BYTES_MAX, SOURCE_NAME_BYTES_MAX, validateBaseUrl, validateSourceName } from './directory-entry.js';
export { TransactionError, type TransactionErrorInfo } from './errors.js';
export {
  KEY_ROLE_NUMBERS,
  KIND_NUMBERS,
  type KeyRole,
  kindOfNumber,
  RETIRE_REASON_NUMBERS,
  type RetireReason,
  TRANSACTION_KINDS,
  type TransactionKind,
} from './kinds.js';
export {
  contentOf,
  createManifest,
  decodeManifest,
  encodeManifest,
  MANIFEST_INSTANCES_MAX,
  type Manifest,
  type ManifestEntry,
} from './manifest.js';
export {
  type AllowAccessPayload,
  type AmendStudyPayload,
  type AttestPayload,
  type DefineSourcePayload,
  type DefineStudyPayload,
  EVIDENCE_BYTES_MAX,
  keyRoleSchema,
  type MoveOwnerPayload,
  type MoveSourcePayload,
  type PayloadOf,
  type Payloads,
  type ReportMisconductPayload,
  type RetireStudyPayload,
  type RevokeAccessPayload,
  type RotateKeyPayload,
  retireReasonSchema,
  type SetDelegatePayload,
} from './payloads.js';
export { signatureClaims } from './signature-claims.js';
export { SCOPE_VIEW } from './stateless-rules.js';
export {
  instanceIdOf,
  isOpeningOf,
  openingOf,
  recipientTag,
  seriesIdOf,
  type StudySalts,
  studyIdOf,
  studySalts,
} from './study-identity.js';
export {
  type CreateTransactionInput,
  createTransaction,
  decodeTransaction,
  isKind,
  type SignedTransaction,
  signedMessageOf,
  TRANSACTION_BYTES_MAX,
  TRANSACTION_FORMAT,
  type Transaction,
  type TransactionOf,
} from './transaction.js';
