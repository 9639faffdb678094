/** A source's signed word that it erased what told whose a study on the ledger is, and what stays. Spec: docs/spec/links.md, section 20. */
import {
  encodeCanonical,
  encodeWith,
  equalBytes,
  type Infer,
  list,
  optional,
  type Signer,
  struct,
  uint,
  verifyFast,
} from '@radledger/primitives';
import { HandoverError } from './errors.js';
import type { OwnerRequest } from './owner-request.js';
import { openSealed, type SealContext, type SealingKeyPair, sealTo } from './sealing.js';
import { decodeMessage, format, id32, key, signature, signedBytes, timeMs } from './wire.js';

/** Largest note, in bytes. */
export const ERASURE_NOTE_BYTES_MAX = 512;

const TAG = 'radledger/erasure-note/1';
const ANSWER_PURPOSE = 'radledger/erasure-answer/1';

/** What a source erases, in the order of their numbers. */
export const ERASED_PARTS = ['study', 'claim', 'readings', 'messages', 'standing-link'] as const;
/** What can stay, in the order of their numbers. */
export const STAYING_PARTS = ['ledger', 'audit-trail', 'disclosures', 'archive', 'recipients'] as const;

const noteBody = struct({
  format,
  chainId: id32,
  source: id32,
  studyId: id32,
  erasedAtMs: timeMs,
  erased: list(uint(ERASED_PARTS.length - 1), { max: ERASED_PARTS.length, min: 1 }),
  stays: list(struct({ what: uint(STAYING_PARTS.length - 1), untilMs: optional(timeMs) }), {
    max: STAYING_PARTS.length,
  }),
});
const noteSchema = struct({ body: noteBody, signature });

/** What was erased about one study, and what was not. Tells nothing of a patient: whoever has no record of the study learns nothing from it. */
export interface ErasureNote {
  readonly chainId: Uint8Array;
  readonly source: Uint8Array;
  readonly studyId: Uint8Array;
  readonly erasedAtMs: number;
  readonly erased: readonly (typeof ERASED_PARTS)[number][];
  /** `untilMs`: when the source erases that too, Unix ms; undefined: it has no end, or not one that the source sets. */
  readonly stays: readonly { readonly what: (typeof STAYING_PARTS)[number]; readonly untilMs: number | undefined }[];
}

/** @param signer - the source's current signing key */
export async function createErasureNote(note: ErasureNote, signer: Signer): Promise<Uint8Array> {
  const { chainId, source, studyId, erasedAtMs } = note;
  const body: Infer<typeof noteBody> = {
    format: 1,
    chainId,
    source,
    studyId,
    erasedAtMs,
    erased: note.erased.map((part) => ERASED_PARTS.indexOf(part)),
    stays: note.stays.map(({ what, untilMs }) => ({ what: STAYING_PARTS.indexOf(what), untilMs })),
  };
  return encodeWith(noteSchema, { body, signature: await signer.sign(signedBytes(TAG, chainId, noteBody, body)) });
}

/**
 * Reads a note that was verified when it came, or that somebody is to verify with `verifyErasureNote`.
 * @throws {HandoverError} `MALFORMED_MESSAGE`, also when a part is named twice or out of order
 */
export function decodeErasureNote(encoded: Uint8Array): ErasureNote {
  const { format: _, erased, stays, ...fields } = read(encoded).body;
  return {
    ...fields,
    erased: erased.map((part) => ERASED_PARTS[part] as ErasureNote['erased'][number]),
    stays: stays.map(({ what, untilMs }) => ({ what: STAYING_PARTS[what] as (typeof STAYING_PARTS)[number], untilMs })),
  };
}

/**
 * Checks what a note is about and who signed it.
 * @param expected.signingKey - the source's current signing key, from its cell on the ledger: a source signs what it erased anew when it has another key
 * @throws {HandoverError} `MALFORMED_MESSAGE` | `NOT_FOR_US` | `SIGNATURE_INVALID`
 */
export async function verifyErasureNote(
  encoded: Uint8Array,
  expected: Pick<ErasureNote, 'chainId' | 'source' | 'studyId'> & { readonly signingKey: Uint8Array },
): Promise<ErasureNote> {
  const { body, signature: own } = read(encoded);
  for (const field of ['chainId', 'source', 'studyId'] as const) {
    if (equalBytes(body[field], expected[field])) continue;
    throw new HandoverError({ code: 'NOT_FOR_US', field }, `the erasure note names another ${field}`);
  }
  if (!(await verifyFast(expected.signingKey, signedBytes(TAG, body.chainId, noteBody, body), own))) {
    throw new HandoverError({ code: 'SIGNATURE_INVALID', field: 'signature' }, 'not signed by the source');
  }
  return decodeErasureNote(encoded);
}

/** Answers a verified owner request about a study that was erased. @param note - the bytes of its note */
export function sealErasureNote(request: OwnerRequest, note: Uint8Array): Promise<Uint8Array> {
  return sealTo(request.sealingKey, contextOf(request), note);
}

/** The bytes of the note in an answer, still to be verified. @throws {HandoverError} `MALFORMED_MESSAGE` | `SEAL_BROKEN` */
export function openErasureAnswer(input: {
  readonly request: OwnerRequest;
  readonly sealed: Uint8Array;
  readonly sealingKeyPair: SealingKeyPair;
}): Promise<Uint8Array> {
  return openSealed(input.sealingKeyPair, contextOf(input.request), input.sealed);
}

function read(encoded: Uint8Array): Infer<typeof noteSchema> {
  const note = decodeMessage(noteSchema, encoded, 'erasure note', ERASURE_NOTE_BYTES_MAX);
  const { erased, stays } = note.body;
  if (isAscending(erased) && isAscending(stays.map(({ what }) => what))) return note;
  const info = { code: 'MALFORMED_MESSAGE', message: 'erasure note' } as const;
  throw new HandoverError(info, 'expected each part once, in the order of their numbers');
}

function isAscending(numbers: readonly number[]): boolean {
  return numbers.every((number, index) => index === 0 || number > (numbers[index - 1] ?? 0));
}

function contextOf({ chainId, requestHash, key: owner }: OwnerRequest): SealContext {
  return { info: ANSWER_PURPOSE, aad: encodeCanonical([chainId, requestHash, key.encode(owner)]) };
}
