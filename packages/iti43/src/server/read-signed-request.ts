/** From bytes to a request that may be acted on. Order and reasons: docs/spec/iti-43.md, section 4. */
import type { SignedPart } from '../errors.js';
import { Iti43Error } from '../errors.js';
import {
  type Addressing,
  addressingValue,
  checkAnonymous,
  checkUnderstood,
  type Envelope,
  messageIdValue,
  readAddressing,
  readEnvelope,
} from '../envelope.js';
import { action, ns } from '../namespaces.js';
import { decodeRetrieveRequest } from '../retrieve-request.js';
import {
  attribute,
  attributesOf,
  childElements,
  childrenNamed,
  descendantsAndSelf,
  type Element,
  isNamed,
  parseXml,
  textOf,
  textOfNode,
} from '../xml-tree.js';
import { requestLimits } from '../xml-tokens.js';
import type { ReadSignedRequestOptions, SignedRequest } from './contract.js';
import { type ReadSignature, readSignature, verifySignature } from './xml-signature.js';

/** Largest envelope: room for 1000 references. */
export const ENVELOPE_BYTES_MAX = 768 * 1024;

/** Clocks may differ by this much. */
export const CLOCK_SKEW_MS = 300_000;

/** Longest time between Created and Expires. */
export const LIFETIME_MAX_MS = 300_000;

/**
 * Reads and verifies one signed request envelope. Replay and grants are the caller's: it resolves the same each time.
 * @throws {Iti43Error} with the code of the first rule that is broken; `UNKNOWN_REPOSITORY` comes last and carries the
 *   verified signer, messageId and documents
 */
export async function readSignedRequest(
  envelope: Uint8Array,
  options: ReadSignedRequestOptions,
): Promise<SignedRequest> {
  // 1 to 3: size, tokens that have no place here, then one parse; the tree below is the only one that is read.
  if (envelope.length > ENVELOPE_BYTES_MAX) {
    throw new Iti43Error(
      { code: 'MESSAGE_TOO_LARGE', limit: 'envelopeBytesMax', max: ENVELOPE_BYTES_MAX },
      'the envelope is too large',
    );
  }
  const document = parseXml(envelope, requestLimits);

  // 4: one of each, each found by its path.
  const soap = readEnvelope(document);
  checkUnderstood(soap.blocks);
  const addressing = readAddressing(soap.blocks);
  checkAction(addressing, soap.payload);
  checkAnonymous(addressing.replyTo, 'ReplyTo');
  checkAnonymous(addressing.faultTo, 'FaultTo');
  checkAnonymous(addressing.from, 'From');
  const security = locateSecurity(document.root, soap);
  const assertion = security.assertion && textOfNode(security.assertion);

  // 5: no Id twice, in any spelling.
  refuseDuplicateIds(document.root);

  // 6 and 7: the allowed algorithms only, values of text only.
  const signature = readSignature(security.signature);

  // 8: what is required is referenced, and nothing else is.
  const signed = locateSignedParts(signature, {
    Body: soap.body,
    Timestamp: security.timestamp,
    To: addressing.to,
    Action: addressing.action,
    MessageID: addressing.messageId,
    ReplyTo: addressing.replyTo,
    FaultTo: addressing.faultTo,
    From: addressing.from,
  });

  // 9: every value that is used is plain text.
  const messageId = messageIdValue(addressing.messageId);
  const to = addressingValue(addressing.to, 'To');
  const documents = decodeRetrieveRequest(soap.payload);
  const { createdMs, expiresMs } = readTimestamp(security.timestamp);

  // 10: the signature holds, and it holds for these very nodes.
  await verifySignature(document, signature, signed);

  // 11: here, and now.
  checkTime(createdMs, expiresMs, options.now.getTime());
  if (to !== options.endpointUrl) {
    throw new Iti43Error({ code: 'WRONG_ENDPOINT' }, 'wsa:To is not the URL of this repository');
  }
  const request: SignedRequest = {
    signer: signature.signer,
    messageId,
    documents,
    ...(assertion === undefined ? {} : { assertion }),
  };
  if (!documents.some(({ repositoryUniqueId }) => repositoryUniqueId === options.repositoryUniqueId)) {
    throw new Iti43Error({ code: 'UNKNOWN_REPOSITORY', ...request }, 'no DocumentRequest names this repository');
  }
  return request;
}

/** The MessageID of an envelope, as far as it can be read: a Fault relates to it whatever else is wrong. */
export function messageIdOf(envelope: Uint8Array): string | undefined {
  try {
    return messageIdValue(readAddressing(readEnvelope(parseXml(envelope, requestLimits)).blocks).messageId);
  } catch {
    return undefined;
  }
}

function checkAction(addressing: Addressing, payload: Element): void {
  const named = addressingValue(addressing.action, 'Action');
  if (named !== action.request || !isNamed(payload, ns.xds, 'RetrieveDocumentSetRequest')) {
    throw new Iti43Error(
      { code: 'ACTION_NOT_SUPPORTED', action: named.slice(0, 256) },
      `the Action is ${action.request}, and the Body holds its request`,
    );
  }
}

interface LocatedSecurity {
  readonly timestamp: Element;
  readonly signature: Element;
  readonly assertion: Element | undefined;
}

function locateSecurity(root: Element, soap: Envelope): LocatedSecurity {
  const securities = soap.blocks.filter((block) => isNamed(block, ns.wsse, 'Security'));
  const [security] = securities;
  const [assertion, ...moreAssertions] = security === undefined ? [] : childrenNamed(security, ns.saml, 'Assertion');
  // An identity provider signs its assertion: that signature is the assertion's own, and never looked at here.
  const foreign = new Set(assertion === undefined ? [] : descendantsAndSelf(assertion));
  const count = (namespace: string, localName: string): number => {
    let found = 0;
    for (const element of descendantsAndSelf(root)) {
      if (isNamed(element, namespace, localName) && !(namespace === ns.ds && foreign.has(element))) found++;
    }
    return found;
  };
  if (moreAssertions.length > 0) {
    throw new Iti43Error({ code: 'SIGNATURE_STRUCTURE', rule: 'assertion' }, 'there is at most one assertion');
  }
  if (security === undefined || count(ns.ds, 'Signature') === 0) {
    throw new Iti43Error({ code: 'SIGNATURE_MISSING' }, 'the request must be signed in wsse:Security');
  }
  for (const [namespace, localName] of [
    [ns.soap, 'Header'],
    [ns.soap, 'Body'],
    [ns.wsse, 'Security'],
    [ns.wsu, 'Timestamp'],
    [ns.ds, 'Signature'],
    [ns.ds, 'SignedInfo'],
  ] as const) {
    if (count(namespace, localName) !== 1) {
      throw new Iti43Error({ code: 'SIGNATURE_STRUCTURE', rule: 'one-of-each' }, `there is one ${localName}, no more`);
    }
  }
  const [timestamp] = childrenNamed(security, ns.wsu, 'Timestamp');
  const [signature] = childrenNamed(security, ns.ds, 'Signature');
  if (timestamp === undefined || signature === undefined) {
    throw new Iti43Error(
      { code: 'SIGNATURE_STRUCTURE', rule: 'place' },
      'Timestamp and Signature are in wsse:Security',
    );
  }
  return { timestamp, signature, assertion };
}

function refuseDuplicateIds(root: Element): void {
  const seen = new Set<string>();
  for (const element of descendantsAndSelf(root)) {
    for (const one of attributesOf(element)) {
      if ((one.localName ?? one.name).toLowerCase() !== 'id') continue;
      if (seen.has(one.value)) throw new Iti43Error({ code: 'DUPLICATE_ID' }, 'an Id stands once in a message');
      seen.add(one.value);
    }
  }
}

const REQUIRED: readonly SignedPart[] = ['Body', 'Timestamp', 'To', 'Action', 'MessageID'];

/** The element behind each reference, in the order of the references; found from our side, by path, not from theirs. */
function locateSignedParts(
  { references }: ReadSignature,
  parts: Readonly<Record<SignedPart, Element | undefined>>,
): Element[] {
  const byId = new Map<string, Element>();
  for (const name of Object.keys(parts) as SignedPart[]) {
    const element = parts[name];
    if (element === undefined) {
      // Only To and MessageID can be absent here, of those that must be signed.
      if (REQUIRED.includes(name)) addressingValue(undefined, name);
      continue;
    }
    const id = attribute(element, 'Id', ns.wsu);
    const referenced = id !== undefined && references.some((reference) => reference.id === id);
    if (id !== undefined && referenced) {
      byId.set(id, element);
    } else if (REQUIRED.includes(name) || name === 'ReplyTo') {
      throw new Iti43Error({ code: 'PART_NOT_SIGNED', signedPart: name }, `the signature must cover ${name}`);
    }
  }
  const located: Element[] = [];
  for (const { id } of references) {
    const element = byId.get(id);
    if (element === undefined) {
      throw new Iti43Error({ code: 'REFERENCE_REFUSED', rule: 'not-a-signed-part' }, 'a reference leads elsewhere');
    }
    if (located.includes(element)) {
      throw new Iti43Error({ code: 'REFERENCE_REFUSED', rule: 'repeated' }, 'one Reference for each part');
    }
    located.push(element);
  }
  return located;
}

const DATE_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;

function readTimestamp(timestamp: Element): { readonly createdMs: number; readonly expiresMs: number } {
  const refuse = (): Iti43Error =>
    new Iti43Error(
      { code: 'TIMESTAMP_REFUSED', rule: 'malformed' },
      'a Timestamp has one Created and one Expires, with zone',
    );
  const [created, expires, ...more] = childElements(timestamp);
  if (
    created === undefined ||
    expires === undefined ||
    more.length > 0 ||
    !isNamed(created, ns.wsu, 'Created') ||
    !isNamed(expires, ns.wsu, 'Expires')
  ) {
    throw refuse();
  }
  const [createdMs, expiresMs] = [created, expires].map((element) => {
    const text = textOf(element, refuse).trim();
    return DATE_TIME.test(text) ? Date.parse(text) : Number.NaN;
  });
  if (createdMs === undefined || expiresMs === undefined || !(createdMs <= expiresMs)) throw refuse();
  return { createdMs, expiresMs };
}

function checkTime(createdMs: number, expiresMs: number, nowMs: number): void {
  if (expiresMs - createdMs > LIFETIME_MAX_MS) {
    throw new Iti43Error(
      { code: 'TIMESTAMP_REFUSED', rule: 'lifetime' },
      `a request lives ${LIFETIME_MAX_MS} ms at most`,
    );
  }
  if (createdMs > nowMs + CLOCK_SKEW_MS) {
    throw new Iti43Error({ code: 'TIMESTAMP_REFUSED', rule: 'not-yet-valid' }, 'the request comes from the future');
  }
  if (nowMs >= expiresMs + CLOCK_SKEW_MS) throw new Iti43Error({ code: 'MESSAGE_EXPIRED' }, 'the request has expired');
}
