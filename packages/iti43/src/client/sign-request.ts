/** The signed request of docs/spec/iti-43.md, section 3, in the form that is its own exclusive canonical form. */
import { sha256, type Signer, utf8 } from '@radledger/primitives';
import type { DocumentReference } from '../document-set.js';
import { freshMessageId } from '../envelope.js';
import { encodeKeyValue } from '../key-info.js';
import { action, ANONYMOUS_ADDRESS, EDDSA_ED25519, EXCLUSIVE_C14N, ns, SHA256 } from '../namespaces.js';
import { encodeRetrieveRequest } from '../retrieve-request.js';
import { escapeText } from '../xml-writer.js';

export interface SignRequestOptions {
  /** Becomes wsa:To; the repository compares it letter for letter. */
  readonly endpointUrl: string;
  /** 1 to 1000. */
  readonly documents: readonly DocumentReference[];
  readonly signer: Signer;
  readonly now: Date;
  /** From Created to Expires; default 120 000, at most 300 000. */
  readonly lifetimeMs?: number;
}

const LIFETIME_MS = 120_000;

/**
 * Writes and signs one request envelope; each call has a MessageID of its own.
 * @throws {Iti43Error} `INVALID_ARGUMENT` when an id is not 1 to 256 characters that XML can carry
 */
export async function signRequest(
  options: SignRequestOptions,
): Promise<{ readonly envelope: Uint8Array; readonly messageId: string }> {
  const messageId = freshMessageId();
  const expires = new Date(options.now.getTime() + (options.lifetimeMs ?? LIFETIME_MS));
  // Each is written with the namespaces it uses, in canonical order: embedding it changes no byte of what was digested.
  const wsaPart = (name: string, id: string, content: string): string =>
    `<wsa:${name} xmlns:wsa="${ns.wsa}" xmlns:wsu="${ns.wsu}" wsu:Id="${id}">${content}</wsa:${name}>`;
  const parts = {
    action:
      `<wsa:Action xmlns:soap="${ns.soap}" xmlns:wsa="${ns.wsa}" xmlns:wsu="${ns.wsu}" wsu:Id="action"` +
      ` soap:mustUnderstand="1">${action.request}</wsa:Action>`,
    'message-id': wsaPart('MessageID', 'message-id', messageId),
    'reply-to': wsaPart('ReplyTo', 'reply-to', `<wsa:Address>${ANONYMOUS_ADDRESS}</wsa:Address>`),
    to: wsaPart('To', 'to', escapeText(options.endpointUrl)),
    timestamp:
      `<wsu:Timestamp xmlns:wsu="${ns.wsu}" wsu:Id="timestamp">` +
      `<wsu:Created>${options.now.toISOString()}</wsu:Created><wsu:Expires>${expires.toISOString()}</wsu:Expires>` +
      '</wsu:Timestamp>',
    body:
      `<soap:Body xmlns:soap="${ns.soap}" xmlns:wsu="${ns.wsu}" wsu:Id="body">` +
      `${encodeRetrieveRequest(options.documents)}</soap:Body>`,
  };
  const references = Object.entries(parts).map(
    ([id, xml]) =>
      `<ds:Reference URI="#${id}"><ds:Transforms><ds:Transform Algorithm="${EXCLUSIVE_C14N}"></ds:Transform></ds:Transforms>` +
      `<ds:DigestMethod Algorithm="${SHA256}"></ds:DigestMethod>` +
      `<ds:DigestValue>${Buffer.from(sha256(utf8(xml))).toString('base64')}</ds:DigestValue></ds:Reference>`,
  );
  const signedInfo =
    `<ds:SignedInfo xmlns:ds="${ns.ds}">` +
    `<ds:CanonicalizationMethod Algorithm="${EXCLUSIVE_C14N}"></ds:CanonicalizationMethod>` +
    `<ds:SignatureMethod Algorithm="${EDDSA_ED25519}"></ds:SignatureMethod>${references.join('')}</ds:SignedInfo>`;
  const signature = Buffer.from(await options.signer.sign(utf8(signedInfo))).toString('base64');
  const security =
    `<wsse:Security xmlns:wsse="${ns.wsse}" soap:mustUnderstand="1">${parts.timestamp}` +
    `<ds:Signature xmlns:ds="${ns.ds}">${signedInfo}<ds:SignatureValue>${signature}</ds:SignatureValue>` +
    `<ds:KeyInfo><dsig11:DEREncodedKeyValue xmlns:dsig11="${ns.dsig11}">${encodeKeyValue(options.signer.publicKey)}` +
    '</dsig11:DEREncodedKeyValue></ds:KeyInfo></ds:Signature></wsse:Security>';
  const header = parts.action + parts['message-id'] + parts['reply-to'] + parts.to + security;
  const envelope = `<soap:Envelope xmlns:soap="${ns.soap}"><soap:Header>${header}</soap:Header>${parts.body}</soap:Envelope>`;
  return { envelope: utf8(envelope), messageId };
}
