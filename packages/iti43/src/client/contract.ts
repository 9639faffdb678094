/** What a Document Consumer asks for and gets. */
import type { Signer } from '@radledger/primitives';
import type { ClientCertificate } from './pinned-connection.js';
import type { DocumentDescription, DocumentReference, RegistryError, ResponseStatus } from '../document-set.js';

export interface RetrieveOptions {
  /** https URL of the repository; also the wsa:To that is signed. */
  readonly endpoint: string;
  /** 1 to 1000. */
  readonly documents: readonly DocumentReference[];
  /** The recipient's key. */
  readonly signer: Signer;
  readonly tls: {
    /** SHA-256 (32 bytes) of the server key's SubjectPublicKeyInfo in DER; any one must match. No CA, no host name. */
    readonly pins: readonly Uint8Array[];
    /** IP addresses of the endpoint's host to connect to, when the caller resolved and checked them; default: the system resolves. */
    readonly addresses?: readonly string[];
    /** Shown to a server that asks who calls; default none. */
    readonly client?: ClientCertificate;
  };
  readonly limits: {
    /** Required; a larger response is cut off unread. */
    readonly responseBytesMax: number;
    /** Largest SOAP part, un-optimised base64 included; default 4 MiB. */
    readonly envelopeBytesMax?: number;
    /** Longest silence on the wire; default 30 000. */
    readonly idleTimeoutMs?: number;
    /** Lowest rate, besides one longest silence in all, in bytes a second; default 65,536. Time that the caller takes does not count. */
    readonly bytesPerSecondMin?: number;
  };
  readonly signal?: AbortSignal;
  /** Told the MessageID; the request leaves when it resolves, and not at all when it rejects. */
  readonly onSigned?: (messageId: string) => Promise<void>;
  /** The clock that stamps the request; default the system's. */
  readonly now?: () => Date;
}

export interface RetrievedDocument extends DocumentDescription {
  /** The bytes exactly as received; read once, before the next document is asked for. Unread bytes are skipped. */
  readonly content: AsyncIterable<Uint8Array>;
}

export interface RetrieveResult {
  readonly status: ResponseStatus;
  /** One for each reference that the repository refused, and its warnings. */
  readonly errors: readonly RegistryError[];
  /** The MessageID that was sent. */
  readonly messageId: string;
  /** Size of the whole HTTP body, where the server says it. */
  readonly responseBytes?: number;
  /** In the order in which their bytes arrive; iterate once, to the end or `close()`. */
  readonly documents: AsyncIterable<RetrievedDocument>;
  /** Ends the connection; harmless when all was read. */
  close(): void;
}
