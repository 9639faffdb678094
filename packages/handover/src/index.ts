export {
  ACCESS_LOG_ENTRIES_MAX,
  ACCESS_LOG_REQUEST_BYTES_MAX,
  type AccessLog,
  type AccessLogEntry,
  type AccessLogRequest,
  createAccessLogRequest,
  decodeAccessLogRequest,
  openAccessLog,
  sealAccessLog,
  verifyAccessLogRequest,
} from './access-log.js';
export {
  type AcceptedKey,
  CLAIM_BYTES_MAX,
  type Claim,
  createClaim,
  decodeClaim,
  PREKEYS_MAX,
  verifyClaim,
} from './claim.js';
export { openClaimReply, sealClaimReply } from './claim-reply.js';
export { type Delegation, openDelegation, sealDelegation } from './delegation.js';
export {
  createErasureNote,
  decodeErasureNote,
  ERASED_PARTS,
  ERASURE_NOTE_BYTES_MAX,
  type ErasureNote,
  openErasureAnswer,
  sealErasureNote,
  STAYING_PARTS,
  verifyErasureNote,
} from './erasure-note.js';
export { HandoverError, type HandoverErrorInfo } from './errors.js';
export { REQUEST_SKEW_MS } from './fresh-request.js';
export {
  createKeyWithdrawal,
  KEY_WITHDRAWAL_BYTES_MAX,
  type KeyWithdrawal,
  openKeyWithdrawal,
} from './key-withdrawal.js';
export { validateGatewayUrl } from './gateway-url.js';
export {
  decodeGrantNotice,
  encodeGrantNotice,
  GRANT_NOTICE_BYTES_MAX,
  type GrantNotice,
  type OpenedGrantNotice,
  openGrantNotice,
  sealGrantNotice,
} from './grant-notice.js';
export {
  HTTP_SIGNATURE_LIFETIME_MS,
  HTTP_SIGNATURE_SKEW_MS,
  type HttpRequestSignature,
  type ReceivedHttpRequest,
  type SignatureHeaders,
  type SignedMethod,
  signHttpRequest,
  verifyHttpRequest,
} from './http-signature.js';
export { DISPLAY_NAME_BYTES_MAX } from './wire.js';
export { type CheckedIdentity, IDENTITY_CHECKS, type IdentityCheck } from './identity-check.js';
export {
  createImageRequest,
  decodeImageRequest,
  decodeImageRequestLink,
  encodeImageRequest,
  encodeImageRequestLink,
  type ImageRequest,
  REASON_BYTES_MAX,
  type SignedImageRequest,
  verifyImageRequest,
} from './image-request.js';
export {
  createInvitation,
  decodeInvitation,
  decodeInvitationLink,
  encodeInvitation,
  encodeInvitationLink,
  generateInvitationCode,
  type Invitation,
} from './invitation.js';
export {
  createMailbox,
  decodeMailboxLink,
  encodeMailboxLink,
  MAILBOX_BYTES_MAX,
  MAILBOX_LIFETIME_MS,
  type Mailbox,
  openMailboxRequest,
  sealMailboxRequest,
} from './mailbox.js';
export {
  type OwnerOrder,
  PRIVACY_TEXT_BYTES_MAX,
  READER_NAME_BYTES_MAX,
  READER_ORIGINS,
} from './owner-order.js';
export {
  createOwnerRequest,
  decodeOwnerRequest,
  OWNER_REQUEST_BYTES_MAX,
  type OwnerReply,
  type OwnerRequest,
  openOwnerReply,
  PUBLISHED_MAX,
  sealOwnerReply,
  verifyOwnerRequest,
} from './owner-request.js';
export { validatePlainText, validateStudyInstanceUid } from './plain-text.js';
export {
  createRoleAcceptance,
  encodeRoleAcceptance,
  type RoleAcceptance,
  readRoleAcceptance,
} from './role-acceptance.js';
export { createRoleAnswer, encodeRoleAnswerLink, type RoleAnswer, readRoleAnswerLink } from './role-answer.js';
export { encodeRoleOfferLink, ROLE_STUDIES_MAX, type Role, type RoleOffer, readRoleOfferLink } from './role-offer.js';
export {
  deriveSealingKeyPair,
  generateSealingKeyPair,
  openSealed,
  SEALED_BYTES_MAX,
  SEALED_PLAINTEXT_BYTES_MAX,
  type SealContext,
  type SealingKeyPair,
  sealTo,
} from './sealing.js';
export {
  identityIn,
  OWNER_NOTE_BYTES_MAX,
  type OwnerNote,
  type SignedStudyDisclosure,
  type StudyDisclosure,
} from './study-disclosure.js';
export {
  createStudySecretRequest,
  decodeStudySecretRequest,
  openStudySecretReply,
  STUDY_SECRET_REQUEST_BYTES_MAX,
  type StudySecretRequest,
  sealStudySecretReply,
  verifyStudySecretRequest,
} from './study-secret.js';
export {
  createTransferReceipt,
  decodeTransferReceipt,
  type SignedTransferReceipt,
  TRANSFER_RECEIPT_BYTES_MAX,
  type TransferReceipt,
  verifyTransferReceipt,
} from './transfer-receipt.js';
export { createWellKnown, verifyWellKnown, type WellKnown, wellKnownFromJson, wellKnownToJson } from './well-known.js';
