/** SOAP 1.2 envelopes with WS-Addressing headers. Source: SOAP 1.2 part 1, section 5; WS-Addressing 1.0; ITI TF-2, V.3. */
import { randomUUID } from 'node:crypto';
import { ID_LENGTH_MAX } from './document-set.js';
import { Iti43Error, malformed } from './errors.js';
import { ANONYMOUS_ADDRESS, ns } from './namespaces.js';
import {
  attribute,
  childElements,
  childrenNamed,
  type Element,
  holdsOnlyElements,
  isNamed,
  textOf,
  type XmlDocument,
} from './xml-tree.js';
import { textElement } from './xml-writer.js';

export interface Envelope {
  /** The header blocks, in order; none when there is no Header. */
  readonly blocks: readonly Element[];
  readonly body: Element;
  /** The one child of the Body. */
  readonly payload: Element;
}

/**
 * Finds Header and Body by their path: a namesake elsewhere is nobody's Body.
 * @throws {Iti43Error} `NOT_SOAP_12` | `MALFORMED_MESSAGE` (part `envelope`)
 */
export function readEnvelope({ root }: XmlDocument): Envelope {
  if (root.localName !== 'Envelope') throw malformed('envelope', 'root', 'the root element is soap:Envelope');
  if (root.namespaceURI !== ns.soap)
    throw new Iti43Error({ code: 'NOT_SOAP_12' }, `the envelope must be in ${ns.soap}`);
  const children = childElements(root);
  const header = children.length === 2 ? children[0] : undefined;
  const body = children.at(-1);
  if (
    children.length > 2 ||
    body === undefined ||
    !isNamed(body, ns.soap, 'Body') ||
    (header !== undefined && !isNamed(header, ns.soap, 'Header')) ||
    !holdsOnlyElements(root)
  ) {
    throw malformed('envelope', 'header-body', 'an Envelope holds one Header at most, then one Body, and nothing else');
  }
  const [payload, ...more] = childElements(body);
  if (payload === undefined || more.length > 0 || !holdsOnlyElements(body)) {
    throw malformed('envelope', 'one-payload', 'the Body holds one element');
  }
  return { blocks: header === undefined ? [] : childElements(header), body, payload };
}

/**
 * SOAP 1.2 part 1, section 2.4: a mandatory header block that we do not know ends the processing.
 * Understood are all of WS-Addressing and wsse:Security.
 * @throws {Iti43Error} `HEADER_NOT_UNDERSTOOD`
 */
export function checkUnderstood(blocks: readonly Element[]): void {
  for (const block of blocks) {
    const mandatory = /^(1|true)$/.test((attribute(block, 'mustUnderstand', ns.soap) ?? '0').trim());
    const forNobody = attribute(block, 'role', ns.soap) === `${ns.soap}/role/none`;
    const known = block.namespaceURI === ns.wsa || isNamed(block, ns.wsse, 'Security');
    if (mandatory && !forNobody && !known) {
      const [namespace, localName] = [block.namespaceURI ?? '', block.localName ?? ''];
      if (namespace === '') throw malformed('envelope', 'header-namespace', 'a header block has a namespace');
      throw new Iti43Error(
        { code: 'HEADER_NOT_UNDERSTOOD', namespace, localName },
        'a mandatory header is not understood',
      );
    }
  }
}

export interface Addressing {
  readonly action: Element | undefined;
  readonly messageId: Element | undefined;
  readonly to: Element | undefined;
  readonly replyTo: Element | undefined;
  readonly faultTo: Element | undefined;
  readonly from: Element | undefined;
  readonly relatesTo: readonly Element[];
}

/** WS-Addressing 1.0 SOAP Binding, section 3. @throws {Iti43Error} `ADDRESSING_HEADER_REPEATED` */
export function readAddressing(blocks: readonly Element[]): Addressing {
  const find = (localName: string): Element | undefined => {
    const [first, ...more] = blocks.filter((block) => isNamed(block, ns.wsa, localName));
    if (more.length > 0) {
      throw new Iti43Error({ code: 'ADDRESSING_HEADER_REPEATED', header: localName }, `wsa:${localName} stands once`);
    }
    return first;
  };
  return {
    action: find('Action'),
    messageId: find('MessageID'),
    to: find('To'),
    replyTo: find('ReplyTo'),
    faultTo: find('FaultTo'),
    from: find('From'),
    relatesTo: blocks.filter((block) => isNamed(block, ns.wsa, 'RelatesTo')),
  };
}

/** The value of a header that must be there; white space around a URI does not count (xs:anyURI). */
export function addressingValue(element: Element | undefined, header: string): string {
  if (element === undefined) {
    throw new Iti43Error({ code: 'ADDRESSING_HEADER_REQUIRED', header }, `wsa:${header} is missing`);
  }
  const value = textOf(element, () =>
    malformed('addressing', 'header-not-text', 'a message property is plain text'),
  ).trim();
  if (value === '' || value.length > Math.max(ID_LENGTH_MAX, 2048)) {
    throw malformed('addressing', 'header-length', 'a message property is not empty and of sane length');
  }
  return value;
}

/** MessageIDs are opaque: urn:uuid:, uuid: and bare UUIDs are all in use. */
export function messageIdValue(element: Element | undefined): string {
  const value = addressingValue(element, 'MessageID');
  if (value.length > ID_LENGTH_MAX) {
    throw malformed('addressing', 'header-length', `a MessageID has at most ${ID_LENGTH_MAX} characters`);
  }
  return value;
}

/** A reply anywhere else would be a way to make us send patient data to a stranger. @throws `ONLY_ANONYMOUS_ADDRESS` */
export function checkAnonymous(endpoint: Element | undefined, header: string): void {
  if (endpoint === undefined) return;
  const [address, ...more] = childrenNamed(endpoint, ns.wsa, 'Address');
  if (address === undefined || more.length > 0 || addressingValue(address, header) !== ANONYMOUS_ADDRESS) {
    throw new Iti43Error({ code: 'ONLY_ANONYMOUS_ADDRESS', header }, `wsa:${header} must be anonymous`);
  }
}

export function freshMessageId(): string {
  return `urn:uuid:${randomUUID()}`;
}

/** An unsigned envelope: what a repository answers. `extraHeaders` and `payload` are XML that declares its own prefixes. */
export function writeEnvelope(message: {
  readonly action: string;
  readonly relatesTo: string | undefined;
  readonly extraHeaders?: string;
  readonly payload: string;
}): Uint8Array {
  return Buffer.from(
    `<soap:Envelope xmlns:soap="${ns.soap}" xmlns:wsa="${ns.wsa}"><soap:Header>${message.extraHeaders ?? ''}` +
      `<wsa:Action soap:mustUnderstand="1">${message.action}</wsa:Action>` +
      textElement('wsa:MessageID', freshMessageId()) +
      (message.relatesTo === undefined ? '' : textElement('wsa:RelatesTo', message.relatesTo)) +
      `${textElement('wsa:To', ANONYMOUS_ADDRESS)}</soap:Header><soap:Body>${message.payload}</soap:Body></soap:Envelope>`,
  );
}
