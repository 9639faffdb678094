/** What a Document Repository is given and asks for. */
import type { IncomingMessage } from 'node:http';
import type { DocumentReference, RegistryErrorCode } from '../document-set.js';
import type { Iti43Error } from '../errors.js';
import type { ReaderPace } from './paced-response.js';

/** A request whose signature, time and addressing were verified. Who may read what is still to be decided. */
export interface SignedRequest {
  /** The Ed25519 key that signed, 64 lower-case hex. */
  readonly signer: string;
  /** wsa:MessageID, an opaque string of 1 to 256 characters. */
  readonly messageId: string;
  /** 1 to 1000, in the order of the request. */
  readonly documents: readonly DocumentReference[];
  /**
   * The SAML 2.0 assertion beside the signature (IHE XUA), as XML. Nothing in it was checked, not its signature, its time or that
   * it is about the signer: a site's own policy may, and it never allows what the signer may not.
   */
  readonly assertion?: string;
  /** IP address of whoever sent it: see `DocumentRepositoryOptions.peerAddressOf`. */
  readonly peerAddress?: string;
}

export interface ReadSignedRequestOptions {
  /** The URL that wsa:To must equal, letter for letter. */
  readonly endpointUrl: string;
  /** This server's own id; a request that names no other document is refused with UNKNOWN_REPOSITORY. */
  readonly repositoryUniqueId: string;
  readonly now: Date;
}

/** A document that may be sent. */
export interface DocumentAnswer {
  readonly kind: 'document';
  readonly mimeType: string;
  /** The version that is sent, when the document is On-Demand; 1 to 256 characters. */
  readonly newDocumentUniqueId?: string;
  /** Exact size; when every document has one, the response carries Content-Length. */
  readonly sizeBytes?: number;
  /** Called once, when its turn comes. If it throws midway the connection is destroyed before the closing boundary. */
  open(): AsyncIterable<Uint8Array>;
  /** Called once when the response is over, however it ended, also when it never came to `open`: frees what the answer holds. */
  close?(): void | Promise<void>;
}

/** A document that is not sent. */
export interface ErrorAnswer {
  readonly kind: 'error';
  readonly errorCode: RegistryErrorCode;
  /** Ignored for XDSDocumentUniqueIdError: unknown, not granted and revoked must read alike. No patient data. */
  readonly codeContext: string;
}

export type Answer = DocumentAnswer | ErrorAnswer;

/** Remembers the message ids of each signer, so that a signed request acts once. */
export interface ReplayStore {
  /**
   * @param signer - 64 lower-case hex
   * @param messageId - 1 to 256 characters, compared as it is
   * @param untilMs - Unix ms after which the message is refused by its Timestamp and may be forgotten
   * @returns false when the pair is already remembered; atomic, and durable before it resolves to true
   */
  remember(signer: string, messageId: string, untilMs: number): Promise<boolean>;
}

export interface DocumentRepositoryLimits extends ReaderPace {
  /** Whole request with its packaging; default 1 MiB. */
  readonly requestBytesMax?: number;
  /** Whole time for the request's body; default 30 000. */
  readonly requestTimeoutMs?: number;
}

export interface DocumentRepositoryOptions {
  readonly endpointUrl: string;
  readonly repositoryUniqueId: string;
  /** The clock; default the system's. */
  readonly now?: () => Date;
  readonly replay: ReplayStore;
  /**
   * Decides on the documents of a verified request that name this repository.
   * @param gone - aborted when the requester has gone: nobody is told what is decided from then on
   * @returns one answer for each of `request.documents`, in their order; a rejection is answered as XDSRepositoryError
   */
  readonly retrieve: (request: SignedRequest, gone?: AbortSignal) => Promise<readonly Answer[]>;
  /** IP address of who sent a request; default that of its connection, which behind a proxy is the proxy's. */
  readonly peerAddressOf?: (request: IncomingMessage) => string | undefined;
  /**
   * Whether an envelope of this size is looked at, asked before anything of it is: verifying takes time in proportion. Refused with HTTP 429
   * and no body; default all are looked at.
   */
  readonly admit?: (request: IncomingMessage, envelopeBytes: number) => boolean;
  readonly limits?: DocumentRepositoryLimits;
  /** Told what the requester is not: the exact code of every refusal, and failures of `retrieve` or of a stream. */
  readonly onRefusal?: (error: Iti43Error | Error) => void;
}
