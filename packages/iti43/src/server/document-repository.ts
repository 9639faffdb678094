/** The Document Repository side of ITI-43 over HTTP. Spec: docs/spec/iti-43.md. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { writeEnvelope } from '../envelope.js';
import { Iti43Error } from '../errors.js';
import { encodeFault, faultFor } from '../fault.js';
import { writeMtom } from '../mtom-writer.js';
import { action, SOAP_MEDIA_TYPE } from '../namespaces.js';
import { encodeRetrieveResponse } from '../retrieve-response.js';
import { goneSignal } from './gone-signal.js';
import { assembleResponse, type Response } from './answers.js';
import type { Answer, DocumentRepositoryOptions, SignedRequest } from './contract.js';
import { CLOCK_SKEW_MS, LIFETIME_MAX_MS, messageIdOf, readSignedRequest } from './read-signed-request.js';
import { sendPaced } from './paced-response.js';
import { receiveEnvelope } from './request-body.js';

/**
 * Options for `https.createServer`, beside key and certificate: TLS 1.3, and senders that are slow with their handshake or their
 * headers, or large with them, are cut off before the handler below sees them.
 */
export const listenerOptions = {
  minVersion: 'TLSv1.3',
  handshakeTimeout: 10_000,
  maxHeaderSize: 16_384,
  headersTimeout: 10_000,
  requestTimeout: 60_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
} as const;

/** A handler for `node:https` and for `app.post()` of express; no body parser may run before it. */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Serves signed Retrieve Document Set requests: verifies, remembers the MessageID, asks `retrieve`, streams the answer.
 * A refusal of the message is a SOAP Fault, a refusal of a document an entry of `RegistryErrorList`. Memory does not
 * grow with the size of a document.
 */
export function createDocumentRepository(options: DocumentRepositoryOptions): RequestHandler {
  const { requestBytesMax = 1_048_576, requestTimeoutMs = 30_000 } = options.limits ?? {};
  const now = options.now ?? (() => new Date());
  const peerAddressOf = options.peerAddressOf ?? ((request) => request.socket.remoteAddress);
  const report = options.onRefusal ?? (() => undefined);

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let envelope: Uint8Array | undefined;
    let answer: Response;
    let relatesTo: string;
    let answers: readonly Answer[] | undefined;
    try {
      envelope = await receiveEnvelope(request, { requestBytesMax, requestTimeoutMs });
      if (options.admit?.(request, envelope.length) === false) {
        response.writeHead(429, { 'Content-Length': 0, 'Retry-After': '60', Connection: 'close' }).end();
        return;
      }
      const { signed, decide } = await authenticate(envelope);
      relatesTo = signed.messageId;
      if (decide) answers = await decideOn(signed, goneSignal(response), peerAddressOf(request));
      answer = assembleResponse(signed.documents, options.repositoryUniqueId, answers);
    } catch (error) {
      refuse(response, error, envelope);
      return;
    }
    try {
      await stream(response, answer, relatesTo);
    } finally {
      await closeAll(answers ?? []);
    }
  }

  async function closeAll(answers: readonly Answer[]): Promise<void> {
    for (const answer of answers) {
      try {
        if (answer.kind === 'document') await answer.close?.();
      } catch (error) {
        report(error instanceof Error ? error : new Error('an answer could not be closed', { cause: error }));
      }
    }
  }

  /** Every signed request acts once, also the one that turns out to be for another repository. */
  async function authenticate(envelope: Uint8Array): Promise<{ signed: SignedRequest; decide: boolean }> {
    const time = now();
    const { endpointUrl, repositoryUniqueId } = options;
    let decide = true;
    const signed = await readSignedRequest(envelope, { endpointUrl, repositoryUniqueId, now: time }).catch((error) => {
      if (!(error instanceof Iti43Error) || error.info.code !== 'UNKNOWN_REPOSITORY') throw error;
      report(error);
      decide = false;
      const { signer, messageId, documents } = error.info;
      return { signer, messageId, documents };
    });
    // Created may lie one skew ahead, Expires one lifetime after it, and it is honoured one skew longer.
    const untilMs = time.getTime() + 2 * CLOCK_SKEW_MS + LIFETIME_MAX_MS;
    if (!(await options.replay.remember(signed.signer, signed.messageId, untilMs))) {
      throw new Iti43Error({ code: 'REPLAYED' }, 'this signer used this MessageID before');
    }
    return { signed, decide };
  }

  async function decideOn(
    signed: SignedRequest,
    gone: AbortSignal,
    peerAddress?: string,
  ): Promise<readonly Answer[] | undefined> {
    const documents = signed.documents.filter((one) => one.repositoryUniqueId === options.repositoryUniqueId);
    try {
      const request = { ...signed, documents, ...(peerAddress === undefined ? {} : { peerAddress }) };
      const answers = await options.retrieve(request, gone);
      if (answers.length === documents.length) return answers;
      throw new Error('retrieve must answer each document once');
    } catch (error) {
      report(error instanceof Error ? error : new Error('retrieve failed', { cause: error }));
      return undefined;
    }
  }

  function refuse(response: ServerResponse, error: unknown, envelope: Uint8Array | undefined): void {
    report(error instanceof Error ? error : new Error('the request failed', { cause: error }));
    if (response.destroyed || (error instanceof Iti43Error && /^(TIMEOUT|CONNECTION_LOST)$/.test(error.code))) {
      response.destroy();
      return;
    }
    const fault = faultFor(
      error instanceof Iti43Error ? error.info : { code: 'INVALID_ARGUMENT', argument: 'request' },
    );
    const body = encodeFault(fault, envelope === undefined ? undefined : messageIdOf(envelope));
    // What is left of a refused body is not read: the connection ends with the answer.
    response.writeHead(fault.httpStatus, {
      'Content-Type': `${SOAP_MEDIA_TYPE}; charset=utf-8`,
      'Content-Length': body.length,
      ...(response.req.complete ? {} : { Connection: 'close' }),
    });
    response.end(body);
  }

  async function stream(response: ServerResponse, answer: Response, relatesTo: string): Promise<void> {
    const payload = encodeRetrieveResponse(answer.documents, answer.errors);
    const message = writeMtom(writeEnvelope({ action: action.response, relatesTo, payload }), answer.parts);
    try {
      response.writeHead(200, {
        'Content-Type': message.contentType,
        ...(message.sizeBytes === undefined ? {} : { 'Content-Length': message.sizeBytes }),
      });
      await sendPaced(response, message.chunks(), options.limits);
    } catch (error) {
      // Before the closing boundary: a recipient cannot take what it has for the whole.
      response.destroy();
      report(error instanceof Error ? error : new Error('a document stream failed', { cause: error }));
    }
  }

  return (request, response) => {
    if (request.method !== 'POST') {
      response.writeHead(405, { Allow: 'POST', 'Content-Length': 0, Connection: 'close' }).end();
      return;
    }
    serve(request, response).catch((error: unknown) => {
      response.destroy();
      report(error instanceof Error ? error : new Error('the request failed', { cause: error }));
    });
  };
}
