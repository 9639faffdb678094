/** One HTTP request and its streamed response on one pinned connection. */
import { type IncomingMessage, request as httpRequest } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { Iti43Error } from '../errors.js';
import { aborted, openPinnedConnection } from './pinned-connection.js';

export interface HttpExchangeOptions {
  readonly url: URL;
  readonly pins: readonly Uint8Array[];
  readonly contentType: string;
  readonly body: Uint8Array;
  readonly responseBytesMax: number;
  readonly idleTimeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

export interface HttpExchange {
  readonly status: number;
  readonly contentType: string;
  readonly contentLength: number | undefined;
  /** The body; throws coded errors only. Ends the connection when left early. */
  readonly body: AsyncGenerator<Uint8Array, void, undefined>;
  close(): void;
}

/**
 * @throws {Iti43Error} `CONNECTION_FAILED` | `PIN_MISMATCH` | `CONNECTION_LOST` | `TIMEOUT` | `ABORTED`; the body also
 *   `RESPONSE_TOO_LARGE`
 */
export async function exchange(options: HttpExchangeOptions): Promise<HttpExchange> {
  const { url, pins, signal, idleTimeoutMs } = options;
  const socket = await openPinnedConnection({ url, pins, timeoutMs: idleTimeoutMs, signal });
  const watch = watchConnection(socket, idleTimeoutMs, signal);
  let response: IncomingMessage;
  try {
    response = await watch.during(send(socket, options));
  } catch (error) {
    watch.end();
    throw watch.explain(error);
  }
  const length = Number(response.headers['content-length'] ?? Number.NaN);
  return {
    status: response.statusCode ?? 0,
    contentType: response.headers['content-type'] ?? '',
    contentLength: Number.isSafeInteger(length) ? length : undefined,
    body: receive(response, watch, options.responseBytesMax),
    close: () => watch.end(),
  };
}

function send(socket: TLSSocket, { url, contentType, body }: HttpExchangeOptions): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      createConnection: () => socket,
      method: 'POST',
      path: `${url.pathname}${url.search}`,
      headers: {
        Host: url.host,
        'Content-Type': contentType,
        'Content-Length': body.length,
        Accept: 'multipart/related, application/soap+xml',
        Connection: 'close',
      },
      maxHeaderSize: 16_384,
    });
    // Also after the response: a late error must not be unhandled, the body's reader meets it anyway.
    request.on('response', resolve).on('error', reject);
    request.end(body);
  });
}

async function* receive(
  response: IncomingMessage,
  watch: ConnectionWatch,
  responseBytesMax: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let bytes = 0;
  const iterator: AsyncIterator<Uint8Array> = response[Symbol.asyncIterator]();
  try {
    for (;;) {
      const step = await watch.during(iterator.next());
      if (step.done === true) return;
      bytes += step.value.length;
      if (bytes > responseBytesMax) {
        throw new Iti43Error(
          { code: 'RESPONSE_TOO_LARGE', responseBytesMax },
          `the response exceeds ${responseBytesMax} bytes`,
        );
      }
      yield step.value;
    }
  } catch (error) {
    throw watch.explain(error);
  } finally {
    watch.end();
  }
}

interface ConnectionWatch {
  /** Counts silence while the promise is pending; a caller who is slow himself is not silence on the wire. */
  during<T>(work: Promise<T>): Promise<T>;
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
    async during(work) {
      waiting = true;
      timer.refresh();
      try {
        return await work;
      } finally {
        waiting = false;
      }
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
