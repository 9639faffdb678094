/**
 * SOAP 1.2 faults. Source: SOAP 1.2 part 1, section 5.4; WS-Addressing 1.0 SOAP Binding, section 6; WSS SOAP Message
 * Security 1.1, section 12; the table in docs/spec/iti-43.md, section 6.
 */
import { writeEnvelope } from './envelope.js';
import { Iti43Error, type Iti43ErrorInfo, malformed } from './errors.js';
import { action, ns } from './namespaces.js';
import { childElements, childrenNamed, type Element, isNamed, textOf } from './xml-tree.js';
import { escapeAttribute, escapeText, textElement } from './xml-writer.js';

export interface Fault {
  readonly httpStatus: number;
  readonly code: 'Sender' | 'Receiver' | 'VersionMismatch' | 'MustUnderstand';
  /** Prefixed with wsa, wsse or wsu; outermost first. */
  readonly subcodes: readonly string[];
  readonly reason: string;
  readonly detail?: string;
  readonly headers?: string;
}

// One text for all of them: which check failed is for the operator's log, not for the one who is trying.
const NOT_AUTHENTICATED = 'The message could not be authenticated.';

/** What the requester is told about a refusal. */
export function faultFor(info: Iti43ErrorInfo): Fault {
  switch (info.code) {
    case 'UNSUPPORTED_MEDIA_TYPE':
      return sender(415, [], 'The request must be SOAP 1.2 in MTOM: multipart/related of application/xop+xml.');
    case 'MESSAGE_TOO_LARGE':
      return sender(413, [], `The request exceeds ${info.limit}.`);
    case 'DOCTYPE_REFUSED':
      return sender(400, [], 'A SOAP message has no document type declaration and no entities of its own.');
    case 'MALFORMED_MESSAGE':
      return sender(400, [], `The request is malformed: ${info.part}, ${info.rule}.`);
    case 'NOT_SOAP_12':
      return {
        httpStatus: 500,
        code: 'VersionMismatch',
        subcodes: [],
        reason: 'The envelope must be SOAP 1.2.',
        headers: '<soap:Upgrade><soap:SupportedEnvelope qname="soap:Envelope"></soap:SupportedEnvelope></soap:Upgrade>',
      };
    case 'HEADER_NOT_UNDERSTOOD':
      return {
        httpStatus: 500,
        code: 'MustUnderstand',
        subcodes: [],
        reason: 'A mandatory header is not understood.',
        headers:
          `<soap:NotUnderstood xmlns:unknown="${escapeAttribute(info.namespace)}" ` +
          `qname="unknown:${escapeAttribute(info.localName)}"></soap:NotUnderstood>`,
      };
    case 'ACTION_NOT_SUPPORTED':
      return sender(
        400,
        ['wsa:ActionNotSupported'],
        'The action is not supported here.',
        `<wsa:ProblemAction>${textElement('wsa:Action', info.action)}</wsa:ProblemAction>`,
      );
    case 'ADDRESSING_HEADER_REQUIRED':
      return sender(
        400,
        ['wsa:MessageAddressingHeaderRequired'],
        'A required addressing header is not present.',
        problemHeader(info.header),
      );
    case 'ADDRESSING_HEADER_REPEATED':
      return sender(
        400,
        ['wsa:InvalidAddressingHeader', 'wsa:InvalidCardinality'],
        'An addressing header is repeated.',
        problemHeader(info.header),
      );
    case 'ONLY_ANONYMOUS_ADDRESS':
      return sender(
        400,
        ['wsa:InvalidAddressingHeader', 'wsa:OnlyAnonymousAddressSupported'],
        'Only the anonymous address is supported.',
        problemHeader(info.header),
      );
    case 'MESSAGE_EXPIRED':
    case 'TIMESTAMP_REFUSED':
      return sender(400, ['wsu:MessageExpired'], 'The message is not valid at this time.');
    case 'SIGNATURE_MISSING':
      return sender(400, ['wsse:InvalidSecurity'], NOT_AUTHENTICATED);
    case 'ALGORITHM_REFUSED':
      return sender(400, ['wsse:UnsupportedAlgorithm'], NOT_AUTHENTICATED);
    case 'SIGNATURE_STRUCTURE':
    case 'DUPLICATE_ID':
    case 'KEY_REFUSED':
    case 'PART_NOT_SIGNED':
    case 'REFERENCE_REFUSED':
    case 'SIGNATURE_INVALID':
    case 'NOT_WHAT_WAS_SIGNED':
    case 'WRONG_ENDPOINT':
    case 'REPLAYED':
      return sender(400, ['wsse:FailedCheck'], NOT_AUTHENTICATED);
    default:
      return { httpStatus: 500, code: 'Receiver', subcodes: [], reason: 'The request could not be processed.' };
  }
}

function sender(httpStatus: number, subcodes: readonly string[], reason: string, detail?: string): Fault {
  return { httpStatus, code: 'Sender', subcodes, reason, ...(detail === undefined ? {} : { detail }) };
}

function problemHeader(header: string): string {
  return `<wsa:ProblemHeaderQName>wsa:${escapeText(header)}</wsa:ProblemHeaderQName>`;
}

/** The fault as an envelope of its own; faults travel as application/soap+xml. */
export function encodeFault(fault: Fault, relatesTo: string | undefined): Uint8Array {
  const subcode = fault.subcodes.reduceRight(
    (inner, name) => `<soap:Subcode>${textElement('soap:Value', name)}${inner}</soap:Subcode>`,
    '',
  );
  return writeEnvelope({
    action: fault.subcodes[0]?.startsWith('wsa:') === true ? action.addressingFault : action.soapFault,
    relatesTo,
    extraHeaders: fault.headers ?? '',
    payload:
      `<soap:Fault xmlns:wsse="${ns.wsse}" xmlns:wsu="${ns.wsu}">` +
      `<soap:Code><soap:Value>soap:${fault.code}</soap:Value>${subcode}</soap:Code>` +
      `<soap:Reason><soap:Text xml:lang="en">${escapeText(fault.reason)}</soap:Text></soap:Reason>` +
      `${fault.detail === undefined ? '' : `<soap:Detail>${fault.detail}</soap:Detail>`}</soap:Fault>`,
  });
}

/** Reads `soap:Fault` into the error that a Document Consumer throws. */
export function decodeFault(fault: Element): Iti43Error {
  const refuse = (): Iti43Error => malformed('body', 'fault', 'the Fault is malformed');
  const values: string[] = [];
  let holder = childrenNamed(fault, ns.soap, 'Code')[0];
  for (let depth = 0; holder !== undefined && depth < 8; depth++) {
    const value = childrenNamed(holder, ns.soap, 'Value')[0];
    if (value === undefined) throw refuse();
    values.push(expandName(value, textOf(value, refuse).trim()));
    holder = childrenNamed(holder, ns.soap, 'Subcode')[0];
  }
  const [code, ...subcodes] = values;
  if (code === undefined) throw refuse();
  const reason = childElements(fault)
    .filter((child) => isNamed(child, ns.soap, 'Reason'))
    .flatMap((child) => childrenNamed(child, ns.soap, 'Text'))
    .map((text) => textOf(text, refuse).slice(0, 200))[0];
  return new Iti43Error(
    { code: 'SOAP_FAULT', faultCode: code.replace(/^\{.*\}/, ''), subcodes },
    `the repository answered with a Fault: ${reason ?? 'no reason given'}`,
  );
}

function expandName(scope: Element, qualifiedName: string): string {
  const [prefix, localName] = qualifiedName.includes(':') ? qualifiedName.split(':', 2) : ['', qualifiedName];
  return `{${scope.lookupNamespaceURI(prefix ?? '') ?? ''}}${localName ?? ''}`;
}
