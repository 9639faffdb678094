export { type EndpointGuardOptions, type GuardedEndpoint, guardEndpoint } from './endpoint-guard.js';
export { failureCodeOf, type Reconcile } from './fetch-study.js';
export {
  BOX_NOTICES_MAX,
  type ImageRecipient,
  type ImageRecipientOptions,
  openImageRecipient,
  REQUEST_LIFETIME_MS,
  type RequestStatus,
  type RetrievalStatus,
} from './image-recipient.js';
export type { RetrievalState } from './recipient-records.js';
export type { ReceiptRecord } from './receipts.js';
