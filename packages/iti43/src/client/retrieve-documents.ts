/** The Document Consumer side of ITI-43. Spec: docs/spec/iti-43.md. */
import { isIP } from 'node:net';
import { parseContentType } from '@radledger/multipart';
import type { DocumentReference } from '../document-set.js';
import { addressingValue, checkUnderstood, messageIdValue, readAddressing, readEnvelope } from '../envelope.js';
import { Iti43Error, malformed } from '../errors.js';
import { decodeFault } from '../fault.js';
import { collect, isMtom, type MtomPart, readMtom } from '../mtom-reader.js';
import { writeMtom } from '../mtom-writer.js';
import { action, ns, SOAP_MEDIA_TYPE } from '../namespaces.js';
import { decodeRetrieveResponse, type IncomingDocument, type RetrieveResponse } from '../retrieve-response.js';
import { isNamed, parseXml } from '../xml-tree.js';
import { responseLimits } from '../xml-tokens.js';
import type { RetrievedDocument, RetrieveOptions, RetrieveResult } from './contract.js';
import { type HttpExchange, postPinned } from './http-exchange.js';
import { signRequest } from './sign-request.js';

const IDLE_TIMEOUT_MS = 30_000;
const ENVELOPE_BYTES_MAX = 4 * 1024 * 1024;

/**
 * Retrieves documents from one repository with one signed request, over TLS 1.3 to a server known by its pin.
 * @param options.limits.responseBytesMax - required; a larger response is cut off unread
 * @returns as soon as the SOAP part of the response was read: documents as streams, content exactly as received, and one
 *   entry in `errors` for each reference that the repository refused: partial success is a result, not an exception
 * @throws {Iti43Error} `INVALID_ARGUMENT` | `CONNECTION_FAILED` | `PIN_MISMATCH` | `TIMEOUT` | `ABORTED` |
 *   `RESPONSE_TOO_LARGE` | `SOAP_FAULT` | `HTTP_STATUS` | `MALFORMED_MESSAGE` | `MESSAGE_TOO_LARGE` | `DOCTYPE_REFUSED` |
 *   `CONNECTION_LOST`; so may the streams, and one that throws has no usable content
 * @see IHE ITI Technical Framework, Volume 2, section 3.43
 */
export async function retrieveDocuments(options: RetrieveOptions): Promise<RetrieveResult> {
  const url = checkArguments(options);
  const { documents, signer, limits } = options;
  const now = options.now?.() ?? new Date();
  const { envelope, messageId } = await signRequest({ endpointUrl: options.endpoint, documents, signer, now });
  await options.onSigned?.(messageId);
  const message = writeMtom(envelope, []);
  const http = await postPinned({
    url,
    pins: options.tls.pins,
    addresses: options.tls.addresses,
    client: options.tls.client,
    contentType: message.contentType,
    body: await collect(message.chunks(), Number.POSITIVE_INFINITY),
    responseBytesMax: limits.responseBytesMax,
    idleTimeoutMs: limits.idleTimeoutMs ?? IDLE_TIMEOUT_MS,
    bytesPerSecondMin: limits.bytesPerSecondMin,
    signal: options.signal,
  });
  try {
    const { soap, parts } = await openResponse(http, limits.envelopeBytesMax ?? ENVELOPE_BYTES_MAX);
    const response = readResponse(soap, messageId, http.status);
    checkAnswers(response, documents);
    return {
      status: response.status,
      errors: response.errors,
      messageId,
      ...(http.contentLength === undefined ? {} : { responseBytes: http.contentLength }),
      documents: streamDocuments(response.documents, parts, http),
      close: () => http.close(),
    };
  } catch (error) {
    http.close();
    throw error;
  }
}

function checkArguments({ endpoint, tls, limits }: RetrieveOptions): URL {
  const refuse = (argument: string, range: string): Iti43Error =>
    new Iti43Error({ code: 'INVALID_ARGUMENT', argument }, `${argument} must be ${range}`);
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url?.protocol !== 'https:' || url.username !== '' || url.hash !== '') throw refuse('endpoint', 'an https URL');
  if (tls.pins.length < 1 || tls.pins.some((pin) => pin.length !== 32)) {
    throw refuse('tls.pins', 'one or more SHA-256 digests of 32 bytes');
  }
  if (tls.addresses?.length === 0 || tls.addresses?.some((address) => isIP(address) === 0)) {
    throw refuse('tls.addresses', 'one or more IP addresses');
  }
  if (!(limits.responseBytesMax > 0)) throw refuse('limits.responseBytesMax', 'a positive number of bytes');
  return url;
}

/** The SOAP part decides, not the HTTP status: stacks disagree on the status of a Fault. No redirect is followed. */
async function openResponse(
  http: HttpExchange,
  envelopeBytesMax: number,
): Promise<{ soap: Uint8Array; parts: AsyncGenerator<MtomPart, void, undefined> | undefined }> {
  const contentType = parseContentType(http.contentType);
  if (contentType !== undefined && isMtom(contentType)) {
    const { envelope, parts } = await readMtom(http.body, contentType, { envelopeBytesMax });
    return { soap: envelope, parts };
  }
  if (contentType?.mediaType === SOAP_MEDIA_TYPE) {
    return { soap: await collect(http.body, envelopeBytesMax), parts: undefined };
  }
  throw new Iti43Error({ code: 'HTTP_STATUS', status: http.status }, `no SOAP response but HTTP ${http.status}`);
}

function readResponse(soap: Uint8Array, messageId: string, httpStatus: number): RetrieveResponse {
  const { blocks, payload } = readEnvelope(parseXml(soap, responseLimits));
  if (isNamed(payload, ns.soap, 'Fault')) throw decodeFault(payload);
  if (httpStatus !== 200)
    throw new Iti43Error({ code: 'HTTP_STATUS', status: httpStatus }, 'a response needs HTTP 200');
  checkUnderstood(blocks);
  const addressing = readAddressing(blocks);
  if (addressingValue(addressing.action, 'Action') !== action.response) {
    throw malformed('response', 'action', `the Action of a response is ${action.response}`);
  }
  if (!addressing.relatesTo.some((element) => messageIdValue(element) === messageId)) {
    throw malformed('response', 'relates-to', 'the response relates to another request');
  }
  return decodeRetrieveResponse(payload);
}

function checkAnswers({ status, documents }: RetrieveResponse, requested: readonly DocumentReference[]): void {
  const key = (one: DocumentReference): string => JSON.stringify([one.repositoryUniqueId, one.documentUniqueId]);
  const wanted = new Set(requested.map(key));
  const got = new Set(documents.map(key));
  if (!documents.every((one) => wanted.has(key(one)))) {
    throw malformed('response', 'not-requested', 'the repository sent a document that was not requested');
  }
  if (status === 'Success' && got.size !== wanted.size) {
    throw malformed('response', 'document-missing', 'Success means that every document was sent');
  }
}

async function* streamDocuments(
  documents: readonly IncomingDocument[],
  parts: AsyncGenerator<MtomPart, void, undefined> | undefined,
  http: HttpExchange,
): AsyncGenerator<RetrievedDocument, void, undefined> {
  try {
    const waiting = new Map<string, IncomingDocument>();
    for (const document of documents) {
      if (document.location.kind === 'inline') continue;
      if (waiting.has(document.location.contentId)) {
        throw malformed('response', 'part-shared', 'each document has a part of its own');
      }
      waiting.set(document.location.contentId, document);
    }
    for (const { location, ...description } of documents) {
      if (location.kind === 'inline') yield { ...description, content: once(location.bytes) };
    }
    for await (const part of parts ?? []) {
      const document = part.contentId === undefined ? undefined : waiting.get(part.contentId);
      if (document === undefined || part.contentId === undefined) continue; // a part that nothing includes
      waiting.delete(part.contentId);
      const { location: _, ...description } = document;
      yield { ...description, content: part.body };
    }
    if (waiting.size > 0) throw malformed('response', 'part-missing', 'a document refers to a part that is absent');
  } finally {
    http.close();
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}
