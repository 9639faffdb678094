/** Asks a source for one study over DICOMweb, each time by a signed request. Spec: docs/spec/dicomweb.md. */
import { setTimeout as wait } from 'node:timers/promises';
import { signHttpRequest } from '@radledger/handover';
import { type ClientCertificate, getPinned, type HttpExchange } from '@radledger/iti43/client';
import { parseContentType, readMultipart } from '@radledger/multipart';
import { concatBytes, equalBytes, randomBytes, type Signer, toHex } from '@radledger/primitives';
import { contentOf, decodeManifest, type Manifest, TransactionError } from '@radledger/transactions';
import { ExchangeError } from '../errors.js';
import type { AuditedRequest, RequestAudit } from './request-audit.js';
import { refused } from './retrieval-failure.js';
import type { SourceRoute } from './source-route.js';

const IDLE_TIMEOUT_MS = 30_000;
const MANIFEST_BYTES_MAX = 64 * 1024 * 1024;
const MANIFEST_TYPE = 'application/octet-stream';
/** How often a transfer waits because the source was asked too soon after other requests: limits are of a minute, and of all that wait. */
const TOO_SOON_MAX = 20;
/** Answers for which it may wait once more: a source that makes a study last for ever is left. */
const ANSWERS_PER_WAIT = 250;
const TOO_SOON_SECONDS = 60;
const TOO_SOON_SECONDS_MAX = 120;
const STORED = 'multipart/related; type="application/dicom"; transfer-syntax=*';

export interface ReceivedManifest {
  readonly manifest: Manifest;
  /** Of the request that it answers, 64 lower-case hex. */
  readonly requestDigest: string;
  readonly bytes: number;
}

/** An instance of an answer; its bytes are read before the next is asked for. */
export interface ReceivedInstance {
  /** Its name as the part gives it, if it does. */
  readonly instanceId: string | undefined;
  readonly file: AsyncIterable<Uint8Array>;
}

export interface StudyRequests {
  /**
   * The manifest that the ledger commits to; undefined when the source gives none over DICOMweb, for whatever reason.
   * @throws {ExchangeError} `CONTENT_MISMATCH`; {Iti43Error} the transport's
   */
  manifest(): Promise<ReceivedManifest | undefined>;
  /**
   * The instances of the study, or one of them, as they are stored.
   * @throws {ExchangeError} `RETRIEVAL_REFUSED`; {Iti43Error} the transport's
   */
  instances(instanceId: string | undefined, signal: AbortSignal): AsyncIterable<ReceivedInstance>;
}

interface Wanted {
  readonly accept: string;
  readonly responseBytesMax: number;
  readonly signal: AbortSignal;
}

interface Got {
  readonly answer: HttpExchange;
  readonly audited: AuditedRequest;
}

export function createStudyRequests(options: {
  readonly route: SourceRoute;
  readonly studyId: Uint8Array;
  readonly contentSalt: Uint8Array;
  readonly signer: Signer;
  readonly clientCertificate: ClientCertificate | undefined;
  readonly audit: RequestAudit;
  readonly responseBytesMax: number;
  readonly now: () => number;
  readonly signal: AbortSignal;
}): StudyRequests {
  const { route, signer, audit } = options;
  const dicomwebUrl = `${route.baseUrl}/dicom-web`;

  const getOnce = async (path: string, { accept, responseBytesMax, signal }: Wanted): Promise<Got> => {
    const url = `${dicomwebUrl}/studies/${toHex(options.studyId)}${path}`;
    const nonce = Buffer.from(randomBytes(16)).toString('base64url');
    const signature = await signHttpRequest({ method: 'GET', url, signer, nowMs: options.now(), nonce });
    const audited = await audit.begun({ transaction: 'RAD-107', endpointUrl: dicomwebUrl, id: nonce });
    const answer = await getPinned({
      url: new URL(url),
      pins: route.tlsPins,
      addresses: route.addresses,
      client: options.clientCertificate,
      headers: { ...signature, Accept: accept },
      responseBytesMax,
      idleTimeoutMs: IDLE_TIMEOUT_MS,
      signal,
    });
    return { answer, audited };
  };

  let waitsLeft = TOO_SOON_MAX;

  /** Waits, and asks again, where the source says that it was asked too often: its limits count all that we fetch from it. */
  const get = async (path: string, wanted: Wanted): Promise<Got> => {
    for (;;) {
      const got = await getOnce(path, wanted);
      const { status, retryAfterSeconds = TOO_SOON_SECONDS } = got.answer;
      if (status !== 429) waitsLeft = Math.min(waitsLeft + 1 / ANSWERS_PER_WAIT, TOO_SOON_MAX);
      if (status !== 429 || waitsLeft < 1) return got;
      waitsLeft -= 1;
      got.answer.close();
      await got.audited.refused('HTTP_429');
      await wait(1000 * Math.min(retryAfterSeconds, TOO_SOON_SECONDS_MAX), undefined, { signal: wanted.signal });
    }
  };

  return {
    async manifest() {
      const { signal } = options;
      const { answer, audited } = await get('/manifest', {
        accept: MANIFEST_TYPE,
        responseBytesMax: MANIFEST_BYTES_MAX,
        signal,
      });
      // A server that gives a page for every address gives no manifest.
      if (answer.status !== 200 || parseContentType(answer.contentType)?.mediaType !== MANIFEST_TYPE) {
        answer.close();
        await audited.refused(`HTTP_${answer.status}`);
        return undefined;
      }
      const chunks: Uint8Array[] = [];
      for await (const chunk of counted(answer.body, audited)) chunks.push(chunk);
      const encoded = concatBytes(...chunks);
      const manifest = readManifest(encoded);
      if (!equalBytes(contentOf({ contentSalt: options.contentSalt, manifest }), route.content)) throw mismatch();
      return { manifest, requestDigest: audited.requestDigest, bytes: encoded.length };
    },

    async *instances(instanceId, signal) {
      const path = instanceId === undefined ? '' : `/instances/${instanceId}`;
      const { responseBytesMax } = options;
      const { answer, audited } = await get(path, { accept: STORED, responseBytesMax, signal });
      try {
        const type = parseContentType(answer.contentType);
        if (answer.status !== 200 || type?.mediaType !== 'multipart/related') throw refused(`HTTP_${answer.status}`);
        const boundary = type.parameters.get('boundary') ?? '';
        const parts = readMultipart(counted(answer.body, audited), boundary, {
          partsMax: Number.POSITIVE_INFINITY,
          errorOf: () => refused('MALFORMED_MESSAGE'),
        });
        for await (const { headers, body } of parts) {
          yield { instanceId: headers.get('content-location')?.split('/').at(-1), file: body };
        }
      } finally {
        answer.close();
      }
    },
  };
}

async function* counted(body: AsyncIterable<Uint8Array>, audited: AuditedRequest): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    audited.count(chunk.length);
    yield chunk;
  }
}

function readManifest(encoded: Uint8Array): Manifest {
  try {
    return decodeManifest(encoded);
  } catch (cause) {
    if (cause instanceof TransactionError) throw mismatch(cause);
    throw cause;
  }
}

function mismatch(cause?: unknown): ExchangeError {
  return new ExchangeError({ code: 'CONTENT_MISMATCH' }, 'the manifest is not what the ledger commits to', { cause });
}
