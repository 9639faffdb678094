/** Reader of `text/event-stream` over `fetch` (WHATWG HTML section 9.2): the same in Node and browsers, resumes by itself. */
import { createParser } from 'eventsource-parser';
import { ClientError } from './errors.js';
import { type Http, readerOf } from './http.js';

/** Silence after which the connection is taken for dead. */
export const EVENT_SILENCE_MS_MAX = 15_000;
/** Largest single event, in characters. */
const EVENT_LENGTH_MAX = 4 * 1024 * 1024;
const RETRY_MS_FIRST = 250;
const RETRY_MS_MAX = 10_000;

export interface StreamEvent {
  readonly event: string;
  readonly data: unknown;
  readonly id?: string;
}

export interface EventStreamOptions {
  readonly signal: AbortSignal;
  /** Default 15,000. */
  readonly silenceMsMax?: number;
  /** Called when a connection was lost, before it is tried again. */
  readonly onReconnect?: (error: unknown, delayMs: number) => void;
}

/**
 * Yields events until the signal aborts. A lost connection is opened again at `pathOf(last id)`, first after 250 ms, then
 * after twice as long each time up to 10 s. Refusals (4xx) and events that are not JSON end it with an error.
 * @throws {ClientError} `REFUSED` | `MALFORMED_RESPONSE` | `RESPONSE_TOO_LARGE`
 */
export async function* readEventStream(
  http: Http,
  pathOf: (lastId: string | undefined) => string,
  options: EventStreamOptions,
): AsyncGenerator<StreamEvent, void, undefined> {
  const { signal } = options;
  let lastId: string | undefined;
  let retryMs = RETRY_MS_FIRST;
  while (!signal.aborted) {
    let lost: unknown;
    try {
      const headers = { accept: 'text/event-stream', ...(lastId === undefined ? {} : { 'last-event-id': lastId }) };
      for await (const event of readConnection(http, pathOf(lastId), headers, options)) {
        retryMs = RETRY_MS_FIRST;
        if (event.id !== undefined) lastId = event.id;
        yield event;
      }
    } catch (error) {
      if (signal.aborted) return;
      const code = error instanceof ClientError ? error.info : undefined;
      const permanent =
        code?.code === 'MALFORMED_RESPONSE' ||
        code?.code === 'RESPONSE_TOO_LARGE' ||
        (code?.code === 'REFUSED' && code.status >= 400 && code.status < 500 && code.status !== 429);
      if (permanent) throw error;
      lost = error;
    }
    if (signal.aborted) return;
    options.onReconnect?.(lost, retryMs);
    await pause(retryMs, signal);
    retryMs = Math.min(2 * retryMs, RETRY_MS_MAX);
  }
}

async function* readConnection(
  http: Http,
  path: string,
  headers: Record<string, string>,
  { signal, silenceMsMax = EVENT_SILENCE_MS_MAX }: EventStreamOptions,
): AsyncGenerator<StreamEvent, void, undefined> {
  const connection = new AbortController();
  const linked = AbortSignal.any([signal, connection.signal]);
  let silence: ReturnType<typeof setTimeout> | undefined;
  const hear = () => {
    clearTimeout(silence);
    silence = setTimeout(() => connection.abort(), silenceMsMax);
  };
  const response = await http.stream(path, { signal: linked, headers });
  const reader = readerOf(response, linked);
  if (reader === undefined) return;
  try {
    const ready: StreamEvent[] = [];
    let tooLarge = false;
    const parser = createParser({
      maxBufferSize: EVENT_LENGTH_MAX,
      onEvent: ({ event, data, id }) => {
        ready.push({ event: event ?? 'message', data: parseData(data), ...(id === undefined ? {} : { id }) });
      },
      onError: (error) => {
        if (error.type === 'max-buffer-size-exceeded') tooLarge = true;
      },
    });
    const decoder = new TextDecoder();
    hear();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      hear();
      parser.feed(decoder.decode(value, { stream: true }));
      yield* ready.splice(0);
      if (tooLarge) {
        throw new ClientError(
          { code: 'RESPONSE_TOO_LARGE', responseBytesMax: EVENT_LENGTH_MAX },
          'an event is too large',
        );
      }
    }
  } finally {
    clearTimeout(silence);
    connection.abort();
    // The abort already ended it; a second error for that has nobody to interest.
    await reader.cancel().catch(() => undefined);
  }
}

function parseData(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch (cause) {
    throw new ClientError({ code: 'MALFORMED_RESPONSE', field: 'data' }, 'an event is not JSON', { cause });
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
}
