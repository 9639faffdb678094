/**
 * One linear pass over an XML text before any parser sees it: what SOAP 1.2 forbids or a parser may choke on is refused
 * by its token. Source: SOAP 1.2 part 1, section 5 (no DTD, no processing instruction); docs/spec/iti-43.md, section 4.
 */
import { Iti43Error, malformed } from './errors.js';

export interface XmlLimits {
  /** Deepest nesting of elements. */
  readonly depthMax: number;
  /** Most elements. */
  readonly elementsMax: number;
  /** Most attributes of one element, namespace declarations included. */
  readonly attributesMax: number;
  /** Most attributes in all. */
  readonly attributesTotalMax: number;
}

/** Room for 1000 references and a SAML assertion. Tighter than a response: whoever has a key can make us walk this tree. */
export const requestLimits: XmlLimits = {
  depthMax: 64,
  elementsMax: 5000,
  attributesMax: 64,
  attributesTotalMax: 1000,
};

/** Room for 1000 documents or errors. */
export const responseLimits: XmlLimits = {
  depthMax: 64,
  elementsMax: 20_000,
  attributesMax: 64,
  attributesTotalMax: 20_000,
};

const ENTITY = /&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});)/;
const DECLARATION = /^<\?xml[ \t\r\n][^?]*\?>/;
const FOREIGN_ENCODING = /[ \t\r\n]encoding[ \t\r\n]*=[ \t\r\n]*["'](?!utf-8["']|us-ascii["'])/i;

/**
 * Checks tokens, not well-formedness: the parser does that.
 * @throws {Iti43Error} `DOCTYPE_REFUSED` | `MALFORMED_MESSAGE` (part `xml`) | `MESSAGE_TOO_LARGE`
 */
export function checkXmlTokens(text: string, limits: XmlLimits): void {
  let at = 0;
  const declaration = DECLARATION.exec(text)?.[0];
  if (declaration !== undefined) {
    if (FOREIGN_ENCODING.test(declaration)) throw malformed('xml', 'encoding', 'the envelope must be UTF-8');
    at = declaration.length;
  }
  let depth = 0;
  let elements = 0;
  let attributes = 0;
  for (;;) {
    const start = text.indexOf('<', at);
    checkEntities(text.slice(at, start < 0 ? text.length : start));
    if (start < 0) return;
    at = start;
    if (text.startsWith('<!--', at)) {
      at = after(text, '-->', at + 4);
    } else if (text.startsWith('<![CDATA[', at)) {
      at = after(text, ']]>', at + 9);
    } else if (text[at + 1] === '!') {
      throw new Iti43Error({ code: 'DOCTYPE_REFUSED' }, 'a SOAP message has no document type declaration');
    } else if (text[at + 1] === '?') {
      throw malformed('xml', 'processing-instruction', 'a SOAP message has no processing instruction');
    } else if (text[at + 1] === '/') {
      depth--;
      at = after(text, '>', at + 2);
    } else {
      const tag = endOfStartTag(text, at + 1, limits.attributesMax);
      elements++;
      attributes += tag.attributes;
      if (attributes > limits.attributesTotalMax) throw tooMuch('attributesTotalMax', limits.attributesTotalMax);
      if (elements > limits.elementsMax) throw tooMuch('elementsMax', limits.elementsMax);
      if (!tag.empty) depth++;
      if (depth > limits.depthMax) throw tooMuch('depthMax', limits.depthMax);
      checkEntities(text.slice(at, tag.end));
      at = tag.end;
    }
  }
}

function checkEntities(text: string): void {
  if (ENTITY.test(text)) {
    throw new Iti43Error({ code: 'DOCTYPE_REFUSED' }, 'only the five predefined entities and character references');
  }
}

function endOfStartTag(
  text: string,
  from: number,
  attributesMax: number,
): { end: number; empty: boolean; attributes: number } {
  let attributes = 0;
  for (let at = from; at < text.length; at++) {
    const character = text[at];
    if (character === '>') return { end: at + 1, empty: text[at - 1] === '/', attributes };
    if (character === '<') break;
    if (character === '"' || character === "'") {
      attributes++;
      if (attributes > attributesMax) throw tooMuch('attributesMax', attributesMax);
      at = after(text, character, at + 1) - 1;
    }
  }
  throw malformed('xml', 'not-well-formed', 'a tag is not closed');
}

function after(text: string, token: string, from: number): number {
  const at = text.indexOf(token, from);
  if (at < 0) throw malformed('xml', 'not-well-formed', `${token} is missing`);
  return at + token.length;
}

function tooMuch(limit: string, max: number): Iti43Error {
  return new Iti43Error({ code: 'MESSAGE_TOO_LARGE', limit, max }, `the envelope exceeds ${limit} = ${max}`);
}
