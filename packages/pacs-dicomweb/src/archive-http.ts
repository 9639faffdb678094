/** HTTP to one archive: bounded, without redirects, and with errors that name no patient. */
import { ImagingError } from '@radledger/imaging';
import { Agent, type Dispatcher } from 'undici';
import { paced, uploadOf } from './pace.js';

export interface ArchiveHttpOptions {
  /** Root of the DICOMweb services, for instance `https://pacs.example/dicom-web`. */
  readonly baseUrl: string;
  /** Value of the Authorization header, when the archive asks for one. */
  readonly authorization?: string;
  /** PEM; default the system's authorities and no client certificate. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  /** Instances that are read or filed at a time; default 8, one of them not for readers. Questions have four connections of their own. */
  readonly connectionsMax?: number;
  /** Longest wait for one of these connections, in ms; default 30 000. */
  readonly acquireTimeoutMs?: number;
  /** Longest silence of the archive, in ms; default 60 000. What it sends and takes must move at 8 KiB/s after that. */
  readonly idleTimeoutMs?: number;
}

/** Connections for images, where nothing else is said. */
export const CONNECTIONS_MAX = 8;

export interface ArchiveRequest {
  readonly method: 'GET' | 'POST';
  /** Below the root, with its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: AsyncIterable<Uint8Array>;
  /** Whether it carries images: then it has its own connection until its answer was read to its end or left. */
  readonly isBulk?: boolean;
}

export interface ArchiveResponse {
  readonly status: number;
  readonly contentType: string;
  /** To be read to its end or left by `break`, which ends the connection. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Reads what is left and throws it away. */
  discard(): Promise<void>;
}

export interface ArchiveHttp {
  readonly root: string;
  /** @throws {ImagingError} `ARCHIVE_UNAVAILABLE` */
  request(request: ArchiveRequest): Promise<ArchiveResponse>;
  close(): Promise<void>;
}

export function createArchiveHttp(options: ArchiveHttpOptions): ArchiveHttp {
  const {
    authorization,
    tls = {},
    connectionsMax = CONNECTIONS_MAX,
    acquireTimeoutMs = 30_000,
    idleTimeoutMs = 60_000,
  } = options;
  const root = new URL(options.baseUrl.replace(/\/*$/, ''));
  if (!/^https?:$/.test(root.protocol) || root.search !== '' || root.hash !== '' || root.username !== '') {
    throw new TypeError('baseUrl must be http(s)://host[:port]/path, without user, query and fragment');
  }
  const agentOf = (connections: number): Agent =>
    new Agent({
      connections,
      connect: { ...tls, timeout: idleTimeoutMs },
      headersTimeout: idleTimeoutMs,
      bodyTimeout: idleTimeoutMs,
    });
  const questions = agentOf(QUESTIONS_MAX);
  const bulk = agentOf(connectionsMax);
  const places = createPlaces(connectionsMax, acquireTimeoutMs);
  const prefix = root.pathname.replace(/\/$/, '');
  return {
    root: `${root.origin}${prefix}`,
    async request({ method, path, headers, body, isBulk = false }) {
      let response: Dispatcher.ResponseData<null>;
      // A reader that is slow holds its place; who waits for one learns in time that the archive is busy.
      const release = isBulk ? await places.take() : () => undefined;
      try {
        response = await (isBulk ? bulk : questions).request({
          origin: root.origin,
          path: `${prefix}${path}`,
          method,
          headers: { ...headers, ...(authorization === undefined ? {} : { authorization }) },
          body: body === undefined ? null : uploadOf(body, idleTimeoutMs),
        });
      } catch (cause) {
        release();
        throw unavailable(cause);
      }
      response.body.once('close', release);
      const { statusCode, headers: answered } = response;
      const contentType = answered['content-type'];
      return {
        status: statusCode,
        contentType: typeof contentType === 'string' ? contentType : '',
        body: withCodes(paced(response.body, idleTimeoutMs)),
        discard: () => response.body.dump(),
      };
    },
    close: async () => void (await Promise.all([questions.destroy(), bulk.destroy()])),
  };
}

/** Connections for questions, which are short. */
const QUESTIONS_MAX = 4;

/** A number of places that are taken and given back. */
function createPlaces(count: number, waitMs: number): { take(): Promise<() => void> } {
  const waiting = new Set<() => void>();
  let free = count;
  const release = (): void => {
    const [next] = waiting;
    if (next === undefined) free += 1;
    else next();
  };
  /** What is given back twice counts once. */
  const once = (): (() => void) => {
    let isHeld = true;
    return () => {
      if (isHeld) release();
      isHeld = false;
    };
  };
  return {
    take: () =>
      new Promise((resolve, reject) => {
        if (free > 0) {
          free -= 1;
          resolve(once());
          return;
        }
        const next = (): void => {
          clearTimeout(timer);
          waiting.delete(next);
          resolve(once());
        };
        const timer = setTimeout(() => {
          waiting.delete(next);
          const info = { code: 'ARCHIVE_UNAVAILABLE', reason: 'BUSY' } as const;
          reject(new ImagingError(info, 'every connection to the archive is taken'));
        }, waitMs);
        waiting.add(next);
      }),
  };
}

/**
 * The whole body as JSON.
 * @throws {ImagingError} `ARCHIVE_ANSWER_INVALID` | `ARCHIVE_UNAVAILABLE`
 */
export async function readJson({ body }: ArchiveResponse, bytesMax: number): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw answerInvalid('json-size', `expected an answer of at most ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw answerInvalid('json', 'expected DICOM JSON (PS3.18, annex F)');
  }
}

export function answerInvalid(rule: string, message: string): ImagingError {
  return new ImagingError({ code: 'ARCHIVE_ANSWER_INVALID', rule }, message);
}

/** @throws {ImagingError} `ARCHIVE_REFUSED`, for any status that is not expected */
export async function refuse(response: ArchiveResponse): Promise<never> {
  await response.discard().catch(() => undefined);
  const info = { code: 'ARCHIVE_REFUSED', status: response.status } as const;
  throw new ImagingError(info, `the archive answers HTTP ${response.status}`);
}

async function* withCodes(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  try {
    yield* body;
  } catch (cause) {
    throw unavailable(cause);
  }
}

/** Undici's own messages hold addresses, and addresses hold UIDs: only the code is kept. */
function unavailable(cause: unknown): ImagingError {
  if (cause instanceof ImagingError) return cause;
  const reason = (cause as { readonly code?: unknown } | null)?.code;
  const info = { code: 'ARCHIVE_UNAVAILABLE', reason: typeof reason === 'string' ? reason : 'UNKNOWN' } as const;
  return new ImagingError(info, `the archive does not answer (${info.reason})`);
}
