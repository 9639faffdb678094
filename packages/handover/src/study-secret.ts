/** An owner's request for her study secret, and leaving of her note. Spec: docs/spec/links.md, section 9. */
import {
  bytes,
  encodeWith,
  type Infer,
  isStrictPublicKey,
  optional,
  randomBytes,
  type Signer,
  sha256,
  struct,
  verifyFast,
} from '@radledger/primitives';
import { HandoverError } from './errors.js';
import { requireFresh } from './fresh-request.js';
import type { SealingKeyPair } from './sealing.js';
import {
  OWNER_NOTE_BYTES_MAX,
  openDisclosure,
  type SignedStudyDisclosure,
  type StudyDisclosure,
  sealDisclosure,
} from './study-disclosure.js';
import { decodeMessage, format, id16, id32, key, sealingKey, signature, signedBytes, timeMs } from './wire.js';

/** Largest request on the wire. */
export const STUDY_SECRET_REQUEST_BYTES_MAX = OWNER_NOTE_BYTES_MAX + 1024;

const TAG = 'radledger/study-secret-request/1';

const bodySchema = struct({
  format,
  chainId: id32,
  source: id32,
  studyId: id32,
  ownerKey: key,
  sealingKey,
  timeMs,
  nonce: id16,
  note: optional(bytes({ max: OWNER_NOTE_BYTES_MAX })),
});
type Body = Infer<typeof bodySchema>;
const schema = struct({ body: bodySchema, signature });

/** A request as received. Whether `ownerKey` owns the study is for the gateway to look up in finalized state. */
export interface StudySecretRequest {
  readonly chainId: Uint8Array;
  readonly source: Uint8Array;
  readonly studyId: Uint8Array;
  readonly ownerKey: Uint8Array;
  /** Ephemeral X25519 key to which the reply is sealed. */
  readonly sealingKey: Uint8Array;
  readonly timeMs: number;
  /** 16 random bytes; remembered by the gateway until `timeMs` plus the skew has passed. */
  readonly nonce: Uint8Array;
  /** A new sealed note that replaces an older one; kept by the source, returned with every later reply. */
  readonly note?: Uint8Array;
  readonly signature: Uint8Array;
  /** SHA-256 of the request's bytes. */
  readonly requestHash: Uint8Array;
}

/** Builds the bytes that are POSTed to `<gatewayApi>/v1/study-secrets`. */
export async function createStudySecretRequest(input: {
  chainId: Uint8Array;
  source: Uint8Array;
  studyId: Uint8Array;
  owner: Signer;
  sealingKey: Uint8Array;
  timeMs: number;
  note?: Uint8Array;
  nonce?: Uint8Array;
}): Promise<Uint8Array> {
  const body: Body = {
    format: 1,
    chainId: input.chainId,
    source: input.source,
    studyId: input.studyId,
    ownerKey: input.owner.publicKey,
    sealingKey: input.sealingKey,
    timeMs: input.timeMs,
    nonce: input.nonce ?? randomBytes(16),
    note: input.note,
  };
  return encodeWith(schema, {
    body,
    signature: await input.owner.sign(signedBytes(TAG, input.chainId, bodySchema, body)),
  });
}

/** @throws {HandoverError} `MALFORMED_MESSAGE` | `KEY_REFUSED` */
export function decodeStudySecretRequest(requestBytes: Uint8Array): StudySecretRequest {
  const { body, signature: ownSignature } = decodeMessage(
    schema,
    requestBytes,
    'study secret request',
    STUDY_SECRET_REQUEST_BYTES_MAX,
  );
  const { format: _, note, ...fields } = body;
  if (!isStrictPublicKey(fields.ownerKey)) {
    throw new HandoverError({ code: 'KEY_REFUSED', field: 'ownerKey' }, 'not an owner key');
  }
  return {
    ...fields,
    ...(note === undefined ? {} : { note }),
    signature: ownSignature,
    requestHash: sha256(requestBytes),
  };
}

/**
 * Checks chain, source, time and signature of a request. Not checked: ownership, and whether the nonce is new.
 * @throws {HandoverError} `NOT_FOR_US` | `EXPIRED` (also for a time too far ahead) | `SIGNATURE_INVALID`
 */
export async function verifyStudySecretRequest(
  request: StudySecretRequest,
  expected: { chainId: Uint8Array; source: Uint8Array; nowMs: number },
): Promise<void> {
  requireFresh(request, expected);
  const { signature: ownSignature, requestHash: _, note, ...fields } = request;
  const message = signedBytes(TAG, request.chainId, bodySchema, { format: 1, ...fields, note });
  if (!(await verifyFast(request.ownerKey, message, ownSignature))) {
    throw new HandoverError({ code: 'SIGNATURE_INVALID', field: 'signature' }, 'not signed by the owner key');
  }
}

/**
 * Answers a verified request of the study's current owner.
 * @param input.signer - the source's current signing key
 * @throws {HandoverError} `NOT_FOR_US` | `TEXT_REFUSED` | `STUDY_ID_MISMATCH` | `KEY_REFUSED`
 */
export function sealStudySecretReply(input: {
  request: StudySecretRequest;
  disclosure: StudyDisclosure;
  signer: Signer;
}): Promise<Uint8Array> {
  const { request, disclosure, signer } = input;
  return sealDisclosure({
    purpose: 'radledger/study-secret-reply/1',
    chainId: request.chainId,
    requestHash: request.requestHash,
    ownerKey: request.ownerKey,
    sealingKey: request.sealingKey,
    disclosure,
    signer,
  });
}

/**
 * Opens the answer to a study secret request.
 * @param input.request - the bytes that were sent
 * @param input.signingKey - the source's current signing key, from its cell on the ledger
 * @throws {HandoverError} see `openDisclosure`
 */
export function openStudySecretReply(input: {
  request: Uint8Array;
  sealed: Uint8Array;
  sealingKeyPair: SealingKeyPair;
  signingKey: Uint8Array;
}): Promise<SignedStudyDisclosure> {
  const { chainId, ownerKey, source } = decodeStudySecretRequest(input.request);
  return openDisclosure({
    purpose: 'radledger/study-secret-reply/1',
    chainId,
    requestHash: sha256(input.request),
    ownerKey,
    source,
    signingKey: input.signingKey,
    sealed: input.sealed,
    sealingKeyPair: input.sealingKeyPair,
  });
}
