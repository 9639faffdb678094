/** Receives one request body: MTOM, small, soon. */
import type { IncomingMessage } from 'node:http';
import { parseContentType } from '@radledger/multipart';
import { Iti43Error } from '../errors.js';
import { isMtom, readMtom } from '../mtom-reader.js';
import { ENVELOPE_BYTES_MAX } from './read-signed-request.js';

export interface RequestBodyLimits {
  readonly requestBytesMax: number;
  readonly requestTimeoutMs: number;
}

/**
 * Reads the whole request and gives back its root part; parts that nothing needs are skipped unread.
 * @throws {Iti43Error} `UNSUPPORTED_MEDIA_TYPE` | `MESSAGE_TOO_LARGE` | `MALFORMED_MESSAGE` | `TIMEOUT` | `CONNECTION_LOST`
 */
export async function receiveEnvelope(request: IncomingMessage, limits: RequestBodyLimits): Promise<Uint8Array> {
  const contentType = parseContentType(request.headers['content-type'] ?? '');
  const coding = request.headers['content-encoding']?.toLowerCase() ?? 'identity';
  if (contentType === undefined || !isMtom(contentType) || coding !== 'identity') {
    throw new Iti43Error({ code: 'UNSUPPORTED_MEDIA_TYPE' }, 'the request must be MTOM');
  }
  const tooLarge = new Iti43Error(
    { code: 'MESSAGE_TOO_LARGE', limit: 'requestBytesMax', max: limits.requestBytesMax },
    'the request is too large',
  );
  if (Number(request.headers['content-length'] ?? 0) > limits.requestBytesMax) throw tooLarge;

  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    request.destroy();
  }, limits.requestTimeoutMs);
  try {
    const { envelope, parts } = await readMtom(bounded(request, limits.requestBytesMax, tooLarge), contentType, {
      envelopeBytesMax: ENVELOPE_BYTES_MAX,
    });
    for await (const _ of parts);
    return envelope;
  } catch (error) {
    if (error instanceof Iti43Error && !(request.destroyed && !request.complete)) throw error;
    throw timedOut
      ? new Iti43Error({ code: 'TIMEOUT' }, 'the request did not arrive in time', { cause: error })
      : new Iti43Error({ code: 'CONNECTION_LOST' }, 'the connection ended within the request', { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

async function* bounded(
  request: IncomingMessage,
  bytesMax: number,
  tooLarge: Iti43Error,
): AsyncGenerator<Uint8Array, void, undefined> {
  let bytes = 0;
  // Without destroyOnReturn the socket survives a refusal, so that the Fault can still be sent on it.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    bytes += (chunk as Uint8Array).length;
    if (bytes > bytesMax) throw tooLarge;
    yield chunk as Uint8Array;
  }
}
