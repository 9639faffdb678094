/** An owner's signed order to her source, and the sealed answer: how things stand now. Spec: docs/spec/links.md, section 17. */
import {
  encodeCanonical,
  encodeWith,
  equalBytes,
  type Infer,
  isStrictPublicKey,
  list,
  optional,
  randomBytes,
  type Signer,
  sha256,
  struct,
  uint,
  verifyFast,
} from '@radledger/primitives';
import { acceptanceMessage } from '@radledger/transactions';
import { HandoverError } from './errors.js';
import { requireFresh } from './fresh-request.js';
import { type OwnerOrder, orderSchema, readOrder, writeOrder } from './owner-order.js';
import { openSealed, type SealContext, type SealingKeyPair, sealTo } from './sealing.js';
import { decodeMessage, format, id16, id32, key, sealingKey, signature, signedBytes, timeMs } from './wire.js';

/** Largest request on the wire. */
export const OWNER_REQUEST_BYTES_MAX = 4096;
/** Most studies that one answer names. */
export const PUBLISHED_MAX = 50;

const REQUEST_TAG = 'radledger/owner-request/1';
const REPLY_PURPOSE = 'radledger/owner-reply/1';
const REPLY_BYTES_MAX = 8192;
const LINK_STATES = ['none', 'active', 'paused', 'ended'] as const;

const requestBody = struct({
  format,
  chainId: id32,
  source: id32,
  studyId: id32,
  key,
  sealingKey,
  timeMs,
  nonce: id16,
  order: orderSchema,
});
const requestSchema = struct({ body: requestBody, signature });

const replyBody = struct({
  format,
  requestHash: id32,
  source: id32,
  studyId: id32,
  link: uint(LINK_STATES.length - 1),
  keysLeft: uint(),
  replacement: optional(struct({ requestedAtMs: timeMs, dueAtMs: timeMs })),
  published: list(struct({ studyId: id32, key }), { max: PUBLISHED_MAX }),
  issuedAtMs: timeMs,
});
const replySchema = struct({ body: replyBody, signature });

/** A request as received. Whether `key` owns the study is for the gateway to look up. */
export interface OwnerRequest {
  readonly chainId: Uint8Array;
  readonly source: Uint8Array;
  readonly studyId: Uint8Array;
  readonly key: Uint8Array;
  /** Ephemeral X25519 key to which the reply is sealed. */
  readonly sealingKey: Uint8Array;
  readonly timeMs: number;
  /** 16 random bytes; remembered by the gateway until `timeMs` plus the skew has passed. */
  readonly nonce: Uint8Array;
  readonly order: OwnerOrder;
  readonly signature: Uint8Array;
  /** SHA-256 of the request's bytes. */
  readonly requestHash: Uint8Array;
}

/** How things stand at the source, after the order. */
export interface OwnerReply {
  readonly source: Uint8Array;
  readonly studyId: Uint8Array;
  /** The standing link that this study belongs to: new studies are published on keys left for it. */
  readonly link: (typeof LINK_STATES)[number];
  /** Keys left for repeat visits and not used. */
  readonly keysLeft: number;
  /** Somebody asked at the desk to replace this owner's access; it ends at `dueAtMs` unless she stops it. */
  readonly replacement: { readonly requestedAtMs: number; readonly dueAtMs: number } | undefined;
  /** Studies published on keys of the link, newest first, at most 50. */
  readonly published: readonly { readonly studyId: Uint8Array; readonly key: Uint8Array }[];
  readonly issuedAtMs: number;
}

/** Builds the bytes that are POSTed to `<gatewayApi>/v1/owner-requests`. @throws {HandoverError} `TEXT_REFUSED` | `KEY_REFUSED` */
export async function createOwnerRequest(input: {
  chainId: Uint8Array;
  source: Uint8Array;
  studyId: Uint8Array;
  signer: Signer;
  sealingKey: Uint8Array;
  timeMs: number;
  order: OwnerOrder;
  nonce?: Uint8Array;
}): Promise<Uint8Array> {
  const { signer, chainId, source, studyId, timeMs: at, order } = input;
  const body: Infer<typeof requestBody> = {
    format: 1,
    chainId,
    source,
    studyId,
    key: signer.publicKey,
    sealingKey: input.sealingKey,
    timeMs: at,
    nonce: input.nonce ?? randomBytes(16),
    order: writeOrder(order),
  };
  return encodeWith(requestSchema, {
    body,
    signature: await signer.sign(signedBytes(REQUEST_TAG, chainId, requestBody, body)),
  });
}

/** @throws {HandoverError} `MALFORMED_MESSAGE` | `KEY_REFUSED` | `TEXT_REFUSED` */
export function decodeOwnerRequest(requestBytes: Uint8Array): OwnerRequest {
  const { body, signature: own } = decodeMessage(requestSchema, requestBytes, 'owner request', OWNER_REQUEST_BYTES_MAX);
  const { format: _, order, ...fields } = body;
  if (!isStrictPublicKey(fields.key)) {
    throw new HandoverError({ code: 'KEY_REFUSED', field: 'key' }, 'not an owner key');
  }
  return { ...fields, order: readOrder(order), signature: own, requestHash: sha256(requestBytes) };
}

/**
 * Checks chain, source, time and signature of a request, and that each key left was accepted by its holder. Not checked: ownership, and
 * whether the nonce is new.
 * @throws {HandoverError} `NOT_FOR_US` | `EXPIRED` (also for a time too far ahead) | `SIGNATURE_INVALID`
 */
export async function verifyOwnerRequest(
  request: OwnerRequest,
  expected: { chainId: Uint8Array; source: Uint8Array; nowMs: number },
): Promise<void> {
  requireFresh(request, expected);
  const { signature: own, requestHash: _, order, ...fields } = request;
  const { chainId, source } = request;
  const body = { format: 1, ...fields, order: writeOrder(order) } as const;
  if (!(await verifyFast(request.key, signedBytes(REQUEST_TAG, chainId, requestBody, body), own))) {
    throw new HandoverError({ code: 'SIGNATURE_INVALID', field: 'signature' }, 'not signed by the key that it names');
  }
  for (const { ownerKey, acceptance } of order.kind === 'leave-keys' ? order.prekeys : []) {
    if (!(await verifyFast(ownerKey, acceptanceMessage({ chainId, source, ownerKey }), acceptance))) {
      throw new HandoverError(
        { code: 'SIGNATURE_INVALID', field: 'acceptance' },
        'a key is not accepted by its holder',
      );
    }
  }
}

/** Answers a verified request. @param input.signer - the source's current signing key */
export async function sealOwnerReply(input: {
  request: OwnerRequest;
  reply: Omit<OwnerReply, 'source' | 'studyId'>;
  signer: Signer;
}): Promise<Uint8Array> {
  const { request, reply, signer } = input;
  const { source, studyId, requestHash } = request;
  const body: Infer<typeof replyBody> = {
    format: 1,
    requestHash,
    source,
    studyId,
    ...reply,
    link: LINK_STATES.indexOf(reply.link),
    published: [...reply.published],
  };
  const own = await signer.sign(signedBytes(REPLY_PURPOSE, request.chainId, replyBody, body));
  return sealTo(request.sealingKey, contextOf(request), encodeWith(replySchema, { body, signature: own }));
}

/**
 * Opens the answer and checks who signed it and what it answers.
 * @param input.request - the bytes that were sent
 * @param input.signingKey - the source's current signing key, from its cell on the ledger
 * @returns also the signed bytes: the source's word, to be kept
 * @throws {HandoverError} `MALFORMED_MESSAGE` | `SEAL_BROKEN` | `SIGNATURE_INVALID` | `NOT_FOR_US`
 */
export async function openOwnerReply(input: {
  request: Uint8Array;
  sealed: Uint8Array;
  sealingKeyPair: SealingKeyPair;
  signingKey: Uint8Array;
}): Promise<{ readonly reply: OwnerReply; readonly receipt: Uint8Array }> {
  const request = decodeOwnerRequest(input.request);
  const receipt = await openSealed(input.sealingKeyPair, contextOf(request), input.sealed);
  const { body, signature: own } = decodeMessage(replySchema, receipt, 'owner reply', REPLY_BYTES_MAX);
  if (!(await verifyFast(input.signingKey, signedBytes(REPLY_PURPOSE, request.chainId, replyBody, body), own))) {
    throw new HandoverError({ code: 'SIGNATURE_INVALID', field: 'signature' }, 'not signed by the source');
  }
  for (const field of ['requestHash', 'source', 'studyId'] as const) {
    if (!equalBytes(body[field], request[field])) {
      throw new HandoverError({ code: 'NOT_FOR_US', field }, `the owner reply names another ${field}`);
    }
  }
  const { format: _, requestHash: __, link, ...reply } = body;
  return { reply: { ...reply, link: LINK_STATES[link] as OwnerReply['link'] }, receipt };
}

function contextOf({ chainId, requestHash, key: owner }: OwnerRequest): SealContext {
  return { info: REPLY_PURPOSE, aad: encodeCanonical([chainId, requestHash, key.encode(owner)]) };
}
