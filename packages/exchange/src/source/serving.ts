/** What a source answers to ITI-43: the bridge from a verified request to the bytes of a study. */
import { decodeFileSetPlan, type FileSetPlan, manifestOf, type PacsConnector, serveFileSet } from '@radledger/imaging';
import type { Answer, SignedRequest } from '@radledger/iti43/server';
import { fromHex, toHex } from '@radledger/primitives';
import { encodeManifest } from '@radledger/transactions';
import { ExchangeError } from '../errors.js';
import type { ExchangeStore } from '../exchange-store.js';
import { type Authorise, readDocumentUniqueId } from './authorise.js';
import { planId } from './publisher.js';
import type { AuditedDocument } from '../audit/audit-event.js';
import type { DisclosureFacts, RetrievalAudit } from './retrieval-audit.js';
import { planRecords } from './source-records.js';

export const FILE_SET_MIME_TYPE = 'application/zip';
export const MANIFEST_MIME_TYPE = 'application/octet-stream';

export interface ServingOptions {
  readonly store: ExchangeStore;
  readonly connector: PacsConnector;
  readonly repositoryUniqueId: string;
  readonly authorise: Authorise;
  readonly audit: RetrievalAudit;
  /** Whether one more request of a key, in hex, is within its limit. */
  readonly isWithinLimit: (signer: string) => boolean;
  /** Told of each document that is served although the network stands still. */
  readonly onServedHalted?: () => void;
}

/** Answers the documents of a request in their order; each is authorised once more when its turn to be sent comes. */
export function createRetrieve(options: ServingOptions): (request: SignedRequest) => Promise<readonly Answer[]> {
  const { store, connector, repositoryUniqueId, authorise, audit } = options;

  const answerOne = async (request: SignedRequest, documentUniqueId: string): Promise<Answer> => {
    const signer = fromHex(request.signer);
    const { studyId, part } = readDocumentUniqueId(documentUniqueId);
    const verdict = await authorise({ studyId, signer });
    if (!verdict.allowed) return refusal(verdict.reason);
    const { content } = verdict;
    const { studyInstanceUid } = verdict.study;
    const encoded = await store.get(planRecords, planId(studyId, content));
    if (encoded === undefined) return BUSY;
    const plan = decodeFileSetPlan(encoded);

    const newDocumentUniqueId = toHex(content);
    const document = { documentUniqueId, repositoryUniqueId };
    /** Asks once more when the document's turn has come: what is recorded is what let it leave. */
    const reauthorise = async (): Promise<DisclosureFacts> => {
      const again = await authorise({ studyId, signer });
      if (!again.allowed || toHex(again.content) !== newDocumentUniqueId) {
        const code = !again.allowed && again.reason === 'stale-view' ? 'VIEW_STALE' : 'GRANT_NOT_LIVE';
        await audit.refused(request, [document], code);
        throw new ExchangeError({ code }, 'the grant ended, or the study changed, before its turn came');
      }
      const { basis, standing, study } = again;
      if (standing === 'halted') options.onServedHalted?.();
      return { content: newDocumentUniqueId, era: study.grantSalts.length - 1, basis, standing };
    };
    if (part === 'manifest') {
      const manifest = encodeManifest(manifestOf(plan));
      return {
        kind: 'document',
        mimeType: MANIFEST_MIME_TYPE,
        newDocumentUniqueId,
        sizeBytes: manifest.length,
        async *open() {
          yield* audit.disclosed(request, document, await reauthorise(), once(manifest));
        },
      };
    }
    return {
      kind: 'document',
      mimeType: FILE_SET_MIME_TYPE,
      newDocumentUniqueId,
      sizeBytes: plan.zipBytes,
      async *open() {
        const facts = await reauthorise();
        yield* audit.disclosed(request, document, facts, streamFileSet(connector, studyInstanceUid, plan));
      },
    };
  };

  /** One event a code, as ITI-43 asks: a thousand refusals of one request are not a thousand records. */
  const recordRefusals = async (request: SignedRequest, answers: readonly Answer[]): Promise<void> => {
    const byCode = new Map<string, AuditedDocument[]>();
    for (const [index, answer] of answers.entries()) {
      const document = request.documents[index];
      if (answer.kind !== 'error' || document === undefined) continue;
      byCode.set(answer.errorCode, [...(byCode.get(answer.errorCode) ?? []), document]);
    }
    for (const [code, documents] of byCode) await audit.refused(request, documents, code);
  };

  return async (request) => {
    const answers: Answer[] = [];
    const isWithinLimit = options.isWithinLimit(request.signer);
    for (const document of request.documents) {
      if (!isWithinLimit) {
        answers.push(TOO_OFTEN);
        continue;
      }
      const answer: Answer =
        document.repositoryUniqueId === repositoryUniqueId
          ? await answerOne(request, document.documentUniqueId)
          : { kind: 'error', errorCode: 'XDSUnknownRepositoryId', codeContext: 'this repository has another id' };
      answers.push(answer);
    }
    await recordRefusals(request, answers);
    return answers;
  };
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}

async function* streamFileSet(
  connector: PacsConnector,
  studyInstanceUid: string,
  plan: FileSetPlan,
): AsyncIterable<Uint8Array> {
  const snapshot = await connector.openStudy(studyInstanceUid);
  try {
    yield* serveFileSet(plan, snapshot);
  } finally {
    await snapshot.close();
  }
}

const TOO_OFTEN: Answer = {
  kind: 'error',
  errorCode: 'XDSRepositoryBusy',
  codeContext: 'too many requests of this key; retry in a minute',
};

const BUSY: Answer = {
  kind: 'error',
  errorCode: 'XDSRepositoryBusy',
  codeContext: 'the view of the ledger is out of date; retry later',
};

function refusal(reason: 'stale-view' | 'refused'): Answer {
  if (reason === 'stale-view') return BUSY;
  return { kind: 'error', errorCode: 'XDSDocumentUniqueIdError', codeContext: 'not available' };
}
