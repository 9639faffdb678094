/** The Body of the response. Source: ITI TF-2, section 3.43.4.2 and 3.43.5; ITI TF-3, section 4.2.4. */
import type { DocumentDescription, RegistryError, ResponseStatus } from './document-set.js';
import { malformed } from './errors.js';
import { normalizeContentId } from './mtom-reader.js';
import { ns } from './namespaces.js';
import { readId } from './retrieve-request.js';
import { attribute, childElements, type Element, holdsOnlyElements, isNamed, textOf } from './xml-tree.js';
import { escapeAttribute, textElement } from './xml-writer.js';

const STATUS: Readonly<Record<ResponseStatus, string>> = {
  Success: 'urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success',
  // Its own prefix is not a slip: ITI TF-3, table 4.2.4.2-4.
  PartialSuccess: 'urn:ihe:iti:2007:ResponseStatusType:PartialSuccess',
  Failure: 'urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Failure',
};
const SEVERITY = 'urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:';

export interface OutgoingDocument extends DocumentDescription {
  /** Of the part that holds the content. */
  readonly contentId: string;
}

/** Where a document's content is: in a part of the package, or in the envelope itself. */
type ContentLocation =
  | { readonly kind: 'part'; readonly contentId: string }
  | { readonly kind: 'inline'; readonly bytes: Uint8Array };

export interface IncomingDocument extends DocumentDescription {
  readonly location: ContentLocation;
}

export interface RetrieveResponse {
  readonly status: ResponseStatus;
  readonly errors: readonly RegistryError[];
  readonly documents: readonly IncomingDocument[];
}

/** Success without errors, Failure without documents, PartialSuccess between. */
function statusOf(documents: number, errors: readonly RegistryError[]): ResponseStatus {
  if (!errors.some(({ severity }) => severity === 'Error')) return 'Success';
  return documents === 0 ? 'Failure' : 'PartialSuccess';
}

export function encodeRetrieveResponse(
  documents: readonly OutgoingDocument[],
  errors: readonly RegistryError[],
): string {
  return (
    `<xds:RetrieveDocumentSetResponse xmlns:xds="${ns.xds}">` +
    encodeRegistryResponse(statusOf(documents.length, errors), errors) +
    documents.map(encodeDocument).join('') +
    '</xds:RetrieveDocumentSetResponse>'
  );
}

function encodeRegistryResponse(status: ResponseStatus, errors: readonly RegistryError[]): string {
  const open = `<rs:RegistryResponse xmlns:rs="${ns.rs}" status="${STATUS[status]}">`;
  if (errors.length === 0) return `${open}</rs:RegistryResponse>`;
  const highest = errors.some(({ severity }) => severity === 'Error') ? 'Error' : 'Warning';
  const list = errors.map(
    ({ errorCode, codeContext, severity, location }) =>
      `<rs:RegistryError codeContext="${escapeAttribute(codeContext)}" errorCode="${escapeAttribute(errorCode)}"` +
      (location === undefined ? '' : ` location="${escapeAttribute(location)}"`) +
      ` severity="${SEVERITY}${severity}"></rs:RegistryError>`,
  );
  return (
    `${open}<rs:RegistryErrorList highestSeverity="${SEVERITY}${highest}">${list.join('')}</rs:RegistryErrorList>` +
    '</rs:RegistryResponse>'
  );
}

function encodeDocument(document: OutgoingDocument): string {
  const optional = (name: string, value: string | undefined): string =>
    value === undefined ? '' : textElement(name, value);
  return (
    '<xds:DocumentResponse>' +
    optional('xds:HomeCommunityId', document.homeCommunityId) +
    textElement('xds:RepositoryUniqueId', document.repositoryUniqueId) +
    textElement('xds:DocumentUniqueId', document.documentUniqueId) +
    optional('xds:NewRepositoryUniqueId', document.newRepositoryUniqueId) +
    optional('xds:NewDocumentUniqueId', document.newDocumentUniqueId) +
    textElement('xds:mimeType', document.mimeType) +
    `<xds:Document><xop:Include xmlns:xop="${ns.xop}" href="cid:${escapeAttribute(document.contentId)}"></xop:Include>` +
    '</xds:Document></xds:DocumentResponse>'
  );
}

/** Reads the Body's child. @throws {Iti43Error} `MALFORMED_MESSAGE` (part `body`) */
export function decodeRetrieveResponse(element: Element): RetrieveResponse {
  const [registryResponse, ...documentResponses] = childElements(element);
  if (
    !isNamed(element, ns.xds, 'RetrieveDocumentSetResponse') ||
    !holdsOnlyElements(element) ||
    registryResponse === undefined ||
    !isNamed(registryResponse, ns.rs, 'RegistryResponse')
  ) {
    throw malformed('body', 'element-order', 'a response begins with rs:RegistryResponse');
  }
  const status = (Object.keys(STATUS) as ResponseStatus[]).find(
    (name) => STATUS[name] === attribute(registryResponse, 'status'),
  );
  if (status === undefined) throw malformed('body', 'status', 'the status is none of ITI TF-3, table 4.2.4.2-4');
  const errors = decodeErrors(registryResponse);
  const documents = documentResponses.map(decodeDocument);
  if (status !== 'Success' && !errors.some(({ severity }) => severity === 'Error')) {
    throw malformed('body', 'status', 'a status other than Success needs an Error');
  }
  if (
    (status === 'Success' && errors.some(({ severity }) => severity === 'Error')) ||
    (status === 'Failure' && documents.length > 0)
  ) {
    throw malformed('body', 'status', 'the status contradicts the response');
  }
  return { status, errors, documents };
}

function decodeErrors(registryResponse: Element): RegistryError[] {
  return childElements(registryResponse)
    .filter((child) => isNamed(child, ns.rs, 'RegistryErrorList'))
    .flatMap(childElements)
    .map((error) => {
      const errorCode = attribute(error, 'errorCode');
      const codeContext = attribute(error, 'codeContext');
      const severity = attribute(error, 'severity') ?? `${SEVERITY}Error`;
      const location = attribute(error, 'location');
      if (!isNamed(error, ns.rs, 'RegistryError') || errorCode === undefined || codeContext === undefined) {
        throw malformed('body', 'registry-error', 'a RegistryError has errorCode and codeContext');
      }
      return {
        errorCode,
        codeContext,
        severity: severity === `${SEVERITY}Warning` ? 'Warning' : 'Error',
        ...(location === undefined ? {} : { location }),
      };
    });
}

const FIELDS = [
  ['HomeCommunityId', 'homeCommunityId', false],
  ['RepositoryUniqueId', 'repositoryUniqueId', true],
  ['DocumentUniqueId', 'documentUniqueId', true],
  ['NewRepositoryUniqueId', 'newRepositoryUniqueId', false],
  ['NewDocumentUniqueId', 'newDocumentUniqueId', false],
  ['mimeType', 'mimeType', true],
] as const;

function decodeDocument(element: Element): IncomingDocument {
  if (!isNamed(element, ns.xds, 'DocumentResponse') || !holdsOnlyElements(element)) {
    throw malformed('body', 'unknown-element', 'after RegistryResponse come DocumentResponse elements');
  }
  const children = childElements(element);
  const found: Partial<Record<(typeof FIELDS)[number][1], string>> = {};
  for (const [localName, field, required] of FIELDS) {
    const next = children[0];
    if (next !== undefined && isNamed(next, ns.xds, localName)) {
      found[field] = readId(next);
      children.shift();
    } else if (required) {
      throw malformed('body', 'element-order', `${localName} is missing or out of order`);
    }
  }
  const { repositoryUniqueId, documentUniqueId, mimeType } = found;
  const [content] = children;
  if (
    repositoryUniqueId === undefined ||
    documentUniqueId === undefined ||
    mimeType === undefined ||
    content === undefined ||
    children.length !== 1 ||
    !isNamed(content, ns.xds, 'Document')
  ) {
    throw malformed('body', 'element-order', 'a DocumentResponse ends with one Document');
  }
  return { ...found, repositoryUniqueId, documentUniqueId, mimeType, location: locate(content) };
}

/** XOP 1.0, section 2.1: an Include stands alone. Un-optimised base64 is legal too (ITI TF-2, V.8.2). */
function locate(content: Element): ContentLocation {
  const [include, ...more] = childElements(content);
  if (include === undefined) {
    const text = textOf(content, () => malformed('body', 'content', 'a Document holds base64 or an Include'));
    const base64 = text.replace(/[ \t\r\n]+/g, '');
    const bytes = Buffer.from(base64, 'base64');
    if (bytes.toString('base64') !== base64) throw malformed('body', 'base64', 'the Document is not canonical base64');
    return { kind: 'inline', bytes };
  }
  const href = attribute(include, 'href');
  if (more.length > 0 || !isNamed(include, ns.xop, 'Include') || !holdsOnlyElements(content)) {
    throw malformed('body', 'include', 'an Include stands alone in its Document');
  }
  if (href === undefined || !/^cid:/i.test(href))
    throw malformed('body', 'include-href', 'an Include names a cid: URL');
  const contentId = normalizeContentId(href.slice(4));
  if (contentId === undefined) throw malformed('body', 'include-href', 'an Include names a part');
  return { kind: 'part', contentId };
}
