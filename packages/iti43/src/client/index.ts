export type { RetrievedDocument, RetrieveOptions, RetrieveResult } from './contract.js';
export { type SignRequestOptions, signRequest } from './sign-request.js';
export { exchange as postPinned, type HttpExchange, type HttpExchangeOptions } from './http-exchange.js';
export { retrieveDocuments } from './retrieve-documents.js';
