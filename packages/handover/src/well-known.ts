/** `/.well-known/radledger` of a gateway (RFC 8615). Spec: docs/spec/links.md, section 10. */
import {
  encodeCanonical,
  equalBytes,
  fromHex,
  isStrictPublicKey,
  optional,
  type Signer,
  text,
  toHex,
  verifyFast,
} from '@radledger/primitives';
import { HandoverError } from './errors.js';
import { validateGatewayUrl } from './gateway-url.js';
import { id32, key } from './wire.js';

const TAG = 'radledger/well-known/1';
const optionalId = optional(id32);
const optionalKey = optional(key);
const optionalText = optional(text({ max: 512 }));

/** What a gateway says about itself: which keys are reached at which addresses. */
export interface WellKnown {
  readonly chainId: Uint8Array;
  /** Source id, when the gateway is an image source. */
  readonly source?: Uint8Array;
  /** Recipient key, when the gateway is an image recipient. */
  readonly recipient?: Uint8Array;
  /** Address of the browser API. */
  readonly api: string;
  /** ITI-43 endpoint, when the gateway is an image source; information only: what counts is the ledger. */
  readonly iti43?: string;
  /** Whom a patient asks about her data. */
  readonly privacyContact?: string;
  readonly issuedAtMs: number;
  /** The source's current signing key, or the recipient key when there is no source. */
  readonly signer: Uint8Array;
  readonly signature: Uint8Array;
}

/**
 * Signs with the source's current signing key, or with the recipient key when there is no source.
 * @param statement.issuedAtMs - default now
 */
export async function createWellKnown(
  statement: Omit<WellKnown, 'signature' | 'signer' | 'issuedAtMs'> & { readonly issuedAtMs?: number },
  signer: Signer,
): Promise<WellKnown> {
  validateGatewayUrl(statement.api);
  const dated = { ...statement, issuedAtMs: statement.issuedAtMs ?? Date.now() };
  return { ...dated, signer: signer.publicKey, signature: await signer.sign(messageOf(dated)) };
}

/** The document as it is served, JSON. */
export function wellKnownToJson(document: WellKnown): Record<string, string | number | null> {
  return {
    format: 1,
    chainId: toHex(document.chainId),
    source: document.source === undefined ? null : toHex(document.source),
    recipient: document.recipient === undefined ? null : toHex(document.recipient),
    api: document.api,
    iti43: document.iti43 ?? null,
    privacyContact: document.privacyContact ?? null,
    issuedAtMs: document.issuedAtMs,
    signer: toHex(document.signer),
    signature: toHex(document.signature),
  };
}

/**
 * Reads the parsed JSON of a served document; members that it does not know are let through.
 * @throws {HandoverError} `MALFORMED_MESSAGE` | `URL_REFUSED`
 */
export function wellKnownFromJson(json: unknown): WellKnown {
  const malformed = (cause?: unknown) =>
    new HandoverError({ code: 'MALFORMED_MESSAGE', message: 'well-known' }, 'not a gateway document', { cause });
  if (typeof json !== 'object' || json === null) throw malformed();
  const fields = json as Readonly<Record<string, unknown>>;
  const string = (name: string, lengthMax: number): string => {
    const value = fields[name];
    if (typeof value !== 'string' || value.length > lengthMax) throw malformed();
    return value;
  };
  const hex = (name: string, length: number): Uint8Array => {
    try {
      const value = fromHex(string(name, 2 * length));
      if (value.length === length) return value;
    } catch (cause) {
      throw malformed(cause);
    }
    throw malformed();
  };
  const present = (name: string) => fields[name] !== null && fields[name] !== undefined;
  const { format, issuedAtMs } = fields;
  if (format !== 1 || typeof issuedAtMs !== 'number' || !Number.isSafeInteger(issuedAtMs) || issuedAtMs < 0) {
    throw malformed();
  }
  const document: WellKnown = {
    chainId: hex('chainId', 32),
    ...(present('source') ? { source: hex('source', 32) } : {}),
    ...(present('recipient') ? { recipient: hex('recipient', 32) } : {}),
    api: validateGatewayUrl(string('api', 256)),
    ...(present('iti43') ? { iti43: string('iti43', 512) } : {}),
    ...(present('privacyContact') ? { privacyContact: string('privacyContact', 512) } : {}),
    issuedAtMs,
    signer: hex('signer', 32),
    signature: hex('signature', 64),
  };
  if (![document.source, document.recipient].every((id) => id === undefined || isStrictPublicKey(id)))
    throw malformed();
  return document;
}

/**
 * @param signingKey - for a source its current signing key, from its proven cell; else the recipient key
 * @throws {HandoverError} `SIGNATURE_INVALID`
 */
export async function verifyWellKnown(document: WellKnown, signingKey: Uint8Array): Promise<void> {
  if (
    !equalBytes(document.signer, signingKey) ||
    !(await verifyFast(signingKey, messageOf(document), document.signature))
  ) {
    throw new HandoverError({ code: 'SIGNATURE_INVALID', field: 'signature' }, 'not signed by the expected key');
  }
}

function messageOf(statement: Omit<WellKnown, 'signature' | 'signer'>): Uint8Array {
  const { chainId, source, recipient, api, iti43, privacyContact, issuedAtMs } = statement;
  return encodeCanonical([
    TAG,
    chainId,
    optionalId.encode(source),
    optionalKey.encode(recipient),
    api,
    optionalText.encode(iti43),
    optionalText.encode(privacyContact),
    issuedAtMs,
  ]);
}
