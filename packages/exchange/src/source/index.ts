export { type Authorise, type ReadRequest, readingBasis, type Verdict } from './authorise.js';
export type { DirectoryEntryState, NodeKeyProofs } from './directory-entry.js';
export {
  type ImageSource,
  type ImageSourceOptions,
  openImageSource,
  type WorklistEntry,
  type WorklistState,
} from './image-source.js';
export { type CreatedInvitation, INVITATION_LIFETIME_MS, WRONG_TRIES_MAX } from './invitations.js';
export { judgeSuspension, type SuspensionOutcome } from './suspensions.js';
