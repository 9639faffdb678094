/** One HTTP request and its streamed response on one pinned connection. */
import { type IncomingMessage, request as httpRequest } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { Iti43Error, malformed } from '../errors.js';
import { aborted, type ClientCertificate, openPinnedConnection } from './pinned-connection.js';

const BYTES_PER_SECOND_MIN = 65_536;

export interface HttpExchangeOptions {
  readonly url: URL;
  readonly pins: readonly Uint8Array[];
  readonly addresses: readonly string[] | undefined;
  /** Shown to a server that asks who calls. */
  readonly client?: ClientCertificate | undefined;
  readonly responseBytesMax: number;
  readonly idleTimeoutMs: number;
  /** Default 65,536. */
  readonly bytesPerSecondMin?: number | undefined;
  readonly signal: AbortSignal | undefined;
}

export interface HttpPostOptions extends HttpExchangeOptions {
  readonly contentType: string;
  readonly body: Uint8Array;
}

export interface HttpGetOptions extends HttpExchangeOptions {
  readonly headers: Readonly<Record<string, string>>;
}

export interface HttpExchange {
  readonly status: number;
  readonly contentType: string;
  readonly contentLength: number | undefined;
  /** Seconds after which to ask again, where the server says a number of them. */
  readonly retryAfterSeconds: number | undefined;
  /** The body; throws coded errors only. Ends the connection when left early. */
  readonly body: AsyncIterableIterator<Uint8Array, undefined>;
  close(): void;
}

/**
 * @throws {Iti43Error} `CONNECTION_FAILED` | `PIN_MISMATCH` | `CONNECTION_LOST` | `TIMEOUT` | `ABORTED`; the body also
 *   `RESPONSE_TOO_LARGE`
 */
export function postPinned(options: HttpPostOptions): Promise<HttpExchange> {
  const { contentType, body } = options;
  const headers = {
    'Content-Type': contentType,
    'Content-Length': body.length,
    Accept: 'multipart/related, application/soap+xml',
  };
  return exchange(options, { method: 'POST', headers, body });
}

/** @throws {Iti43Error} as `postPinned` */
export function getPinned(options: HttpGetOptions): Promise<HttpExchange> {
  return exchange(options, { method: 'GET', headers: options.headers, body: undefined });
}

interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body: Uint8Array | undefined;
}

async function exchange(options: HttpExchangeOptions, request: HttpRequest): Promise<HttpExchange> {
  const { url, pins, addresses, client, signal, idleTimeoutMs } = options;
  const socket = await openPinnedConnection({ url, pins, addresses, client, timeoutMs: idleTimeoutMs, signal });
  const watch = watchConnection(socket, idleTimeoutMs, signal);
  watch.waiting = true;
  let response: IncomingMessage;
  try {
    response = await send(socket, url, request);
    watch.waiting = false;
  } catch (error) {
    watch.end();
    throw watch.explain(error);
  }
  const coding = response.headers['content-encoding']?.toLowerCase() ?? 'identity';
  if (coding !== 'identity') {
    watch.end();
    throw malformed('http', 'content-encoding', 'the response must not be compressed');
  }
  const length = Number(response.headers['content-length'] ?? Number.NaN);
  const retryAfter = response.headers['retry-after'] ?? '';
  return {
    status: response.statusCode ?? 0,
    contentType: response.headers['content-type'] ?? '',
    contentLength: Number.isSafeInteger(length) ? length : undefined,
    retryAfterSeconds: /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) : undefined,
    body: receive(response, watch, options),
    close: () => watch.end(),
  };
}

function send(socket: TLSSocket, url: URL, { method, headers, body }: HttpRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      createConnection: () => socket,
      method,
      path: `${url.pathname}${url.search}`,
      headers: { Host: url.host, ...headers, Connection: 'close' },
      maxHeaderSize: 16_384,
    });
    // Also after the response: a late error must not be unhandled, the body's reader meets it anyway.
    request.on('response', resolve).on('error', reject);
    request.end(body);
  });
}

/** One promise a chunk, not a generator: this is the path of every byte. */
function receive(
  response: IncomingMessage,
  watch: ConnectionWatch,
  { responseBytesMax, idleTimeoutMs, bytesPerSecondMin = BYTES_PER_SECOND_MIN }: HttpExchangeOptions,
): AsyncIterableIterator<Uint8Array, undefined> {
  const iterator = response[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  let bytes = 0;
  // How long we may still wait in all: one silence, and the time that the bytes take at the lowest rate.
  let patienceMs = idleTimeoutMs;
  const end = (): IteratorReturnResult<undefined> => {
    watch.end();
    return { done: true, value: undefined };
  };
  return {
    async next() {
      try {
        watch.waiting = true;
        const askedMs = performance.now();
        const step = await iterator.next();
        watch.waiting = false;
        if (step.done === true) return end();
        bytes += step.value.length;
        patienceMs += (step.value.length / bytesPerSecondMin) * 1000 - (performance.now() - askedMs);
        if (patienceMs < 0) {
          throw new Iti43Error({ code: 'TIMEOUT' }, `expected at least ${bytesPerSecondMin} bytes a second`);
        }
        if (bytes <= responseBytesMax) return step;
      } catch (error) {
        watch.end();
        throw watch.explain(error);
      }
      watch.end();
      throw new Iti43Error(
        { code: 'RESPONSE_TOO_LARGE', responseBytesMax },
        `the response exceeds ${responseBytesMax} bytes`,
      );
    },
    async return() {
      return end();
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

interface ConnectionWatch {
  /** Silence counts from when this turns true until it turns false: a caller who is slow himself is not silence. */
  waiting: boolean;
  /** What a failure of the socket really was. */
  explain(error: unknown): Iti43Error;
  end(): void;
}

function watchConnection(socket: TLSSocket, idleTimeoutMs: number, signal: AbortSignal | undefined): ConnectionWatch {
  let reason: Iti43Error | undefined;
  let waiting = false;
  const stop = (error: Iti43Error): void => {
    reason ??= error;
    socket.destroy(error);
  };
  const onAbort = (): void => stop(aborted());
  const timer = setTimeout(() => {
    if (waiting) stop(new Iti43Error({ code: 'TIMEOUT' }, `the repository was silent for ${idleTimeoutMs} ms`));
  }, idleTimeoutMs);
  signal?.addEventListener('abort', onAbort);
  if (signal?.aborted === true) onAbort();
  socket.on('error', () => undefined);
  return {
    get waiting() {
      return waiting;
    },
    set waiting(now) {
      waiting = now;
      if (now) timer.refresh();
    },
    explain(error) {
      if (reason !== undefined) return reason;
      return error instanceof Iti43Error
        ? error
        : new Iti43Error({ code: 'CONNECTION_LOST' }, 'the connection ended within the response', { cause: error });
    },
    end() {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      socket.destroy();
    },
  };
}
