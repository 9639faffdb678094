export type { RetrievedDocument, RetrieveOptions, RetrieveResult } from './contract.js';
