/**
 * Her code for a clinic: `#m=`, a mailbox at her source's gateway for one image request. The gateway cannot read what is left there.
 * Spec: docs/spec/links.md, section 16.
 */
import { encodeCanonical, encodeWith, isStrictPublicKey, randomBytes, struct } from '@radledger/primitives';
import { HandoverError } from './errors.js';
import { validateGatewayUrl } from './gateway-url.js';
import { decodeImageRequest, type SignedImageRequest } from './image-request.js';
import { readLink, writeLink } from './link.js';
import { openSealed, type SealContext, type SealingKeyPair, sealTo } from './sealing.js';
import { decodeMessage, format, gatewayUrl, id16, id32, sealingKey, timeMs } from './wire.js';

/** How long a mailbox is open. */
export const MAILBOX_LIFETIME_MS = 15 * 60_000;
/** Largest sealed request that a mailbox takes. */
export const MAILBOX_BYTES_MAX = 2048;

const BYTES_MAX = 512;

const schema = struct({
  format,
  chainId: id32,
  gatewayApi: gatewayUrl,
  source: id32,
  mailboxId: id16,
  sealingKey,
  expiresAtMs: timeMs,
});

/** What the code holds. Whoever has it may leave one request, and can read nothing. */
export interface Mailbox {
  readonly chainId: Uint8Array;
  /** Address of the source gateway's browser API: the request goes to `<gatewayApi>/v1/mailboxes/<mailboxId>`. */
  readonly gatewayApi: string;
  readonly source: Uint8Array;
  /** 16 random bytes. */
  readonly mailboxId: Uint8Array;
  /** X25519 key of her app: what is left is sealed to it. */
  readonly sealingKey: Uint8Array;
  readonly expiresAtMs: number;
}

/** A new mailbox with a random id; it exists once the gateway has opened it. */
export function createMailbox(input: Omit<Mailbox, 'mailboxId'>): Mailbox {
  return { ...input, mailboxId: randomBytes(16) };
}

/**
 * @param pageUrl - the page that opens codes, without a fragment
 * @throws {HandoverError} `URL_REFUSED` | `KEY_REFUSED`
 */
export function encodeMailboxLink(mailbox: Mailbox, pageUrl: string): string {
  return writeLink(pageUrl, 'm', encodeWith(schema, { format: 1, ...validated(mailbox) }));
}

/**
 * Reads a code from a link, its fragment, or the bare base64url text.
 * @throws {HandoverError} `MALFORMED_LINK` | `MALFORMED_MESSAGE` | `URL_REFUSED` | `KEY_REFUSED`
 */
export function decodeMailboxLink(link: string): Mailbox {
  return validated(decodeMessage(schema, readLink(link, 'm'), 'mailbox', BYTES_MAX));
}

/**
 * Seals an image request to the app that waits for it.
 * @param requestLink - the link of the image request, or its fragment
 * @throws {HandoverError} as `decodeImageRequestLink`: nothing else is sealed
 */
export async function sealMailboxRequest(requestLink: string, mailbox: Mailbox): Promise<Uint8Array> {
  const imageRequest = readLink(requestLink, 'r');
  decodeImageRequest(imageRequest);
  return sealTo(mailbox.sealingKey, contextOf(mailbox), imageRequest);
}

/**
 * Opens what was left in a mailbox. The request is not verified yet.
 * @throws {HandoverError} `MALFORMED_MESSAGE` | `SEAL_BROKEN`, or as `decodeImageRequest`
 */
export async function openMailboxRequest(
  sealed: Uint8Array,
  mailbox: Mailbox,
  sealingKeyPair: SealingKeyPair,
): Promise<SignedImageRequest> {
  return decodeImageRequest(await openSealed(sealingKeyPair, contextOf(mailbox), sealed));
}

function contextOf({ chainId, mailboxId }: Mailbox): SealContext {
  return { info: 'radledger/mailbox/1', aad: encodeCanonical([chainId, mailboxId]) };
}

function validated({ chainId, gatewayApi, source, mailboxId, sealingKey: key, expiresAtMs }: Mailbox): Mailbox {
  validateGatewayUrl(gatewayApi);
  if (!isStrictPublicKey(source)) throw new HandoverError({ code: 'KEY_REFUSED', field: 'source' }, 'not a source key');
  return { chainId, gatewayApi, source, mailboxId, sealingKey: key, expiresAtMs };
}
