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
