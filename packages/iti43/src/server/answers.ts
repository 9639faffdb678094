/** Turns decisions into the two halves of a response. Source: docs/spec/iti-43.md, section 5. */
import { parseContentType } from '@radledger/multipart';
import type { DocumentReference, RegistryError, RegistryErrorCode } from '../document-set.js';
import { ID_LENGTH_MAX } from '../document-set.js';
import { type OutgoingPart, freshContentId } from '../mtom-writer.js';
import type { OutgoingDocument } from '../retrieve-response.js';
import { isXmlText } from '../xml-writer.js';
import type { Answer, DocumentAnswer } from './contract.js';

/**
 * Said of a study that is unknown here, that was never granted to the signer, and whose grant ended: in these words
 * and no others, so that nobody learns which it is.
 */
export const NOT_AVAILABLE = 'The document is not available, or the requester is not authorized to retrieve it.';

const UNKNOWN_REPOSITORY = 'The repositoryUniqueId is not the one of this repository.';
const FAILED = 'The repository could not process the request.';

export interface Response {
  readonly documents: readonly OutgoingDocument[];
  readonly parts: readonly OutgoingPart[];
  readonly errors: readonly RegistryError[];
}

/**
 * Puts the answers of one repository and the references to others back into the order of the request.
 * @param answers - one for each reference that names `repositoryUniqueId`; undefined when there was no deciding
 */
export function assembleResponse(
  requested: readonly DocumentReference[],
  repositoryUniqueId: string,
  answers: readonly Answer[] | undefined,
): Response {
  const documents: OutgoingDocument[] = [];
  const parts: OutgoingPart[] = [];
  const errors: RegistryError[] = [];
  const waiting = answers?.slice();
  for (const reference of requested) {
    if (reference.repositoryUniqueId !== repositoryUniqueId) {
      errors.push(registryError(reference, 'XDSUnknownRepositoryId', UNKNOWN_REPOSITORY));
      continue;
    }
    const answer = waiting?.shift();
    if (answer === undefined || (answer.kind === 'document' && !isSendable(answer))) {
      errors.push(registryError(reference, 'XDSRepositoryError', FAILED));
    } else if (answer.kind === 'error') {
      errors.push(registryError(reference, answer.errorCode, answer.codeContext));
    } else {
      const contentId = freshContentId();
      const { mimeType, newDocumentUniqueId, sizeBytes } = answer;
      documents.push({
        ...reference,
        mimeType,
        contentId,
        ...(newDocumentUniqueId === undefined ? {} : { newDocumentUniqueId }),
      });
      parts.push({
        contentId,
        mimeType,
        ...(sizeBytes === undefined ? {} : { sizeBytes }),
        open: () => answer.open(),
      });
    }
  }
  return { documents, parts, errors };
}

function registryError(
  { documentUniqueId }: DocumentReference,
  errorCode: RegistryErrorCode,
  codeContext: string,
): RegistryError {
  return {
    errorCode,
    codeContext:
      errorCode === 'XDSDocumentUniqueIdError' ? NOT_AVAILABLE : isXmlText(codeContext) ? codeContext : FAILED,
    severity: 'Error',
    location: documentUniqueId,
  };
}

/** Both values go into headers and schema-bound elements; a slip of the caller must not become a header of its own. */
function isSendable({ mimeType, newDocumentUniqueId }: DocumentAnswer): boolean {
  return (
    mimeType.length <= ID_LENGTH_MAX &&
    /^[\x20-\x7e]+$/.test(mimeType) &&
    parseContentType(mimeType) !== undefined &&
    (newDocumentUniqueId === undefined ||
      (newDocumentUniqueId.length >= 1 &&
        newDocumentUniqueId.length <= ID_LENGTH_MAX &&
        isXmlText(newDocumentUniqueId)))
  );
}
