/** A recipient's request for images: `#r=`. Never grants by possession. Spec: docs/spec/links.md, section 7. */
import {
  encodeWith,
  equalBytes,
  type Infer,
  isStrictPublicKey,
  type Signer,
  literal,
  struct,
  text,
  verifyFast,
} from '@radledger/primitives';
import { HandoverError } from './errors.js';
import { validateGatewayUrl } from './gateway-url.js';
import { readLink, writeLink } from './link.js';
import { validatePlainText } from './plain-text.js';
import {
  DISPLAY_NAME_BYTES_MAX,
  decodeMessage,
  displayName,
  gatewayUrl,
  id16,
  id32,
  key,
  sealingKey,
  signature,
  signedBytes,
  timeMs,
} from './wire.js';

/** Longest reason, in bytes of UTF-8. */
export const REASON_BYTES_MAX = 200;

const BYTES_MAX = 1024;
const TAG = 'radledger/image-request/1';

/** Format 1 had no display name. */
const FORMAT = 2;

const bodySchema = struct({
  format: literal(FORMAT),
  chainId: id32,
  recipientKey: key,
  sealingKey,
  gatewayApi: gatewayUrl,
  boxId: id16,
  displayName,
  reason: text({ max: REASON_BYTES_MAX }),
  wantedUntilMs: timeMs,
  expiresAtMs: timeMs,
});
type Body = Infer<typeof bodySchema>;
const schema = struct({ body: bodySchema, signature });

/** What the recipient asks for. */
export interface ImageRequest {
  readonly chainId: Uint8Array;
  /** The gateway's long-lived recipient key (Ed25519): the one that will sign retrievals. */
  readonly recipientKey: Uint8Array;
  /** X25519 key to which the grant notice is sealed. */
  readonly sealingKey: Uint8Array;
  /** Address of the recipient gateway's browser API; the notice goes to `<gatewayApi>/v1/boxes/<boxId>`. */
  readonly gatewayApi: string;
  /** 16 random bytes. */
  readonly boxId: Uint8Array;
  /**
   * What the recipient calls itself, e.g. "Dr Rivera, Lakeside Orthopaedics": one plain line of at most 128 bytes, empty for none. Signed by
   * the recipient key and proven by nothing: anybody may write any name.
   */
  readonly displayName: string;
  /** Shown to the patient; one plain line of at most 200 bytes. */
  readonly reason: string;
  /** Proposed end of the grant; the patient decides. */
  readonly wantedUntilMs: number;
  /** When the request itself ends. */
  readonly expiresAtMs: number;
}

/** A request with its signature by the recipient key; not yet verified when it comes out of `decodeImageRequest`. */
export interface SignedImageRequest extends ImageRequest {
  readonly signature: Uint8Array;
}

/** @throws {HandoverError} `URL_REFUSED` | `TEXT_REFUSED` | `NOT_FOR_US` when the signer is not the recipient key */
export async function createImageRequest(request: ImageRequest, signer: Signer): Promise<Uint8Array> {
  if (!equalBytes(signer.publicKey, request.recipientKey)) {
    throw new HandoverError({ code: 'NOT_FOR_US', field: 'recipientKey' }, 'the signer holds another key');
  }
  const body = bodyOf(request);
  return encodeWith(schema, {
    body,
    signature: await signer.sign(signedBytes(TAG, request.chainId, bodySchema, body)),
  });
}

/** @throws {HandoverError} `MALFORMED_MESSAGE` | `URL_REFUSED` | `TEXT_REFUSED` | `KEY_REFUSED` */
export function decodeImageRequest(requestBytes: Uint8Array): SignedImageRequest {
  const { body, signature: ownSignature } = decodeMessage(schema, requestBytes, 'image request', BYTES_MAX);
  const { format: _, ...request } = bodyOf(body);
  return { ...request, signature: ownSignature };
}

/** The bytes that `decodeImageRequest` reads. @throws as it */
export function encodeImageRequest({ signature: ownSignature, ...request }: SignedImageRequest): Uint8Array {
  return encodeWith(schema, { body: bodyOf(request), signature: ownSignature });
}

/**
 * Checks that a request is for this chain, still open, and signed by the recipient key it names. Who holds that key is
 * another question: a link proves no name.
 * @throws {HandoverError} `NOT_FOR_US` | `EXPIRED` | `SIGNATURE_INVALID`
 */
export async function verifyImageRequest(
  request: SignedImageRequest,
  expected: { chainId: Uint8Array; nowMs: number },
): Promise<void> {
  if (!equalBytes(request.chainId, expected.chainId)) {
    throw new HandoverError({ code: 'NOT_FOR_US', field: 'chainId' }, 'the request is for another ledger');
  }
  if (request.expiresAtMs <= expected.nowMs) {
    throw new HandoverError(
      { code: 'EXPIRED', expiresAtMs: request.expiresAtMs },
      'the request has ended; ask for a new one',
    );
  }
  const message = signedBytes(TAG, request.chainId, bodySchema, bodyOf(request));
  if (!(await verifyFast(request.recipientKey, message, request.signature))) {
    throw new HandoverError({ code: 'SIGNATURE_INVALID', field: 'signature' }, 'not signed by the recipient key');
  }
}

/** @param pageUrl - the wallet page that opens requests, without a fragment */
export function encodeImageRequestLink(requestBytes: Uint8Array, pageUrl: string): string {
  return writeLink(pageUrl, 'r', requestBytes);
}

/**
 * Reads a request from a link, its fragment, or the bare base64url text.
 * @throws {HandoverError} `MALFORMED_LINK`, or as `decodeImageRequest`
 */
export function decodeImageRequestLink(link: string): SignedImageRequest {
  return decodeImageRequest(readLink(link, 'r'));
}

function bodyOf(request: ImageRequest): Body {
  validateGatewayUrl(request.gatewayApi);
  validatePlainText(request.displayName, { field: 'displayName', bytesMax: DISPLAY_NAME_BYTES_MAX });
  validatePlainText(request.reason, { field: 'reason', bytesMax: REASON_BYTES_MAX });
  if (!isStrictPublicKey(request.recipientKey)) {
    throw new HandoverError({ code: 'KEY_REFUSED', field: 'recipientKey' }, 'not a recipient key');
  }
  const { chainId, recipientKey, sealingKey, gatewayApi, boxId, reason, wantedUntilMs, expiresAtMs } = request;
  const { displayName: name } = request;
  const told = { displayName: name, reason, wantedUntilMs, expiresAtMs };
  return { format: FORMAT, chainId, recipientKey, sealingKey, gatewayApi, boxId, ...told };
}
