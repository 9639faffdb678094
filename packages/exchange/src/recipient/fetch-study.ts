/**
 * One retrieval: proven endpoint, signed requests, quarantine, comparison with the ledger, filing. Nothing that a
 * link, a notice or a sender says is believed where the ledger can be asked.
 */
import { setTimeout as wait } from 'node:timers/promises';
import {
  type ImportLimits,
  type ImportPolicy,
  openIntake,
  type QuarantinedStudy,
  type StudyIntake,
} from '@radledger/imaging';
import { type ClientCertificate, type RetrievedDocument, retrieveDocuments } from '@radledger/iti43/client';
import { equalBytes, fromHex, type Signer, toHex } from '@radledger/primitives';
import { contentOf, studyIdOf } from '@radledger/transactions';
import { digestOf } from '../audit/audit-event.js';
import type { Audit } from '../audit/audit-trail.js';
import { ExchangeError } from '../errors.js';
import type { LedgerPort } from '../ledger-port.js';
import type { LedgerView } from '../ledger-view.js';
import type { EndpointGuardOptions } from './endpoint-guard.js';
import { fetchMissing } from './fetch-missing.js';
import { requireLiveGrant } from './live-grant.js';
import { type PlaceCall, type Placed, type PlaceOptions, placeStudy } from './place-study.js';
import type { Received } from './receipts.js';
import type { RetrievalRecord } from './recipient-records.js';
import { type AuditedRequest, createRequestAudit, type RequestAudit } from './request-audit.js';
import { explained, failureCodeOf, refused } from './retrieval-failure.js';
import { routeTo, type SourceRoute } from './source-route.js';
import { createStudyRequests } from './study-requests.js';

export interface FetchStudyOptions extends PlaceOptions {
  readonly ledger: LedgerPort;
  readonly view: LedgerView;
  readonly signer: Signer;
  readonly now: () => number;
  readonly audit: Audit;
  readonly endpointGuard: EndpointGuardOptions;
  /** Shown to sources that ask who calls. */
  readonly clientCertificate: ClientCertificate | undefined;
  readonly importLimits?: Partial<ImportLimits>;
  readonly importPolicy?: Partial<ImportPolicy>;
  /** Largest ITI-43 response, in bytes. */
  readonly responseBytesMax: number;
  /** After how long a source that is busy is asked again; default 30 000. */
  readonly busyWaitMs?: number;
}

/** What is fetched: the parts of a grant notice that survive its checks. */
export type FetchTarget = Pick<
  RetrievalRecord,
  'source' | 'studyId' | 'tag' | 'studySalt' | 'contentSalt' | 'studyInstanceUid'
>;

export interface FetchCall extends PlaceCall {
  /** Where the study arrives: what a broken try left there is used again. */
  readonly folder: string;
  /** By DICOMweb where the source gives it, also when nothing has arrived yet. */
  readonly prefersDicomweb: boolean;
  /** Told how many bytes this try has brought. */
  readonly onProgress: (bytes: number) => void;
}

/** How often a busy source is asked again, and after how long: ten minutes in all. */
const BUSY_WAITS_MAX = 20;
const BUSY_WAIT_MS = 30_000;

export interface FetchedStudy {
  readonly placed: Placed;
  /** What this try brought, in bytes. */
  readonly bytes: number;
  /** What is to be signed for. */
  readonly received: Received;
}

/** A study in quarantine, and the request and answer that stand for it in receipts. */
interface Arrived {
  readonly study: QuarantinedStudy;
  readonly requestDigest: string;
  readonly bytes: number;
}

/**
 * Fetches one study and files it, or sets it aside for a person. Leaves the folder to the caller when it fails: `isWorthHolding` tells what to do with it.
 * @throws {ExchangeError} why it was not fetched, by its own reading of the ledger where the source only says no;
 *   {ImagingError} | {Iti43Error} what was wrong with what came
 */
export async function fetchStudy(
  target: FetchTarget,
  options: FetchStudyOptions,
  call: FetchCall,
): Promise<FetchedStudy> {
  const { source, studyId } = target;
  await requireLiveGrant(target, options);
  const route = await routeTo(target, options);
  const document = documentOf(target);
  const audit = createRequestAudit({
    audit: options.audit,
    reader: options.signer.publicKey,
    document: { ...document, content: toHex(route.content) },
    onBytes: call.onProgress,
  });
  const intake = intakeFor(target, options, route.content, call);
  const way = { target, options, route, audit, intake, signal: call.signal };
  try {
    const isByDicomweb = call.prefersDicomweb || (await intake.hasArrived());
    const arrived = (isByDicomweb ? await takeByDicomweb(way) : undefined) ?? (await takeByIti43(way));
    const origin = { source, studyId, content: route.content };
    const placed = await placeStudy(arrived.study, origin, options, call);
    await audit.ended({ outcome: 'success' });
    const { requestDigest, bytes } = arrived;
    const received = { source, studyId, content: route.content, requestDigest: fromHex(requestDigest), bytes };
    return { placed, received, bytes: audit.bytes() };
  } catch (cause) {
    // When the ledger cannot be asked, that is why it failed.
    const error = await explained(cause, target, options).catch((unasked: unknown) => unasked);
    await audit.ended({ outcome: 'failure', code: failureCodeOf(error) });
    throw error;
  }
}

interface Way {
  readonly target: FetchTarget;
  readonly options: FetchStudyOptions;
  readonly route: SourceRoute;
  readonly audit: RequestAudit;
  readonly intake: StudyIntake;
  readonly signal: AbortSignal;
}

/** Asked again where the source says that it is busy: its limits are of a minute, and its places come free. */
async function takeByIti43(way: Way): Promise<Arrived> {
  for (let waits = 0; ; waits += 1) {
    try {
      return await takeOnceByIti43(way);
    } catch (error) {
      if (failureCodeOf(error) !== 'XDSRepositoryBusy' || waits === BUSY_WAITS_MAX) throw error;
      await wait(way.options.busyWaitMs ?? BUSY_WAIT_MS, undefined, { signal: way.signal });
    }
  }
}

/** The whole as one document. Bytes that arrived before are not written again. */
async function takeOnceByIti43({ target, options, route, audit, intake, signal }: Way): Promise<Arrived> {
  const { clientCertificate: client } = options;
  let audited: AuditedRequest | undefined;
  let bytes = 0;
  const response = await retrieveDocuments({
    endpoint: route.iti43Url,
    signer: options.signer,
    documents: [documentOf(target)],
    tls: { pins: route.tlsPins, addresses: route.addresses, ...(client && { client }) },
    limits: { responseBytesMax: options.responseBytesMax },
    signal,
    now: () => new Date(options.now()),
    async onSigned(id) {
      audited = await audit.begun({ transaction: 'ITI-43', endpointUrl: route.iti43Url, id });
    },
  });
  try {
    const document = await firstDocument(response.documents[Symbol.asyncIterator]());
    if (document?.documentUniqueId !== toHex(target.studyId)) {
      const code = response.errors[0]?.errorCode;
      if (code === 'XDSRepositoryBusy') await audited?.refused(code);
      throw refused(code);
    }
    if (document.newDocumentUniqueId !== toHex(route.content)) {
      throw new ExchangeError({ code: 'CONTENT_MISMATCH' }, 'the source sends another version than the ledger names');
    }
    const count = (more: number): void => {
      bytes += more;
      audited?.count(more);
    };
    const study = await intake.receiveFileSet(counted(document.content, count));
    return { study, requestDigest: digestOf(response.messageId), bytes };
  } finally {
    response.close();
  }
}

/** The manifest, then the instances that are not here. @returns undefined when the source gives no manifest by DICOMweb */
async function takeByDicomweb({ target, options, route, audit, intake, signal }: Way): Promise<Arrived | undefined> {
  const { studyId, contentSalt, studySalt } = target;
  const { signer, clientCertificate, responseBytesMax, now } = options;
  const requests = createStudyRequests({
    route,
    studyId,
    contentSalt,
    signer,
    clientCertificate,
    audit,
    responseBytesMax,
    now,
    signal,
  });
  const received = await requests.manifest();
  if (received === undefined) return undefined;
  const { manifest, requestDigest, bytes } = received;
  await fetchMissing({ manifest, studySalt, intake, requests, signal });
  return { study: await intake.admit(), requestDigest, bytes };
}

function intakeFor(
  { source, studyId, studySalt, contentSalt, studyInstanceUid: expectedUid }: FetchTarget,
  options: FetchStudyOptions,
  content: Uint8Array,
  { folder, signal }: FetchCall,
): StudyIntake {
  return openIntake({
    folder,
    signal,
    ...(options.importLimits === undefined ? {} : { limits: options.importLimits }),
    ...(options.importPolicy === undefined ? {} : { policy: options.importPolicy }),
    expected: {
      studyInstanceUid: expectedUid,
      isCommitted: (manifest, studyInstanceUid) =>
        equalBytes(contentOf({ contentSalt, manifest }), content) &&
        equalBytes(studyIdOf({ source, studySalt, studyInstanceUid }), studyId),
    },
  });
}

function documentOf({ source, studyId }: FetchTarget) {
  return { documentUniqueId: toHex(studyId), repositoryUniqueId: toHex(source) };
}

/** The first document, without ending the iteration: ending it would end the connection that its bytes come from. */
async function firstDocument(documents: AsyncIterator<RetrievedDocument>): Promise<RetrievedDocument | undefined> {
  const next = await documents.next();
  return next.done === true ? undefined : next.value;
}

async function* counted(stream: AsyncIterable<Uint8Array>, count: (bytes: number) => void): AsyncIterable<Uint8Array> {
  for await (const chunk of stream) {
    count(chunk.length);
    yield chunk;
  }
}
