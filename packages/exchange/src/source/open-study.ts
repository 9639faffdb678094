/**
 * From a verified request to a study that may be read: the one way in, for ITI-43 and DICOMweb alike. Spec: docs/spec/gateway-api.md,
 * section 3.
 */
import { decodeFileSetPlan, type FileSetPlan, type StudySnapshot } from '@radledger/imaging';
import type { DocumentReference } from '@radledger/iti43';
import { fromHex, toHex } from '@radledger/primitives';
import { type AuditedDocument, digestOf } from '../audit/audit-event.js';
import { ExchangeError } from '../errors.js';
import type { ExchangeStore } from '../exchange-store.js';
import type { Authorise } from './authorise.js';
import type { OpenSnapshots, SharedSnapshot } from './open-snapshots.js';
import { createPlanCache } from './plan-cache.js';
import { planId } from './publisher.js';
import type { AuditedRequest, DisclosedPart, DisclosureFacts, RetrievalAudit } from './retrieval-audit.js';
import type { RunningReads } from './running-reads.js';
import { planRecords, type StudyRecord } from './source-records.js';
import type { Transfers } from './transfers.js';

/** A verified request, for all that it asks for. */
export interface ReaderRequest extends AuditedRequest {
  readonly documents: readonly DocumentReference[];
  /** The XUA assertion beside the signature of an ITI-43 request. Nobody has checked anything in it. */
  readonly assertion?: string;
}

/**
 * A rule of the site beyond the ledger's: may refuse what the ledger allows, and allows nothing. Asked once a request, of ITI-43 and of
 * DICOMweb alike, after its signature and before its grants; what it throws ends the request as a failure.
 */
export type RetrievalPolicy = (request: Omit<ReaderRequest, 'messageId'>) => boolean | Promise<boolean>;

/** A verified request for one study. */
export interface StudyRequest {
  readonly request: ReaderRequest;
  readonly document: AuditedDocument;
  readonly studyId: Uint8Array;
  readonly part: DisclosedPart;
  readonly audit: RetrievalAudit;
}

export interface OpenedStudy {
  readonly study: StudyRecord;
  readonly plan: FileSetPlan;
  /** What the ledger says the study is now. */
  readonly content: Uint8Array;
  /**
   * Has the archive open the study, for a moment: one that cannot is told of before an answer is promised. A study that was read within
   * the last 30 s is open still, and the archive is not asked.
   * @throws {ImagingError} what the archive throws; `MIXED_STUDIES`
   */
  reach(): Promise<void>;
  /**
   * The bytes of an answer, recorded before the first of them. Asks once more when their turn has come: what is recorded is
   * what let them leave. The snapshot is given back at the end.
   * @param receiptBytes - size of an answer that a recipient gives a receipt for
   * @throws {ExchangeError} (when read) `VIEW_STALE` | `GRANT_NOT_LIVE`
   */
  disclosed(
    answer: (openSnapshot: () => Promise<StudySnapshot>) => AsyncIterable<Uint8Array>,
    receiptBytes?: number,
  ): AsyncIterable<Uint8Array>;
}

/** @returns why not: the ledger cannot be asked now, or one word for every other reason */
export type OpenStudy = (request: StudyRequest) => Promise<OpenedStudy | 'stale-view' | 'refused'>;

export function createOpenStudy(options: {
  readonly store: ExchangeStore;
  readonly snapshots: OpenSnapshots;
  readonly authorise: Authorise;
  /** Where answers that recipients give receipts for are kept. */
  readonly transfers: Transfers;
  readonly running: RunningReads;
  readonly policy?: RetrievalPolicy;
  /** Told of each answer that is served although the network stands still. */
  readonly onServedHalted?: () => void;
}): OpenStudy {
  const { store, snapshots, authorise, transfers } = options;
  const isLetThrough = oncePerRequest(options.policy);
  const plans = createPlanCache(async (id) => {
    const encoded = await store.get(planRecords, id);
    return encoded === undefined ? undefined : decodeFileSetPlan(encoded);
  });

  return async ({ request, document, studyId, part, audit }) => {
    const signer = fromHex(request.signer);
    if (!(await isLetThrough(request))) return 'refused';
    const verdict = await authorise({ studyId, signer });
    if (!verdict.allowed) return verdict.reason;
    const { content, study } = verdict;
    const plan = await plans(planId(studyId, content));
    if (plan === undefined) return 'stale-view';

    const reauthorise = async (): Promise<DisclosureFacts> => {
      const again = await authorise({ studyId, signer });
      if (!again.allowed || toHex(again.content) !== toHex(content)) {
        const code = !again.allowed && again.reason === 'stale-view' ? 'VIEW_STALE' : 'GRANT_NOT_LIVE';
        await audit.refused(request, [document], code);
        throw new ExchangeError({ code }, 'the grant ended, or the study changed, before its turn came');
      }
      const { basis, standing, era } = again;
      if (standing === 'halted') options.onServedHalted?.();
      return { studyId, part, content: toHex(content), era, basis, standing };
    };

    const open = (): Promise<SharedSnapshot> => snapshots.open(plan.studyInstanceUid, toHex(content));
    return {
      study,
      plan,
      content,
      async reach() {
        (await open()).release(true);
      },
      async *disclosed(answer, receiptBytes) {
        const ended = options.running.begin(studyId);
        let shared: SharedSnapshot | undefined;
        let end: ((isWhole: boolean) => Promise<void>) | undefined;
        const openSnapshot = async (): Promise<StudySnapshot> => {
          shared = await open();
          return shared.snapshot;
        };
        let isWhole = false;
        try {
          const facts = await reauthorise();
          const requestDigest = fromHex(digestOf(request.messageId));
          const transfer = { studyId, content, requestDigest, recipientKey: signer };
          end = receiptBytes === undefined ? undefined : await transfers.begin({ ...transfer, bytes: receiptBytes });
          yield* audit.disclosed(request, document, facts, answer(openSnapshot));
          isWhole = true;
        } finally {
          shared?.release(isWhole);
          try {
            await end?.(isWhole);
          } finally {
            ended();
          }
        }
      },
    };
  };
}

function oncePerRequest(policy: RetrievalPolicy | undefined) {
  const said = new WeakMap<ReaderRequest, Promise<boolean>>();
  return async (request: ReaderRequest): Promise<boolean> => {
    if (policy === undefined) return true;
    const answer = said.get(request) ?? (async () => policy(request))();
    said.set(request, answer);
    return answer;
  };
}
