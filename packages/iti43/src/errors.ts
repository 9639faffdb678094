import { CodedError } from '@radledger/primitives';
import type { DocumentReference } from './document-set.js';

/** Where a message broke a rule. */
export type MessagePart = 'http' | 'multipart' | 'xml' | 'envelope' | 'addressing' | 'body' | 'response';

/** The parts of a request that the signature must cover; docs/spec/iti-43.md, section 3. */
export type SignedPart = 'Body' | 'Timestamp' | 'To' | 'Action' | 'MessageID' | 'ReplyTo' | 'FaultTo' | 'From';

export type Iti43ErrorInfo =
  // messages
  | { readonly code: 'UNSUPPORTED_MEDIA_TYPE' }
  | { readonly code: 'MESSAGE_TOO_LARGE'; readonly limit: string; readonly max: number }
  | { readonly code: 'MALFORMED_MESSAGE'; readonly part: MessagePart; readonly rule: string }
  | { readonly code: 'DOCTYPE_REFUSED' }
  | { readonly code: 'NOT_SOAP_12' }
  | { readonly code: 'HEADER_NOT_UNDERSTOOD'; readonly namespace: string; readonly localName: string }
  | { readonly code: 'ACTION_NOT_SUPPORTED'; readonly action: string }
  | { readonly code: 'ADDRESSING_HEADER_REQUIRED'; readonly header: string }
  | { readonly code: 'ADDRESSING_HEADER_REPEATED'; readonly header: string }
  | { readonly code: 'ONLY_ANONYMOUS_ADDRESS'; readonly header: string }
  // signed requests
  | { readonly code: 'SIGNATURE_MISSING' }
  | { readonly code: 'SIGNATURE_STRUCTURE'; readonly rule: string }
  | { readonly code: 'DUPLICATE_ID' }
  | { readonly code: 'ALGORITHM_REFUSED'; readonly algorithm: string }
  | { readonly code: 'KEY_REFUSED'; readonly rule: string }
  | { readonly code: 'PART_NOT_SIGNED'; readonly signedPart: SignedPart }
  | { readonly code: 'REFERENCE_REFUSED'; readonly rule: string }
  | { readonly code: 'SIGNATURE_INVALID' }
  | { readonly code: 'NOT_WHAT_WAS_SIGNED' }
  | { readonly code: 'TIMESTAMP_REFUSED'; readonly rule: 'malformed' | 'lifetime' | 'not-yet-valid' }
  | { readonly code: 'MESSAGE_EXPIRED' }
  | { readonly code: 'WRONG_ENDPOINT' }
  | { readonly code: 'REPLAYED' }
  | {
      readonly code: 'UNKNOWN_REPOSITORY';
      /** The key that signed the request, 64 lower-case hex. */
      readonly signer: string;
      readonly messageId: string;
      readonly documents: readonly DocumentReference[];
    }
  // Document Consumer and transport
  | { readonly code: 'INVALID_ARGUMENT'; readonly argument: string }
  | { readonly code: 'CONNECTION_FAILED' }
  | { readonly code: 'ADDRESS_REFUSED'; readonly rule: string }
  | { readonly code: 'PIN_MISMATCH' }
  | { readonly code: 'CONNECTION_LOST' }
  | { readonly code: 'TIMEOUT' }
  | { readonly code: 'ABORTED' }
  | { readonly code: 'RESPONSE_TOO_LARGE'; readonly responseBytesMax: number }
  | { readonly code: 'HTTP_STATUS'; readonly status: number }
  | {
      readonly code: 'SOAP_FAULT';
      /** Local name of the SOAP 1.2 fault code: Sender, Receiver, VersionMismatch, MustUnderstand, DataEncodingUnknown. */
      readonly faultCode: string;
      /** `{namespace}localName`, outermost first. */
      readonly subcodes: readonly string[];
    };

/** Thrown when a message of ITI-43, its signature or its transport breaks a rule of docs/spec/iti-43.md. */
export class Iti43Error extends CodedError<Iti43ErrorInfo> {
  override readonly name = 'Iti43Error';
}

/** The commonest refusal: the message is not what the standard or the profile says it must be. */
export function malformed(part: MessagePart, rule: string, message: string, cause?: unknown): Iti43Error {
  return new Iti43Error(
    { code: 'MALFORMED_MESSAGE', part, rule },
    message,
    cause === undefined ? undefined : { cause },
  );
}
