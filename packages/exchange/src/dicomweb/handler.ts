/** DICOMweb of a source over HTTP: who signs may read what the ledger lets that key read. Spec: docs/spec/dicomweb.md. */
import type { OutgoingHttpHeaders, RequestListener, ServerResponse } from 'node:http';
import { HandoverError, verifyHttpRequest } from '@radledger/handover';
import { goneSignal, type ReaderPace, sendPaced } from '@radledger/iti43/server';
import { fromHex, toHex, utf8 } from '@radledger/primitives';
import express, { type Request } from 'express';
import { rateLimit } from 'express-rate-limit';
import { ExchangeError } from '../errors.js';
import { requesterAddress, requesterNetwork } from '../http/requester-address.js';
import { DICOMWEB_REQUESTS_FACTOR, type DicomwebPort, type ImageSource } from '../source/source-contract.js';
import type { OpenedStudy, ReaderRequest } from '../source/open-study.js';
import type { AuditedRequest, DisclosedPart } from '../source/retrieval-audit.js';
import { accepts, acceptsStored } from './accepted-types.js';
import { answerOf, DICOM_JSON, studyEntry } from './answer.js';
import { type Resource, isDicomwebPath, readResource, type StudyResource, type StudyResourceKind } from './resource.js';

export interface DicomwebHandlerOptions {
  readonly source: Pick<ImageSource, 'dicomweb' | 'countRefusal'>;
  /** Everything else at the same address. */
  readonly otherPaths: RequestListener;
  /** How slow a reader may be. */
  readonly pace?: ReaderPace;
  /** Requests of one address a minute; default 6000. */
  readonly requestsPerMinute?: number;
  /** Number of reverse proxies in front whose `X-Forwarded-For` is believed; default 0. */
  readonly trustedProxies?: number;
  /** Told what the requester is not: why a request was refused, or an answer broke off. */
  readonly onRefusal?: (error: Error) => void;
}

/** Every answer that is not one about a study: fixed bytes, so that nothing can be told from them. */
const REFUSALS = {
  unauthorized: [401, 'UNAUTHORIZED', 'expected a signature as docs/spec/dicomweb.md says, used once'],
  notFound: [404, 'NOT_FOUND', 'not available'],
  badQuery: [400, 'MALFORMED_REQUEST', 'expected the parameters of docs/spec/dicomweb.md and no others'],
  method: [405, 'MALFORMED_REQUEST', 'expected GET'],
  notAcceptable: [406, 'NOT_ACCEPTABLE', 'instances are sent as they are stored: accept transfer-syntax=*'],
  tooMany: [429, 'TOO_MANY_REQUESTS', 'retry in a minute'],
  noPlace: [429, 'TOO_MANY_TRANSFERS', 'too many answers are under way; retry later'],
  archive: [502, 'ARCHIVE_FAILED', 'the archive does not give the study now; retry later'],
  failed: [500, 'FAILED', 'the request could not be processed'],
  stale: [503, 'VIEW_STALE', 'the view of the ledger is out of date; retry later'],
} as const;
type Refusal = keyof typeof REFUSALS;

const CORS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Methods': 'GET',
  'Access-Control-Allow-Headers': 'Accept, Signature, Signature-Input',
  'Access-Control-Expose-Headers': 'ETag, Retry-After',
  'Access-Control-Max-Age': '86400',
} as const;
const COMMON = {
  ...CORS,
  'Cache-Control': 'no-store',
  'Cross-Origin-Resource-Policy': 'cross-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
} as const;

interface Addressed {
  /** Of the base address that the request was signed for: where its sender can reach this gateway. */
  readonly dicomwebUrl: string;
}
type AuthenticRequest = AuditedRequest & Addressed;
/** With the studies that it asks for. */
type StudiesRequest = ReaderRequest & Addressed;
interface Prepared {
  readonly headers: OutgoingHttpHeaders;
  readonly bytes: AsyncIterable<Uint8Array>;
  readonly first: OpenedStudy | undefined;
}

/** Serves `/dicom-web/` and `/fhir/`. Memory does not grow with the size of a study. */
export function createDicomwebHandler(options: DicomwebHandlerOptions): RequestListener {
  const { source, otherPaths } = options;
  const port = source.dicomweb;
  const report = options.onRefusal ?? (() => undefined);

  async function serve(request: Request, response: ServerResponse): Promise<void> {
    if (request.method === 'OPTIONS') return void response.writeHead(204, CORS).end();
    if (request.method !== 'GET') return refuse(response, 'method', { Allow: 'GET' });
    const target = request.url ?? '';
    const authentic = await authenticate(request, target);
    if (authentic === undefined) {
      source.countRefusal();
      return refuse(response, 'unauthorized', { 'WWW-Authenticate': 'Signature' });
    }

    const resource = readResource(target);
    if (resource === undefined) return refuse(response, 'notFound');
    if (resource === 'bad-query') return refuse(response, 'badQuery');
    const { accept } = request.headers;
    if (!accepts(accept, MEDIA_TYPES[resource.kind])) return refuse(response, 'notAcceptable');
    if (resource.kind === 'search-studies') {
      const documents = resource.studyIds.map((studyId) => documentOf(port, studyId));
      await searchStudies(resource, { ...authentic, documents }, response);
    } else {
      const documents = [documentOf(port, resource.studyId)];
      await answerStudy(resource, { ...authentic, documents }, accept, response);
    }
  }

  /** Every signed request acts once, also the one that asks for nothing that there is. */
  async function authenticate(request: Request, target: string): Promise<AuthenticRequest | undefined> {
    const { headers } = request;
    try {
      if (headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0') {
        throw new ExchangeError({ code: 'MALFORMED_REQUEST' }, 'a GET has no body');
      }
      const { url, key, nonce, rememberUntilMs } = await verifyHttpRequest({
        method: 'GET',
        urls: port.baseUrls.map((base) => base + target),
        signatureInput: textOf(headers['signature-input']),
        signature: textOf(headers.signature),
        contentDigest: textOf(headers['content-digest']),
        body: undefined,
        nowMs: port.now(),
      });
      if (!(await port.replay.remember(toHex(key), nonce, rememberUntilMs))) {
        throw new ExchangeError({ code: 'REPLAYED' }, 'this signature was used before');
      }
      const peerAddress = requesterAddress(request);
      return {
        signer: toHex(key),
        messageId: nonce,
        dicomwebUrl: `${url.slice(0, -target.length)}/dicom-web`,
        ...(peerAddress === undefined ? {} : { peerAddress }),
      };
    } catch (error) {
      if (!(error instanceof HandoverError) && !(error instanceof ExchangeError)) throw error;
      report(error);
      return undefined;
    }
  }

  const openStudy = (request: ReaderRequest, studyId: string, part: DisclosedPart) =>
    port.openStudy({
      request,
      part,
      studyId: fromHex(studyId),
      document: documentOf(port, studyId),
      audit: port.audit,
    });

  async function answerStudy(
    resource: StudyResource,
    request: StudiesRequest,
    accept: string | undefined,
    response: ServerResponse,
  ): Promise<void> {
    const { studyId, kind } = resource;
    const opened = await openStudy(request, studyId, PARTS[kind]);
    if (opened === 'too-often') return refuseTooOften(response);
    const answer = typeof opened === 'string' ? undefined : answerOf(opened, resource, request.dicomwebUrl);
    if (typeof opened === 'string' || answer === undefined) {
      const refusal = opened === 'stale-view' ? 'stale' : 'notFound';
      await port.audit.refused(request, [documentOf(port, studyId)], REFUSALS[refusal][1]);
      return refuse(response, refusal);
    }
    if (
      kind === 'instances' &&
      !acceptsStored(
        accept,
        opened.plan.entries.map((entry) => entry.transferSyntaxUid),
      )
    ) {
      return refuse(response, 'notAcceptable');
    }
    await send(request, response, {
      headers: {
        'Content-Type': answer.contentType,
        ETag: `"${toHex(opened.content)}"`,
        ...(answer.sizeBytes === undefined ? {} : { 'Content-Length': answer.sizeBytes }),
      },
      bytes: opened.disclosed(
        (openSnapshot) => answer.bytes(openSnapshot),
        RECEIPTED.has(kind) ? answer.sizeBytes : undefined,
      ),
      // The manifest is the plan's: nothing of the archive is in it.
      first: kind === 'manifest' ? undefined : opened,
    });
  }

  /** What may not be read is left out, whatever the reason. */
  async function searchStudies(
    { studyIds, page }: Extract<Resource, { kind: 'search-studies' }>,
    request: StudiesRequest,
    response: ServerResponse,
  ): Promise<void> {
    const entries: AsyncIterable<Uint8Array>[] = [];
    let first: OpenedStudy | undefined;
    const refused: string[] = [];
    for (const studyId of studyIds.slice(page.offset, page.offset + page.limit)) {
      const opened = await openStudy(request, studyId, 'metadata');
      if (opened === 'too-often') return refuseTooOften(response);
      if (opened === 'stale-view') return refuse(response, 'stale');
      if (opened === 'refused') {
        refused.push(studyId);
        continue;
      }
      first ??= opened;
      entries.push(opened.disclosed((openSnapshot) => studyEntry(opened, request.dicomwebUrl, openSnapshot)));
    }
    if (refused.length > 0) {
      const documents = refused.map((studyId) => documentOf(port, studyId));
      await port.audit.refused(request, documents, REFUSALS.notFound[1]);
    }
    const headers = { 'Content-Type': DICOM_JSON };
    // Strangers take no place from those who may read.
    if (first === undefined) response.writeHead(200, { ...COMMON, ...headers }).end('[]');
    else await send(request, response, { headers, bytes: arrayOf(entries), first });
  }

  /** Holds a place while it sends; has the archive open the first study before anything is promised. */
  async function send(
    request: StudiesRequest,
    response: ServerResponse,
    { headers, bytes, first }: Prepared,
  ): Promise<void> {
    const gone = goneSignal(response);
    const leave = await port.places.take(request.signer, gone);
    if (gone.aborted) return leave?.();
    if (leave === undefined) {
      await port.audit.refused(request, request.documents, REFUSALS.noPlace[1]);
      return refuse(response, 'noPlace', { 'Retry-After': '10' });
    }
    try {
      const failure = await first?.reach().catch((error: unknown) => ({ error }));
      if (failure !== undefined) {
        report(asError(failure.error));
        await port.audit.refused(request, request.documents, REFUSALS.archive[1]);
        return refuse(response, 'archive');
      }
      response.writeHead(200, { ...COMMON, ...headers });
      await sendPaced(response, bytes, options.pace);
    } finally {
      leave();
    }
  }

  function refuseTooOften(response: ServerResponse): void {
    source.countRefusal();
    refuse(response, 'tooMany');
  }

  const app = express();
  app.disable('x-powered-by');
  app.set('trust proxy', options.trustedProxies ?? 0);
  const limit = rateLimit({
    windowMs: 60_000,
    limit: options.requestsPerMinute ?? 600 * DICOMWEB_REQUESTS_FACTOR,
    keyGenerator: requesterNetwork,
    // Refusals are the same to the letter; what is left of a limit is not.
    standardHeaders: false,
    legacyHeaders: false,
    handler: (_request, response) => refuseTooOften(response),
  });
  app.use((request, response, next) => {
    if (isDicomwebPath(request.url)) void limit(request, response, next);
    else otherPaths(request, response);
  });
  app.use((request, response) => {
    serve(request, response).catch((error: unknown) => {
      // A stream that fails destroys the connection before its end: nobody takes what came for the whole.
      if (response.headersSent) response.destroy();
      else refuse(response, 'failed');
      report(asError(error));
    });
  });
  return app;
}

const MEDIA_TYPES: Readonly<Record<Resource['kind'], string>> = {
  instances: 'multipart/related',
  metadata: DICOM_JSON,
  'search-studies': DICOM_JSON,
  'search-series': DICOM_JSON,
  'search-instances': DICOM_JSON,
  manifest: 'application/octet-stream',
  'file-set': 'application/zip',
  'imaging-study': 'application/fhir+json',
  bundle: 'application/fhir+json',
};

/** What a recipient gives a receipt for: the study as one document, or the list of what it fetched instance by instance. */
const RECEIPTED: ReadonlySet<StudyResourceKind> = new Set(['file-set', 'manifest']);

/** What an owner is told was read. */
const PARTS: Readonly<Record<StudyResourceKind, DisclosedPart>> = {
  instances: 'instances',
  manifest: 'manifest',
  'file-set': 'file-set',
  metadata: 'metadata',
  'search-series': 'metadata',
  'search-instances': 'metadata',
  'imaging-study': 'metadata',
  bundle: 'metadata',
};

function refuse(response: ServerResponse, refusal: Refusal, headers: Readonly<Record<string, string>> = {}): void {
  const [status, code, message] = REFUSALS[refusal];
  const body = utf8(JSON.stringify({ error: { code, message } }));
  response
    .writeHead(status, { ...COMMON, ...headers, 'Content-Type': 'application/json', 'Content-Length': body.length })
    .end(body);
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error('the request failed', { cause: error });
}

/** @param entries - at least one */
async function* arrayOf(entries: readonly AsyncIterable<Uint8Array>[]): AsyncIterable<Uint8Array> {
  for (const [index, entry] of entries.entries()) {
    yield utf8(index === 0 ? '[' : ',');
    yield* entry;
  }
  yield utf8(']');
}

function documentOf({ repositoryUniqueId }: DicomwebPort, studyId: string) {
  return { documentUniqueId: studyId, repositoryUniqueId };
}

function textOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(', ') : header;
}
