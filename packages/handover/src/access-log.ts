/** Who looked: an owner's request for the accesses to her study, and the source's answer. Spec: docs/spec/links.md, section 13. */
import {
  bytes,
  encodeCanonical,
  encodeWith,
  equalBytes,
  flag,
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
import { HandoverError } from './errors.js';
import { requireFresh } from './fresh-request.js';
import { openSealed, type SealContext, type SealingKeyPair, sealTo } from './sealing.js';
import { decodeMessage, format, id16, id32, key, sealingKey, signature, signedBytes, timeMs } from './wire.js';

/** Largest request on the wire. */
export const ACCESS_LOG_REQUEST_BYTES_MAX = 1024;
/** Most entries of one answer. */
export const ACCESS_LOG_ENTRIES_MAX = 200;

const REQUEST_TAG = 'radledger/access-log-request/1';
const REPLY_PURPOSE = 'radledger/access-log-reply/1';
const REPLY_BYTES_MAX = 32 * 1024;

const PARTS = ['file-set', 'manifest', 'instances', 'metadata'] as const;
const BASES = ['grant', 'owner', 'delegate', 'emergency'] as const;
const OUTCOMES = ['begun', 'success', 'failure'] as const;

const position = bytes({ length: 10 });
const requestBody = struct({
  format,
  chainId: id32,
  source: id32,
  studyId: id32,
  key,
  sealingKey,
  timeMs,
  nonce: id16,
  before: optional(position),
});
const requestSchema = struct({ body: requestBody, signature });

const replyBody = struct({
  format,
  requestHash: id32,
  source: id32,
  studyId: id32,
  entries: list(
    struct({
      position,
      atMs: timeMs,
      reader: key,
      part: uint(PARTS.length - 1),
      basis: uint(BASES.length - 1),
      outcome: uint(OUTCOMES.length - 1),
      bytes: uint(),
      readings: uint(),
    }),
    { max: ACCESS_LOG_ENTRIES_MAX },
  ),
  isOlderLeft: flag,
  issuedAtMs: timeMs,
});
const replySchema = struct({ body: replyBody, signature });

/** A request as received. Whether `key` owns or manages the study is for the gateway to look up in finalized state. */
export interface AccessLogRequest {
  readonly chainId: Uint8Array;
  readonly source: Uint8Array;
  readonly studyId: Uint8Array;
  /** Of the owner, or of her delegate. */
  readonly key: Uint8Array;
  /** Ephemeral X25519 key to which the reply is sealed. */
  readonly sealingKey: Uint8Array;
  readonly timeMs: number;
  /** 16 random bytes; remembered by the gateway until `timeMs` plus the skew has passed. */
  readonly nonce: Uint8Array;
  /** Only entries before this one: the oldest of an earlier answer, 10 bytes. */
  readonly before: Uint8Array | undefined;
  readonly signature: Uint8Array;
  /** SHA-256 of the request's bytes. */
  readonly requestHash: Uint8Array;
}

/** One reading of a study, or the attempt that the ledger allowed; of instances, what one reader read within ten minutes. */
export interface AccessLogEntry {
  /** Names the entry, and its place: later ones compare higher. 10 bytes. */
  readonly position: Uint8Array;
  /** When it began, the first of several. */
  readonly atMs: number;
  /** The key that read. */
  readonly reader: Uint8Array;
  readonly part: (typeof PARTS)[number];
  readonly basis: (typeof BASES)[number];
  /** `begun`: it runs, or the gateway stopped meanwhile and does not know how it ended; `failure`: one of several, too. */
  readonly outcome: (typeof OUTCOMES)[number];
  /** Bytes that left. */
  readonly bytes: number;
  /** How many readings this stands for, from 1. */
  readonly readings: number;
}

export interface AccessLog {
  readonly source: Uint8Array;
  readonly studyId: Uint8Array;
  /** Newest first, at most 200. */
  readonly entries: readonly AccessLogEntry[];
  /** Whether there are older ones: ask again with `before`. */
  readonly isOlderLeft: boolean;
  readonly issuedAtMs: number;
}

/** Builds the bytes that are POSTed to `<gatewayApi>/v1/access-logs`. */
export async function createAccessLogRequest(input: {
  chainId: Uint8Array;
  source: Uint8Array;
  studyId: Uint8Array;
  signer: Signer;
  sealingKey: Uint8Array;
  timeMs: number;
  before?: Uint8Array;
  nonce?: Uint8Array;
}): Promise<Uint8Array> {
  const { signer, chainId, source, studyId, timeMs: at, before } = input;
  const body: Infer<typeof requestBody> = {
    format: 1,
    chainId,
    source,
    studyId,
    key: signer.publicKey,
    sealingKey: input.sealingKey,
    timeMs: at,
    nonce: input.nonce ?? randomBytes(16),
    before,
  };
  const own = await signer.sign(signedBytes(REQUEST_TAG, chainId, requestBody, body));
  return encodeWith(requestSchema, { body, signature: own });
}

/** @throws {HandoverError} `MALFORMED_MESSAGE` | `KEY_REFUSED` */
export function decodeAccessLogRequest(requestBytes: Uint8Array): AccessLogRequest {
  const { body, signature: own } = decodeMessage(
    requestSchema,
    requestBytes,
    'access log request',
    ACCESS_LOG_REQUEST_BYTES_MAX,
  );
  const { format: _, ...fields } = body;
  if (!isStrictPublicKey(fields.key))
    throw new HandoverError({ code: 'KEY_REFUSED', field: 'key' }, 'not an owner key');
  return { ...fields, signature: own, requestHash: sha256(requestBytes) };
}

/**
 * Checks chain, source, time and signature of a request. Not checked: ownership, and whether the nonce is new.
 * @throws {HandoverError} `NOT_FOR_US` | `EXPIRED` (also for a time too far ahead) | `SIGNATURE_INVALID`
 */
export async function verifyAccessLogRequest(
  request: AccessLogRequest,
  expected: { chainId: Uint8Array; source: Uint8Array; nowMs: number },
): Promise<void> {
  requireFresh(request, expected);
  const { signature: own, requestHash: _, ...fields } = request;
  const message = signedBytes(REQUEST_TAG, request.chainId, requestBody, { format: 1, ...fields });
  if (!(await verifyFast(request.key, message, own))) {
    throw new HandoverError({ code: 'SIGNATURE_INVALID', field: 'signature' }, 'not signed by the key that it names');
  }
}

/**
 * Answers a verified request.
 * @param input.signer - the source's current signing key
 * @throws {HandoverError} `KEY_REFUSED`
 */
export async function sealAccessLog(input: {
  request: AccessLogRequest;
  log: Omit<AccessLog, 'source' | 'studyId'>;
  signer: Signer;
}): Promise<Uint8Array> {
  const { request, log, signer } = input;
  const { source, studyId, requestHash } = request;
  const body: Infer<typeof replyBody> = {
    format: 1,
    requestHash,
    source,
    studyId,
    entries: log.entries.map((entry) => ({
      ...entry,
      part: PARTS.indexOf(entry.part),
      basis: BASES.indexOf(entry.basis),
      outcome: OUTCOMES.indexOf(entry.outcome),
    })),
    isOlderLeft: log.isOlderLeft,
    issuedAtMs: log.issuedAtMs,
  };
  const own = await signer.sign(signedBytes(REPLY_PURPOSE, request.chainId, replyBody, body));
  return sealTo(request.sealingKey, contextOf(request), encodeWith(replySchema, { body, signature: own }));
}

/**
 * Opens the answer and checks who signed it and what it answers.
 * @param input.request - the bytes that were sent
 * @param input.signingKey - the source's current signing key, from its cell on the ledger
 * @returns the log, and the signed bytes: the source's word, to be kept
 * @throws {HandoverError} `MALFORMED_MESSAGE` | `SEAL_BROKEN` | `SIGNATURE_INVALID` | `NOT_FOR_US`
 */
export async function openAccessLog(input: {
  request: Uint8Array;
  sealed: Uint8Array;
  sealingKeyPair: SealingKeyPair;
  signingKey: Uint8Array;
}): Promise<{ readonly log: AccessLog; readonly receipt: Uint8Array }> {
  const request = decodeAccessLogRequest(input.request);
  const receipt = await openSealed(input.sealingKeyPair, contextOf(request), input.sealed);
  const { body, signature: own } = decodeMessage(replySchema, receipt, 'access log', REPLY_BYTES_MAX);
  const message = signedBytes(REPLY_PURPOSE, request.chainId, replyBody, body);
  if (!(await verifyFast(input.signingKey, message, own))) {
    throw new HandoverError({ code: 'SIGNATURE_INVALID', field: 'signature' }, 'not signed by the source');
  }
  for (const field of ['requestHash', 'source', 'studyId'] as const) {
    if (!equalBytes(body[field], request[field])) {
      throw new HandoverError({ code: 'NOT_FOR_US', field }, `the access log names another ${field}`);
    }
  }
  const { source, studyId, isOlderLeft, issuedAtMs } = body;
  const entries = body.entries.map((entry) => ({
    ...entry,
    part: PARTS[entry.part] as AccessLogEntry['part'],
    basis: BASES[entry.basis] as AccessLogEntry['basis'],
    outcome: OUTCOMES[entry.outcome] as AccessLogEntry['outcome'],
  }));
  return { log: { source, studyId, entries, isOlderLeft, issuedAtMs }, receipt };
}

function contextOf({ chainId, requestHash, key: owner }: AccessLogRequest): SealContext {
  return { info: REPLY_PURPOSE, aad: encodeCanonical([chainId, requestHash, key.encode(owner)]) };
}
