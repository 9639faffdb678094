export { type EndpointGuardOptions, type GuardedEndpoint, guardEndpoint } from './endpoint-guard.js';
export type { Reconcile } from './fetch-study.js';
export { openImageRecipient } from './image-recipient.js';
export type { ImageRecipient, ImageRecipientOptions, RequestStatus, RetrievalStatus } from './recipient-contract.js';
export type { RetrievalState } from './recipient-records.js';
export { failureCodeOf } from './retrieval-failure.js';
export { BOX_NOTICES_MAX, REQUEST_LIFETIME_MS } from './request-boxes.js';
export type { ReceiptRecord } from './receipts.js';
