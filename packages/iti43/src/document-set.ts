/** The vocabulary of Retrieve Document Set. Source: IHE ITI TF-2, section 3.43; ITI TF-3, section 4.2.4. */

/** Names one document. Each id is an opaque string of 1 to 256 characters (rim:LongName). */
export interface DocumentReference {
  readonly repositoryUniqueId: string;
  readonly documentUniqueId: string;
  /** Echoed in the response if and only if it was in the request. */
  readonly homeCommunityId?: string;
}

/** The error codes that a Document Repository may give for a retrieval (ITI TF-3, table 4.2.4.1-2, column RS). */
export const registryErrorCodes = [
  'XDSDocumentUniqueIdError',
  'XDSUnknownRepositoryId',
  'XDSMissingHomeCommunityId',
  'XDSUnknownCommunity',
  'XDSUnavailableCommunity',
  'XDSResultNotSinglePatient',
  'XDSRepositoryBusy',
  'XDSRepositoryOutOfResources',
  'XDSRepositoryError',
] as const;

export type RegistryErrorCode = (typeof registryErrorCodes)[number];

/** One entry of `rs:RegistryErrorList`, as it stands on the wire. */
export interface RegistryError {
  /** A `RegistryErrorCode` from a conforming repository; any string from another. */
  readonly errorCode: string;
  readonly codeContext: string;
  readonly severity: 'Error' | 'Warning';
  /** The `documentUniqueId` that the error is about, where the repository says so. */
  readonly location?: string;
}

/** ITI TF-3, table 4.2.4.2-4. */
export type ResponseStatus = 'Success' | 'PartialSuccess' | 'Failure';

/** What a `DocumentResponse` says about a document, without its content. */
export interface DocumentDescription extends DocumentReference {
  readonly newRepositoryUniqueId?: string;
  /** Identifies the returned version of an On-Demand Document; here the study's `content` commitment in hex. */
  readonly newDocumentUniqueId?: string;
  readonly mimeType: string;
}

/** Longest id in characters: rim:LongName. */
export const ID_LENGTH_MAX = 256;

/** Most `DocumentRequest` elements in one request. */
export const DOCUMENTS_MAX = 1000;
