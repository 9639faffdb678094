/**
 * What a source tells the owner of a study: salts of the current era, Study Instance UID, label. Signed by the source,
 * bound to the request it answers, sealed to the key that the request names. Spec: docs/spec/links.md, section 6.
 */
import {
  bytes,
  encodeCanonical,
  encodeWith,
  equalBytes,
  type Infer,
  literal,
  optional,
  type Schema,
  type Signer,
  struct,
  uint,
  verifyFast,
} from '@radledger/primitives';
import { studyIdOf } from '@radledger/transactions';
import { HandoverError } from './errors.js';
import { type CheckedIdentity, checkedIdentity } from './identity-check.js';
import { validatePlainText, validateStudyInstanceUid } from './plain-text.js';
import { openSealed, type SealContext, type SealingKeyPair, sealTo } from './sealing.js';
import { decodeMessage, id32, key, label, signature, signedBytes, studyInstanceUid, timeMs } from './wire.js';

/** Largest note an owner may leave at the source, sealed (16 KiB of text and the seal around it). */
export const OWNER_NOTE_BYTES_MAX = 16 * 1024 + 256;

const BYTES_MAX = OWNER_NOTE_BYTES_MAX + 2048;

const ownerNote = struct({ writtenAtMs: timeMs, sealed: bytes({ max: OWNER_NOTE_BYTES_MAX }) });
const fields = {
  requestHash: id32,
  source: id32,
  studyId: id32,
  ownerKey: key,
  era: uint(),
  studySalt: id32,
  contentSalt: id32,
  grantSalt: id32,
  studyInstanceUid,
  label,
  issuedAtMs: timeMs,
  note: optional(ownerNote),
};
const body1 = struct({ format: literal(1), ...fields });
/** Says besides how the source knew who she is. */
const body2 = struct({ format: literal(2), ...fields, identity: checkedIdentity });
type Body = Infer<typeof body1> | Infer<typeof body2>;
const bodySchema: Schema<Body> = {
  encode: (body) => (body.format === 2 ? body2.encode(body) : body1.encode(body)),
  decode: (value, path) => (Array.isArray(value) && value[0] === 2 ? body2 : body1).decode(value, path),
};
const schema = struct({ body: bodySchema, signature });

/** The owner's last note as the source keeps it: opaque to the source, sealed under a key that only her words give. */
export interface OwnerNote {
  /** Time of the request that left it. */
  readonly writtenAtMs: number;
  readonly sealed: Uint8Array;
}

/** All that an owner needs to grant, read and recognise her study. */
export interface StudyDisclosure {
  readonly source: Uint8Array;
  readonly studyId: Uint8Array;
  readonly ownerKey: Uint8Array;
  /** The era of the study cell to which `grantSalt` belongs. */
  readonly era: number;
  readonly studySalt: Uint8Array;
  readonly contentSalt: Uint8Array;
  readonly grantSalt: Uint8Array;
  readonly studyInstanceUid: string;
  /** What the owner is shown, e.g. "MRI, knee, 20 Nov 2026"; at most 128 bytes. */
  readonly label: string;
  readonly issuedAtMs: number;
  readonly note?: OwnerNote;
  /** How the source knew who she is; only for readers of format 2. */
  readonly identity?: CheckedIdentity;
}

/** A disclosure that the owner can keep as the source's receipt. */
export interface SignedStudyDisclosure {
  readonly disclosure: StudyDisclosure;
  /** The signed bytes' body and signature as received: what the receipt is verified from. */
  readonly receipt: Uint8Array;
}

/** Which exchange a disclosure belongs to; keeps one from being passed off as the other. */
export type DisclosurePurpose = 'radledger/claim-reply/1' | 'radledger/study-secret-reply/1';

interface Binding {
  readonly purpose: DisclosurePurpose;
  readonly chainId: Uint8Array;
  /** SHA-256 of the request's bytes. */
  readonly requestHash: Uint8Array;
  readonly ownerKey: Uint8Array;
}

/** Signs and seals a disclosure. @throws {HandoverError} `TEXT_REFUSED` | `STUDY_ID_MISMATCH` | `KEY_REFUSED` */
export async function sealDisclosure(
  input: Binding & { disclosure: StudyDisclosure; signer: Signer; sealingKey: Uint8Array },
): Promise<Uint8Array> {
  const { purpose, chainId, requestHash, disclosure, signer } = input;
  validate(disclosure, input);
  const { note, identity, ...told } = disclosure;
  const body: Body =
    identity === undefined
      ? { format: 1, requestHash, ...told, note }
      : { format: 2, requestHash, ...told, note, identity };
  const signed = encodeWith(schema, {
    body,
    signature: await signer.sign(signedBytes(purpose, chainId, bodySchema, body)),
  });
  return sealTo(input.sealingKey, contextOf(input), signed);
}

/**
 * Opens a disclosure and checks the source's signature, the request it answers and that the salts give the study id.
 * @param input.signingKey - the source's current signing key, from its proven cell
 * @throws {HandoverError} `MALFORMED_MESSAGE` | `SEAL_BROKEN` | `SIGNATURE_INVALID` | `NOT_FOR_US` | `STUDY_ID_MISMATCH`
 */
export async function openDisclosure(
  input: Binding & { sealed: Uint8Array; sealingKeyPair: SealingKeyPair; source: Uint8Array; signingKey: Uint8Array },
): Promise<SignedStudyDisclosure> {
  const receipt = await openSealed(input.sealingKeyPair, contextOf(input), input.sealed);
  const { body, signature: ownSignature } = decodeMessage(schema, receipt, 'study disclosure', BYTES_MAX);
  const message = signedBytes(input.purpose, input.chainId, bodySchema, body);
  if (!(await verifyFast(input.signingKey, message, ownSignature))) {
    throw new HandoverError({ code: 'SIGNATURE_INVALID', field: 'signature' }, 'not signed by the source');
  }
  const { format: _, requestHash, note, ...told } = body;
  if (!equalBytes(requestHash, input.requestHash)) throw notForUs('requestHash');
  if (!equalBytes(told.source, input.source)) throw notForUs('source');
  const disclosure: StudyDisclosure = { ...told, ...(note === undefined ? {} : { note }) };
  validate(disclosure, input);
  return { disclosure, receipt };
}

/**
 * How the source knew who she is, as a receipt of `openDisclosure` has it; undefined when it does not say.
 * @throws {HandoverError} `MALFORMED_MESSAGE`
 */
export function identityIn(receipt: Uint8Array): CheckedIdentity | undefined {
  const { body } = decodeMessage(schema, receipt, 'study disclosure', BYTES_MAX);
  return body.format === 2 ? body.identity : undefined;
}

function validate(disclosure: StudyDisclosure, { ownerKey }: Binding): void {
  validateStudyInstanceUid(disclosure.studyInstanceUid);
  validatePlainText(disclosure.label, { field: 'label', bytesMax: 128 });
  if (!equalBytes(disclosure.ownerKey, ownerKey)) throw notForUs('ownerKey');
  if (!equalBytes(studyIdOf(disclosure), disclosure.studyId)) {
    throw new HandoverError({ code: 'STUDY_ID_MISMATCH' }, 'salt, source and Study Instance UID give another study id');
  }
}

function contextOf({ purpose, chainId, requestHash, ownerKey }: Binding): SealContext {
  return { info: purpose, aad: encodeCanonical([chainId, requestHash, key.encode(ownerKey)]) };
}

function notForUs(field: string): HandoverError {
  return new HandoverError({ code: 'NOT_FOR_US', field }, `the disclosure names another ${field}`);
}
