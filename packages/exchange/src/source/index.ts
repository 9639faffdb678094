export { type Authorise, type ReadRequest, readingBasis, type Verdict } from './authorise.js';
export type { Desk } from './desk.js';
export type { DirectoryEntryState, NodeKeyProofs } from './directory-entry.js';
export { openImageSource } from './image-source.js';
export {
  type CreatedInvitation,
  type DisclosureOptions,
  INVITATION_LIFETIME_MS,
  WRONG_TRIES_MAX,
} from './invitations.js';
export type { OrderOriginState } from './order-look.js';
export { REPLACEMENT_WAIT_MS } from './replacements.js';
export type { RetrievalPolicy } from './open-study.js';
export type { TransferRecord } from './transfers.js';
export { judgeSuspension, type SuspensionOutcome } from './suspensions.js';
export { connectNode } from './connect-node.js';
// What a vendor's own server needs besides, so that this one import is enough.
export { openAuditTrail } from '../audit/audit-trail.js';
export { createPatientApi } from '../http/patient-api.js';
export { createSecretBox } from '../secret-box.js';
export { IDENTITY_CHECKS, type IdentityCheck } from '@radledger/handover';
export { ImagingError, type PacsConnector } from '@radledger/imaging';
export { createSigner, type Signer } from '@radledger/primitives';
export type { Appointment, ImageSource, ImageSourceOptions, WorklistEntry, WorklistState } from './source-contract.js';
