/** The Body of the request. Source: ITI TF-2, section 3.43.4.1; schema XDS.b_DocumentRepository.xsd. */
import { DOCUMENTS_MAX, type DocumentReference, ID_LENGTH_MAX } from './document-set.js';
import { Iti43Error, malformed } from './errors.js';
import { ns } from './namespaces.js';
import { childElements, type Element, holdsOnlyElements, isNamed, textOf } from './xml-tree.js';
import { isXmlText, textElement } from './xml-writer.js';

/** Writes `xds:RetrieveDocumentSetRequest` in canonical form. @throws {Iti43Error} `INVALID_ARGUMENT` */
export function encodeRetrieveRequest(documents: readonly DocumentReference[]): string {
  if (documents.length < 1 || documents.length > DOCUMENTS_MAX) throw invalid(`documents (1 to ${DOCUMENTS_MAX})`);
  const requests = documents.map(
    ({ homeCommunityId, repositoryUniqueId, documentUniqueId }) =>
      '<xds:DocumentRequest>' +
      (homeCommunityId === undefined ? '' : idElement('HomeCommunityId', homeCommunityId)) +
      idElement('RepositoryUniqueId', repositoryUniqueId) +
      idElement('DocumentUniqueId', documentUniqueId) +
      '</xds:DocumentRequest>',
  );
  return `<xds:RetrieveDocumentSetRequest xmlns:xds="${ns.xds}">${requests.join('')}</xds:RetrieveDocumentSetRequest>`;
}

function idElement(localName: string, id: string): string {
  if (id.length < 1 || id.length > ID_LENGTH_MAX || !isXmlText(id)) throw invalid(localName);
  return textElement(`xds:${localName}`, id);
}

function invalid(argument: string): Iti43Error {
  return new Iti43Error({ code: 'INVALID_ARGUMENT', argument }, `${argument} is outside its range`);
}

/** Reads the Body's child. @throws {Iti43Error} `MALFORMED_MESSAGE` (part `body`) | `MESSAGE_TOO_LARGE` */
export function decodeRetrieveRequest(element: Element): DocumentReference[] {
  const requests = childElements(element);
  if (!holdsOnlyElements(element) || requests.length === 0) throw malformed('body', 'empty', 'no DocumentRequest');
  if (requests.length > DOCUMENTS_MAX) {
    throw new Iti43Error(
      { code: 'MESSAGE_TOO_LARGE', limit: 'documentsMax', max: DOCUMENTS_MAX },
      `a request names at most ${DOCUMENTS_MAX} documents`,
    );
  }
  return requests.map((request) => {
    if (!isNamed(request, ns.xds, 'DocumentRequest') || !holdsOnlyElements(request)) {
      throw malformed('body', 'unknown-element', 'a request holds DocumentRequest elements only');
    }
    const fields = childElements(request);
    const home = fields[0] !== undefined && isNamed(fields[0], ns.xds, 'HomeCommunityId') ? fields.shift() : undefined;
    const [repository, document] = fields;
    if (
      fields.length !== 2 ||
      repository === undefined ||
      document === undefined ||
      !isNamed(repository, ns.xds, 'RepositoryUniqueId') ||
      !isNamed(document, ns.xds, 'DocumentUniqueId')
    ) {
      throw malformed('body', 'element-order', 'HomeCommunityId?, RepositoryUniqueId, DocumentUniqueId, in this order');
    }
    return {
      repositoryUniqueId: readId(repository),
      documentUniqueId: readId(document),
      ...(home === undefined ? {} : { homeCommunityId: readId(home) }),
    };
  });
}

/** An id: text only, 1 to 256 characters, exactly as it stands. */
export function readId(element: Element): string {
  const id = textOf(element, () => malformed('body', 'id-not-text', 'an id is plain text, without comments'));
  if (id.length < 1 || id.length > ID_LENGTH_MAX) {
    throw malformed('body', 'id-length', `an id has 1 to ${ID_LENGTH_MAX} characters`);
  }
  return id;
}
