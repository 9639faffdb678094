/** One text, one parse, one tree; and the few ways in which we look at it: by path, namespace and local name. */
import { type Attr, DOMParser, type Element, type Node, onWarningStopParsing, XMLSerializer } from '@xmldom/xmldom';
import { type Iti43Error, malformed } from './errors.js';
import { checkXmlTokens, type XmlLimits } from './xml-tokens.js';
import { isXmlText } from './xml-writer.js';

export type { Element } from '@xmldom/xmldom';

const ELEMENT_NODE = 1;
const TEXT_NODE = 3;
const CDATA_SECTION_NODE = 4;

/** An envelope as text and as the tree of that very text. */
export interface XmlDocument {
  readonly text: string;
  readonly root: Element;
}

/**
 * @throws {Iti43Error} `DOCTYPE_REFUSED` | `MALFORMED_MESSAGE` (part `xml`) | `MESSAGE_TOO_LARGE`
 */
export function parseXml(bytes: Uint8Array, limits: XmlLimits): XmlDocument {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw malformed('xml', 'encoding', 'the envelope must be UTF-8', cause);
  }
  checkXmlTokens(text, limits);
  let root: Element | null;
  try {
    root = new DOMParser({ onError: onWarningStopParsing, locator: false }).parseFromString(
      text,
      'text/xml',
    ).documentElement;
  } catch (cause) {
    throw malformed('xml', 'not-well-formed', 'the envelope is not well-formed XML', cause);
  }
  if (root === null) throw malformed('xml', 'not-well-formed', 'the envelope has no root element');
  return { text, root };
}

function nodesOf(parent: Node): Node[] {
  return Array.from(parent.childNodes);
}

function isElement(node: Node): node is Element {
  return node.nodeType === ELEMENT_NODE;
}

export function childElements(parent: Element): Element[] {
  return nodesOf(parent).filter(isElement);
}

export function isNamed(element: Element, namespace: string, localName: string): boolean {
  return element.namespaceURI === namespace && element.localName === localName;
}

export function childrenNamed(parent: Element, namespace: string, localName: string): Element[] {
  return childElements(parent).filter((child) => isNamed(child, namespace, localName));
}

/** Every element of the subtree, the given one first, in document order; iterative, so depth costs no stack. */
export function* descendantsAndSelf(element: Element): Generator<Element, void, undefined> {
  const waiting: Element[] = [element];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    yield next;
    waiting.push(...childElements(next).reverse());
  }
}

export function attributesOf(element: Element): Attr[] {
  return Array.from(element.attributes);
}

export function attribute(element: Element, localName: string, namespace: string | null = null): string | undefined {
  return attributesOf(element).find(
    (one) => (one.namespaceURI ?? null) === namespace && (one.localName ?? one.name) === localName,
  )?.value;
}

/**
 * The text of an element that holds nothing else: no child element, comment or processing instruction may split it, since
 * parsers disagree on what remains.
 * @param refuse - makes the error when there is more than text
 */
export function textOf(element: Element, refuse: () => Iti43Error): string {
  let text = '';
  for (const node of nodesOf(element)) {
    if (node.nodeType !== TEXT_NODE && node.nodeType !== CDATA_SECTION_NODE) throw refuse();
    text += node.nodeValue ?? '';
  }
  // A character reference can name what XML cannot carry; echoed, it would break our own answer.
  if (!isXmlText(text)) throw refuse();
  return text;
}

/** Whether white space, comments and the given elements are all that an element holds. */
export function holdsOnlyElements(element: Element): boolean {
  return nodesOf(element).every(
    (node) =>
      (node.nodeType !== TEXT_NODE && node.nodeType !== CDATA_SECTION_NODE) ||
      /^[ \t\r\n]*$/.test(node.nodeValue ?? ''),
  );
}

/** An element as a document of its own, with the namespaces that it uses. */
export function textOfNode(element: Element): string {
  return new XMLSerializer().serializeToString(element);
}
