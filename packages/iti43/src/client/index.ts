export type { RetrievedDocument, RetrieveOptions, RetrieveResult } from './contract.js';
export { type AddressRules, guardedAddresses, lookupIn } from './guarded-addresses.js';
export { type SignRequestOptions, signRequest } from './sign-request.js';
export {
  getPinned,
  type HttpExchange,
  type HttpGetOptions,
  type HttpPostOptions,
  postPinned,
} from './http-exchange.js';
export type { ClientCertificate } from './pinned-connection.js';
export { retrieveDocuments } from './retrieve-documents.js';
