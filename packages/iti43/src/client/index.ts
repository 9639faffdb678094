export type { RetrievedDocument, RetrieveOptions, RetrieveResult } from './contract.js';
export { type SignRequestOptions, signRequest } from './sign-request.js';
export { retrieveDocuments } from './retrieve-documents.js';
