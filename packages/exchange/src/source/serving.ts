/** What a source answers to ITI-43: the bridge from a verified request to the bytes of a study. */
import { ImagingError, manifestOf, serveFileSet } from '@radledger/imaging';
import type { Answer, DocumentRepositoryOptions, ErrorAnswer, SignedRequest } from '@radledger/iti43/server';
import { toHex } from '@radledger/primitives';
import { encodeManifest } from '@radledger/transactions';
import type { AuditedDocument } from '../audit/audit-event.js';
import { readDocumentUniqueId } from './authorise.js';
import type { OpenedStudy } from './open-study.js';
import type { OpenWithinLimits } from './reader-limits.js';
import type { DisclosedPart, RetrievalAudit } from './retrieval-audit.js';
import type { TransferPlaces } from './transfer-places.js';

export const FILE_SET_MIME_TYPE = 'application/zip';
export const MANIFEST_MIME_TYPE = 'application/octet-stream';

export interface ServingOptions {
  readonly repositoryUniqueId: string;
  readonly openStudy: OpenWithinLimits;
  readonly audit: RetrievalAudit;
  readonly places: TransferPlaces;
  /** Told why the archive did not give a study. */
  readonly onFailure: (error: unknown) => void;
}

/** Answers the documents of a request in their order; each is authorised once more when its turn to be sent comes. */
export function createRetrieve(options: ServingOptions): DocumentRepositoryOptions['retrieve'] {
  const { repositoryUniqueId, openStudy, audit, places, onFailure } = options;

  /** @param promise - what is still in the way of an answer, else what ends it */
  const answerOne = async (
    request: SignedRequest,
    documentUniqueId: string,
    promise: (opened: OpenedStudy, part: DisclosedPart) => Promise<ErrorAnswer | (() => void)>,
  ): Promise<Answer> => {
    const document = { documentUniqueId, repositoryUniqueId };
    const { studyId, part } = readDocumentUniqueId(documentUniqueId);
    const opened = await openStudy({ request, document, studyId, part, audit });
    if (opened === 'too-often') return TOO_OFTEN;
    if (opened === 'stale-view') return BUSY;
    if (opened === 'refused') return NOT_AVAILABLE;
    const close = await promise(opened, part);
    if (typeof close === 'object') return close;
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

  /**
   * The documents of one request are sent one after the other: they share a place, and the archive is asked for the first of them only,
   * so that one that is down is told of in the answer.
   */
  const promiseFor = (request: SignedRequest, gone: AbortSignal | undefined) => {
    let place: ReturnType<TransferPlaces['take']> | undefined;
    let archive: 'unknown' | 'answers' | 'fails' = 'unknown';
    return {
      promise: async (opened: OpenedStudy, part: DisclosedPart): Promise<ErrorAnswer | (() => void)> => {
        place ??= places.take(request.signer, gone);
        const close = await place;
        if (gone?.aborted) return GONE;
        if (close === undefined) return NO_PLACE;
        if (part === 'manifest' || archive === 'answers') return close;
        if (archive === 'fails') return NOT_GIVEN;
        try {
          await opened.reach();
          archive = 'answers';
          return close;
        } catch (error) {
          onFailure(error);
          if (!isOfOneStudy(error)) archive = 'fails';
          return NOT_GIVEN;
        }
      },
      giveBack: async (): Promise<void> => {
        (await place)?.();
      },
    };
  };

  /** One event a code, as ITI-43 asks: a thousand refusals of one request are not a thousand records. */
  const recordRefusals = async (request: SignedRequest, answers: readonly Answer[]): Promise<void> => {
    const byCode = new Map<string, AuditedDocument[]>();
    for (const [index, answer] of answers.entries()) {
      const document = request.documents[index];
      if (answer.kind !== 'error' || answer === GONE || document === undefined) continue;
      byCode.set(answer.errorCode, [...(byCode.get(answer.errorCode) ?? []), document]);
    }
    for (const [code, documents] of byCode) await audit.refused(request, documents, code);
  };

  return async (request, gone) => {
    const answers: Answer[] = [];
    const { promise, giveBack } = promiseFor(request, gone);
    let isPromised = false;
    try {
      for (const document of request.documents) {
        const answer: Answer =
          document.repositoryUniqueId === repositoryUniqueId
            ? await answerOne(request, document.documentUniqueId, promise)
            : { kind: 'error', errorCode: 'XDSUnknownRepositoryId', codeContext: 'this repository has another id' };
        answers.push(answer);
      }
      await recordRefusals(request, answers);
      isPromised = answers.some(({ kind }) => kind === 'document');
      return answers;
    } finally {
      if (!isPromised) await giveBack();
    }
  };
}

/** Whether another study of the same archive may be there all the same. */
function isOfOneStudy(error: unknown): boolean {
  return error instanceof ImagingError && !/^(?:ARCHIVE|FOLDER)_/.test(error.code);
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}

const TOO_OFTEN: ErrorAnswer = {
  kind: 'error',
  errorCode: 'XDSRepositoryBusy',
  codeContext: 'too many documents for this key or address; retry in a minute',
};
const NO_PLACE: ErrorAnswer = {
  kind: 'error',
  errorCode: 'XDSRepositoryBusy',
  codeContext: 'too many transfers are under way for this key, or in all; retry later',
};
/** Nobody is told this, and it is no refusal. */
const GONE: ErrorAnswer = { kind: 'error', errorCode: 'XDSRepositoryError', codeContext: 'the requester has gone' };
const NOT_GIVEN: ErrorAnswer = {
  kind: 'error',
  errorCode: 'XDSRepositoryError',
  codeContext: 'the archive does not give the study now; retry later',
};
const BUSY: ErrorAnswer = {
  kind: 'error',
  errorCode: 'XDSRepositoryBusy',
  codeContext: 'the view of the ledger is out of date; retry later',
};
const NOT_AVAILABLE: ErrorAnswer = {
  kind: 'error',
  errorCode: 'XDSDocumentUniqueIdError',
  codeContext: 'not available',
};
