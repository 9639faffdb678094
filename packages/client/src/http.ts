/** One HTTP exchange: time limit, size limit, coded errors. */
import { fromUtf8 } from '@radledger/primitives';
import { ClientError } from './errors.js';

/** The part of `fetch` that the clients use; the platform's own unless another is given (a proxy, a pinned connection). */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface HttpOptions {
  /** Base address without a trailing slash. */
  readonly url: string;
  readonly fetch?: Fetch;
  /** Longest wait for a whole answer; default 30,000. */
  readonly timeoutMs?: number;
  /** Sent as `Authorization: Bearer`. */
  readonly bearerToken?: string;
}

export interface Exchange {
  readonly method?: 'GET' | 'POST';
  /** JSON when a plain object, `application/octet-stream` when bytes. */
  readonly body?: Uint8Array | Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Default 4 MiB. */
  readonly responseBytesMax?: number;
  readonly timeoutMs?: number | undefined;
}

/** An error answer: its status, the code it names, and its JSON body. */
export interface ErrorAnswer {
  readonly status: number;
  readonly reason: string;
  readonly body: unknown;
}

const TIMEOUT_MS = 30_000;
const RESPONSE_BYTES_MAX = 4 * 1024 * 1024;
const ERROR_BYTES_MAX = 64 * 1024;

/** Exchanges with one server. */
export class Http {
  readonly url: string;
  readonly #fetch: Fetch;
  readonly #timeoutMs: number;
  readonly #headers: Readonly<Record<string, string>>;

  /** @throws {ClientError} `URL_REFUSED` when the address is not http(s), or carries a user name, query or fragment */
  constructor(options: HttpOptions) {
    this.url = baseUrl(options.url);
    this.#fetch = options.fetch ?? ((url, init) => globalThis.fetch(url, init));
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    this.#headers = options.bearerToken === undefined ? {} : { authorization: `Bearer ${options.bearerToken}` };
  }

  /** The answer's JSON. @throws {ClientError} */
  async json(path: string, exchange: Exchange = {}): Promise<unknown> {
    const answer = await this.answer(path, exchange);
    if (!('reason' in answer)) return parseJson(answer.body);
    throw refusalOf(answer);
  }

  /** The answer's bytes. @throws {ClientError} */
  async octets(path: string, exchange: Exchange = {}): Promise<Uint8Array> {
    const answer = await this.answer(path, exchange);
    if (!('reason' in answer)) return answer.body;
    throw refusalOf(answer);
  }

  /** The answer's JSON, or the error answer when its status is 404. */
  async jsonOrMissing(path: string, exchange: Exchange = {}): Promise<{ json: unknown } | { missing: ErrorAnswer }> {
    const answer = await this.answer(path, exchange);
    if (!('reason' in answer)) return { json: parseJson(answer.body) };
    if (answer.status === 404) return { missing: answer };
    throw refusalOf(answer);
  }

  /** A streaming answer; the caller reads and cancels its body. The time limit covers the headers only. */
  async stream(path: string, init: { signal: AbortSignal; headers?: Record<string, string> }): Promise<Response> {
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), this.#timeoutMs);
    try {
      const signal = AbortSignal.any([init.signal, limit.signal]);
      const response = await this.#send(path, {
        method: 'GET',
        headers: { ...this.#headers, ...init.headers },
        signal,
      });
      if (response.ok) return response;
      throw refusalOf(await errorAnswer(response, signal));
    } catch (cause) {
      throw this.#translate(cause, limit.signal, init.signal, this.#timeoutMs);
    } finally {
      clearTimeout(timer);
    }
  }

  private async answer(path: string, exchange: Exchange): Promise<{ body: Uint8Array } | ErrorAnswer> {
    const timeoutMs = exchange.timeoutMs ?? this.#timeoutMs;
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), timeoutMs);
    const signal = exchange.signal === undefined ? limit.signal : AbortSignal.any([exchange.signal, limit.signal]);
    try {
      const response = await this.#send(path, {
        method: exchange.method ?? 'GET',
        headers: { ...this.#headers, ...contentType(exchange.body), ...exchange.headers },
        ...(exchange.body === undefined ? {} : { body: bodyOf(exchange.body) }),
        signal,
      });
      if (!response.ok) return await errorAnswer(response, signal);
      return { body: await readBody(response, signal, exchange.responseBytesMax ?? RESPONSE_BYTES_MAX) };
    } catch (cause) {
      throw this.#translate(cause, limit.signal, exchange.signal, timeoutMs);
    } finally {
      clearTimeout(timer);
    }
  }

  #send(path: string, init: RequestInit): Promise<Response> {
    // A redirect could carry a claim or a token to somebody else's server: none of ours redirects.
    return this.#fetch(this.url + path, {
      ...init,
      redirect: 'error',
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      cache: 'no-store',
    });
  }

  #translate(cause: unknown, limit: AbortSignal, caller: AbortSignal | undefined, timeoutMs: number): unknown {
    if (cause instanceof ClientError) return cause;
    if (caller?.aborted) return caller.reason;
    if (limit.aborted)
      return new ClientError({ code: 'TIMEOUT', timeoutMs }, `no answer within ${timeoutMs} ms`, { cause });
    return new ClientError({ code: 'UNREACHABLE' }, 'the server cannot be reached', { cause });
  }
}

/**
 * A reader whose reads end when the signal aborts, without an error: ask the signal. The fetch of Node 20 no longer hears its
 * signal once the garbage collector has taken the request, while the body is still being read.
 */
export function readerOf(response: Response, signal: AbortSignal): ReadableStreamDefaultReader<Uint8Array> | undefined {
  const reader = response.body?.getReader();
  const cancel = (): void => void reader?.cancel().catch(() => undefined);
  if (signal.aborted) cancel();
  else signal.addEventListener('abort', cancel, { once: true });
  return reader;
}

/** Reads at most `bytesMax` of a body; a longer one is cancelled. @throws {ClientError} `RESPONSE_TOO_LARGE`; the reason of an abort */
async function readBody(response: Response, signal: AbortSignal, bytesMax: number): Promise<Uint8Array> {
  const reader = readerOf(response, signal);
  if (reader === undefined) return new Uint8Array(0);
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    signal.throwIfAborted(); // a body that was cut off is no answer
    if (done) break;
    length += value.length;
    if (length > bytesMax) {
      await reader.cancel();
      throw new ClientError({ code: 'RESPONSE_TOO_LARGE', responseBytesMax: bytesMax }, 'the answer is too large');
    }
    chunks.push(value);
  }
  const body = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    body.set(chunk, offset);
    offset += chunk.length;
  }
  return body;
}

async function errorAnswer(response: Response, signal: AbortSignal): Promise<ErrorAnswer> {
  const bytes = await readBody(response, signal, ERROR_BYTES_MAX);
  let body: unknown;
  try {
    body = JSON.parse(fromUtf8(bytes));
  } catch {
    body = undefined;
  }
  const code = (body as { error?: { code?: unknown } } | null | undefined)?.error?.code;
  const reason = typeof code === 'string' && /^[A-Z][A-Z0-9_]{0,63}$/.test(code) ? code : `HTTP_${response.status}`;
  return { status: response.status, reason, body };
}

/** The error of an error answer. */
export function refusalOf({ status, reason, body }: ErrorAnswer): ClientError {
  const told = (body as { error?: Readonly<Record<string, unknown>> } | null | undefined)?.error;
  const counts = Object.fromEntries(
    (['triesLeft', 'availableAtMs'] as const).flatMap((name) =>
      typeof told?.[name] === 'number' ? [[name, told[name]]] : [],
    ),
  );
  return new ClientError({ code: 'REFUSED', status, reason, ...counts }, `the server answered ${status} ${reason}`);
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(fromUtf8(bytes));
  } catch (cause) {
    throw new ClientError({ code: 'MALFORMED_RESPONSE', field: '' }, 'the answer is not JSON', { cause });
  }
}

function baseUrl(text: string): string {
  const refused = () =>
    new ClientError({ code: 'URL_REFUSED' }, 'expected an http or https address, nothing after the path');
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw refused();
  }
  if (!/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '' || /[?#]/.test(text))
    throw refused();
  return url.href.replace(/\/+$/, '');
}

function contentType(body: Exchange['body']): Record<string, string> {
  if (body === undefined) return {};
  return { 'content-type': body instanceof Uint8Array ? 'application/octet-stream' : 'application/json' };
}

function bodyOf(body: Uint8Array | Readonly<Record<string, unknown>>): BodyInit {
  return body instanceof Uint8Array ? new Uint8Array(body) : JSON.stringify(body);
}
