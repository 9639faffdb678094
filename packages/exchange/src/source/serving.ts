/** What a source answers to ITI-43: the bridge from a verified request to the bytes of a study. */
import { manifestOf, serveFileSet } from '@radledger/imaging';
import type { Answer, SignedRequest } from '@radledger/iti43/server';
import { toHex } from '@radledger/primitives';
import { encodeManifest } from '@radledger/transactions';
import type { AuditedDocument } from '../audit/audit-event.js';
import { readDocumentUniqueId } from './authorise.js';
import type { OpenWithinLimits } from './reader-limits.js';
import type { RetrievalAudit } from './retrieval-audit.js';
import type { TransferPlaces } from './transfer-places.js';

export const FILE_SET_MIME_TYPE = 'application/zip';
export const MANIFEST_MIME_TYPE = 'application/octet-stream';

export interface ServingOptions {
  readonly repositoryUniqueId: string;
  readonly openStudy: OpenWithinLimits;
  readonly audit: RetrievalAudit;
  readonly places: TransferPlaces;
}

/** Answers the documents of a request in their order; each is authorised once more when its turn to be sent comes. */
export function createRetrieve(options: ServingOptions): (request: SignedRequest) => Promise<readonly Answer[]> {
  const { repositoryUniqueId, openStudy, audit, places } = options;

  const answerOne = async (
    request: SignedRequest,
    documentUniqueId: string,
    takePlace: () => ReturnType<TransferPlaces['take']>,
  ): Promise<Answer> => {
    const document = { documentUniqueId, repositoryUniqueId };
    const { studyId, part } = readDocumentUniqueId(documentUniqueId);
    const opened = await openStudy({ request, document, studyId, part, audit });
    if (opened === 'too-often') return TOO_OFTEN;
    if (opened === 'stale-view') return BUSY;
    if (opened === 'refused') return NOT_AVAILABLE;
    const close = await takePlace();
    if (close === undefined) return NO_PLACE;
    const { plan, content } = opened;
    const newDocumentUniqueId = toHex(content);
    if (part === 'manifest') {
      const manifest = encodeManifest(manifestOf(plan));
      return {
        kind: 'document',
        mimeType: MANIFEST_MIME_TYPE,
        newDocumentUniqueId,
        sizeBytes: manifest.length,
        open: () => opened.disclosed(() => once(manifest)),
        close,
      };
    }
    return {
      kind: 'document',
      mimeType: FILE_SET_MIME_TYPE,
      newDocumentUniqueId,
      sizeBytes: plan.zipBytes,
      open: () =>
        opened.disclosed(async function* (openSnapshot) {
          yield* serveFileSet(plan, await openSnapshot());
        }, plan.zipBytes),
      close,
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
    // The documents of one request are sent one after the other: they share a place, which is free again when the response is over.
    let place: ReturnType<TransferPlaces['take']> | undefined;
    try {
      for (const document of request.documents) {
        const answer: Answer =
          document.repositoryUniqueId === repositoryUniqueId
            ? await answerOne(request, document.documentUniqueId, () => (place ??= places.take(request.signer)))
            : { kind: 'error', errorCode: 'XDSUnknownRepositoryId', codeContext: 'this repository has another id' };
        answers.push(answer);
      }
      await recordRefusals(request, answers);
      return answers;
    } catch (error) {
      (await place)?.();
      throw error;
    }
  };
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}

const TOO_OFTEN: Answer = {
  kind: 'error',
  errorCode: 'XDSRepositoryBusy',
  codeContext: 'too many documents for this key or address; retry in a minute',
};
const NO_PLACE: Answer = {
  kind: 'error',
  errorCode: 'XDSRepositoryBusy',
  codeContext: 'too many transfers are under way for this key, or in all; retry later',
};
const BUSY: Answer = {
  kind: 'error',
  errorCode: 'XDSRepositoryBusy',
  codeContext: 'the view of the ledger is out of date; retry later',
};
const NOT_AVAILABLE: Answer = { kind: 'error', errorCode: 'XDSDocumentUniqueIdError', codeContext: 'not available' };
