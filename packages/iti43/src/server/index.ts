export type {
  Answer,
  DocumentAnswer,
  DocumentRepositoryLimits,
  DocumentRepositoryOptions,
  ErrorAnswer,
  ReadSignedRequestOptions,
  ReplayStore,
  SignedRequest,
} from './contract.js';
export { goneSignal } from './gone-signal.js';
export { type ReaderPace, sendPaced } from './paced-response.js';
export { readSignedRequest } from './read-signed-request.js';
export { NOT_AVAILABLE } from './answers.js';
export { createDocumentRepository, listenerOptions, type RequestHandler } from './document-repository.js';
