/**
 * One retrieval: proven endpoint, signed ITI-43 request, quarantine, comparison with the ledger, filing. Nothing that a
 * link, a notice or a sender says is believed where the ledger can be asked.
 */
import {
  importFileSet,
  type ImportLimits,
  type ImportPolicy,
  type LocalPatient,
  type QuarantinedStudy,
  ImagingError,
  type StudySink,
} from '@radledger/imaging';
import { Iti43Error } from '@radledger/iti43';
import { type RetrievedDocument, type RetrieveResult, retrieveDocuments } from '@radledger/iti43/client';
import { equalBytes, fromHex, randomBytes, type Signer, toHex } from '@radledger/primitives';
import { contentOf, studyIdOf } from '@radledger/transactions';
import { isLive } from '@radledger/chain';
import { type AuditEvent, digestOf } from '../audit/audit-event.js';
import type { Audit } from '../audit/audit-trail.js';
import { ExchangeError } from '../errors.js';
import type { LedgerPort } from '../ledger-port.js';
import type { LedgerView } from '../ledger-view.js';
import { type EndpointGuardOptions, guardEndpoint } from './endpoint-guard.js';
import type { Received } from './receipts.js';
import type { RetrievalRecord } from './recipient-records.js';

/**
 * Who the patient of a checked study is in the recipient's own archive: matched, or asked of somebody. Undefined files it
 * under the patient that the source names. The source's patient stays in the Original Attributes Sequence.
 * @param study - what was sent, in quarantine; `readMetadata` tells its patient
 */
export type Reconcile = (
  study: QuarantinedStudy,
  origin: { readonly source: Uint8Array; readonly studyId: Uint8Array },
) => Promise<LocalPatient | undefined>;

const SYSTEM = 'Radledger gateway';

export interface FetchStudyOptions {
  readonly ledger: LedgerPort;
  readonly view: LedgerView;
  readonly signer: Signer;
  readonly audit: Audit;
  readonly sink: StudySink;
  readonly quarantineFolder: string;
  readonly endpointGuard: EndpointGuardOptions;
  readonly importLimits?: Partial<ImportLimits>;
  readonly importPolicy?: Partial<ImportPolicy>;
  readonly reconcile?: Reconcile;
  /** Largest ITI-43 response, in bytes. */
  readonly responseBytesMax: number;
  readonly now: () => number;
}

/** What is fetched: the parts of a grant notice that survive its checks. */
export type FetchTarget = Pick<
  RetrievalRecord,
  'source' | 'studyId' | 'tag' | 'studySalt' | 'contentSalt' | 'studyInstanceUid'
>;

/**
 * Fetches and files one study.
 * @param call.onProgress - told how many bytes of the file-set have arrived
 * @returns where the sink filed it, and what is to be signed for
 * @throws {ExchangeError} why it was not fetched, by its own reading of the ledger where the source only says no;
 *   {ImagingError} | {Iti43Error} what was wrong with what came
 */
export async function fetchStudy(
  target: FetchTarget,
  options: FetchStudyOptions,
  call: { readonly signal: AbortSignal; readonly onProgress: (bytes: number) => void },
): Promise<{ readonly location: string; readonly received: Received }> {
  const { ledger, signer } = options;
  const { source, studyId } = target;
  await requireLiveGrant(target, options);
  const [sourceCell, studyCell] = await Promise.all([ledger.source(source), ledger.study(source, studyId)]);
  if (sourceCell?.endpoint === undefined || studyCell === undefined) {
    throw new ExchangeError({ code: 'SOURCE_UNPROVEN' }, 'the ledger has no endpoint of this source');
  }
  const endpoint = await guardEndpoint(sourceCell.endpoint.baseUrl, options.endpointGuard);
  const repositoryUniqueId = toHex(source);
  const documentUniqueId = toHex(studyId);

  let begun: AuditEvent | undefined;
  const record = async (ended: Pick<AuditEvent, 'outcome' | 'code' | 'bytes'>): Promise<void> => {
    if (begun !== undefined) await options.audit.record({ ...begun, ...ended, phase: 'ended' });
  };
  let received = 0;
  try {
    const response = await retrieveDocuments({
      endpoint: endpoint.url,
      signer,
      documents: [{ repositoryUniqueId, documentUniqueId }],
      tls: { pins: sourceCell.endpoint.tlsPins, addresses: endpoint.addresses },
      limits: { responseBytesMax: options.responseBytesMax },
      signal: call.signal,
      now: () => new Date(options.now()),
      async onSigned(messageId) {
        begun = {
          side: 'recipient',
          transaction: 'ITI-43',
          phase: 'begun',
          outcome: 'success',
          id: toHex(randomBytes(16)),
          requestDigest: digestOf(messageId),
          endpointUrl: endpoint.url,
          reader: toHex(signer.publicKey),
          documents: [{ documentUniqueId, repositoryUniqueId, content: toHex(studyCell.content) }],
        };
        await options.audit.record(begun);
      },
    });
    const location = await fileResponse(response, target, options, studyCell.content, call.signal, (bytes) => {
      received = bytes;
      call.onProgress(bytes);
    });
    await record({ outcome: 'success', bytes: received });
    const requestDigest = fromHex(digestOf(response.messageId));
    return { location, received: { source, studyId, content: studyCell.content, requestDigest, bytes: received } };
  } catch (error) {
    await record({ outcome: 'failure', code: failureCodeOf(error), bytes: received });
    throw error;
  }
}

/** Takes the one document of a response through quarantine to the sink. */
async function fileResponse(
  response: RetrieveResult,
  target: FetchTarget,
  options: FetchStudyOptions,
  content: Uint8Array,
  signal: AbortSignal,
  onBytes: (total: number) => void,
): Promise<string> {
  const { source, studyId } = target;
  try {
    const documents = response.documents[Symbol.asyncIterator]();
    const document = await firstDocument(documents);
    if (document?.documentUniqueId !== toHex(studyId)) throw await explainRefusal(response, target, options);
    if (document.newDocumentUniqueId !== toHex(content)) {
      throw new ExchangeError({ code: 'CONTENT_MISMATCH' }, 'the source sends another version than the ledger names');
    }
    const study = await importFileSet({
      stream: counted(document.content, onBytes),
      quarantineFolder: options.quarantineFolder,
      signal,
      ...(options.importLimits === undefined ? {} : { limits: options.importLimits }),
      ...(options.importPolicy === undefined ? {} : { policy: options.importPolicy }),
      expected: {
        studyInstanceUid: target.studyInstanceUid,
        isCommitted: (manifest, studyInstanceUid) =>
          equalBytes(contentOf({ contentSalt: target.contentSalt, manifest }), content) &&
          equalBytes(studyIdOf({ source, studySalt: target.studySalt, studyInstanceUid }), studyId),
      },
      async reconcile(checked) {
        const patient = await options.reconcile?.(checked, { source, studyId });
        return patient && { patient, system: SYSTEM, previousSource: toHex(source), atMs: options.now() };
      },
    });
    try {
      return (await study.file(options.sink)).location;
    } catch (error) {
      await study.discard();
      throw error;
    }
  } finally {
    response.close();
  }
}

/** @throws {ExchangeError} `VIEW_STALE` | `GRANT_NOT_LIVE` */
async function requireLiveGrant(target: FetchTarget, options: FetchStudyOptions): Promise<void> {
  if (!options.view.isUsable()) {
    throw new ExchangeError({ code: 'VIEW_STALE' }, 'the view of the ledger is out of date; retry later');
  }
  if (!(await hasLiveGrant(target, options))) {
    throw new ExchangeError({ code: 'GRANT_NOT_LIVE' }, 'the owner has ended access, or it has run out');
  }
}

/** Whether finalized cells allow the holder of `tag` to read the study now. */
export async function hasLiveGrant(
  { source, studyId, tag }: Pick<FetchTarget, 'source' | 'studyId' | 'tag'>,
  { ledger, view, now }: Pick<FetchStudyOptions, 'ledger' | 'view' | 'now'>,
): Promise<boolean> {
  const [study, grant] = await Promise.all([ledger.study(source, studyId), ledger.grant(source, studyId, tag)]);
  if (study === undefined || grant === undefined) return false;
  return isLive({ study, grant, finalizedTimestampMs: view.head.timestampMs, nowMs: now() });
}

/** The first document, without ending the iteration: ending it would end the connection that its bytes come from. */
async function firstDocument(documents: AsyncIterator<RetrievedDocument>): Promise<RetrievedDocument | undefined> {
  const next = await documents.next();
  return next.done === true ? undefined : next.value;
}

/** A refusal says little on purpose; what the ledger says about our own grant tells the rest. */
async function explainRefusal(
  response: RetrieveResult,
  target: FetchTarget,
  options: FetchStudyOptions,
): Promise<ExchangeError> {
  const reason = response.errors[0]?.errorCode ?? 'NO_DOCUMENT';
  if (reason === 'XDSDocumentUniqueIdError' && !(await hasLiveGrant(target, options))) {
    return new ExchangeError({ code: 'GRANT_NOT_LIVE', reason }, 'the owner has ended access, or it has run out');
  }
  const explanation: Record<string, string> = {
    XDSDocumentUniqueIdError:
      'the ledger allows it, but the source does not hold the study or has seen an end of access that is not final yet',
    XDSUnknownRepositoryId: 'the endpoint on the ledger is served by another source',
    XDSRepositoryBusy: "the source's view of the ledger is out of date; retry in 30 s",
  };
  return new ExchangeError({ code: 'RETRIEVAL_REFUSED', reason }, explanation[reason] ?? 'the source refused');
}

/** The code under which a failed retrieval is kept and shown. */
export function failureCodeOf(error: unknown): string {
  if (error instanceof ExchangeError)
    return error.code === 'RETRIEVAL_REFUSED' ? (error.info.reason ?? error.code) : error.code;
  if (error instanceof Iti43Error || error instanceof ImagingError) return error.code;
  return 'RETRIEVAL_FAILED';
}

async function* counted(
  stream: AsyncIterable<Uint8Array>,
  onBytes: (total: number) => void,
): AsyncIterable<Uint8Array> {
  let total = 0;
  for await (const chunk of stream) {
    total += chunk.length;
    onBytes(total);
    yield chunk;
  }
}
