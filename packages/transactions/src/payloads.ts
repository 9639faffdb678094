/** The payload of each kind, in the field order of its bytes. Spec: docs/spec/transactions.md, section 3. */
import {
  algorithmBytes,
  bytes,
  type CanonicalValue,
  type Infer,
  list,
  optional,
  type Schema,
  struct,
  text,
  uint,
} from '@radledger/primitives';
import { admissionSchema } from './admission.js';
import { choice } from './choice.js';
import { TransactionError } from './errors.js';
import {
  KEY_ROLE_NUMBERS,
  type KeyRole,
  RETIRE_REASON_NUMBERS,
  type RetireReason,
  type TransactionKind,
} from './kinds.js';
import { BASE_URL_BYTES_MAX, SOURCE_NAME_BYTES_MAX } from './directory-entry.js';

const id = bytes({ length: 32 });
const key = algorithmBytes(32);
const signature = algorithmBytes(64);
const name = text({ max: SOURCE_NAME_BYTES_MAX });
const baseUrl = text({ max: BASE_URL_BYTES_MAX });
/** SHA-256 of the SubjectPublicKeyInfo of a TLS leaf certificate; any of 1 to 3 matches. */
const tlsPins = list(id, { max: 3 });

/** Numbers of the key roles, checked. */
export const keyRoleSchema: Schema<KeyRole> = choice(
  KEY_ROLE_NUMBERS,
  (role) => new TransactionError({ code: 'ROLE_UNKNOWN', role }, 'expected 1 signing, 2 node or 3 vrf'),
);

/** Numbers of the reason classes of Retire Study, checked. */
export const retireReasonSchema: Schema<RetireReason> = choice(
  RETIRE_REASON_NUMBERS,
  (reason) => new TransactionError({ code: 'RETIRE_REASON_UNKNOWN', reason }, 'expected a reason class from 0 to 4'),
);

const defineSource = struct({
  source: id,
  name,
  baseUrl,
  tlsPins,
  nodeKey: key,
  nodeKeyProof: signature,
  vrfKey: key,
  vrfKeyProof: signature,
  admission: optional(admissionSchema),
});
const moveSource = struct({ source: id, baseUrl, tlsPins, name });
const rotateKey = struct({ source: id, role: keyRoleSchema, newKey: key, proof: signature });
const defineStudy = struct({ source: id, studyId: id, owner: key, acceptance: signature, content: id });
const amendStudy = struct({ source: id, studyId: id, content: id });
const retireStudy = struct({ source: id, studyId: id, reason: retireReasonSchema });
const allowAccess = struct({
  source: id,
  studyId: id,
  tag: id,
  sequence: uint(),
  notAfterMs: uint(),
  scope: uint(255),
  consentReceiptHash: optional(id),
});
const revokeAccess = struct({ source: id, studyId: id, tag: id, sequence: uint() });
const setDelegate = struct({
  source: id,
  studyId: id,
  delegate: optional(struct({ key, acceptance: signature })),
  notAfterMs: uint(),
});
/** Longest evidence in a Report Misconduct, in bytes. */
export const EVIDENCE_BYTES_MAX = 49_152;
const reportMisconduct = struct({
  source: id,
  nodeKey: key,
  epoch: uint(),
  evidence: bytes({ min: 1, max: EVIDENCE_BYTES_MAX }),
});
const resume = struct({ source: id });
const attest = struct({
  source: id,
  admitUntilHeight: optional(uint()),
  studies: optional(struct({ period: uint(), countMax: uint(1_000_000_000) })),
});
const moveOwner = struct({ source: id, studyId: id, newOwner: key, acceptance: signature });

/** The schema of each kind's payload. */
export const PAYLOAD_SCHEMAS = {
  'define-source': defineSource,
  'move-source': moveSource,
  'rotate-key': rotateKey,
  'define-study': defineStudy,
  'amend-study': amendStudy,
  'retire-study': retireStudy,
  'allow-access': allowAccess,
  'revoke-access': revokeAccess,
  'set-delegate': setDelegate,
  'move-owner': moveOwner,
  'report-misconduct': reportMisconduct,
  attest,
  resume,
} as const satisfies Record<
  TransactionKind,
  { encode(value: never): CanonicalValue; decode(value: CanonicalValue): unknown }
>;

/** Signed by the source's signing key: a new directory entry, or the endpoint of a genesis source. */
export type DefineSourcePayload = Infer<typeof defineSource>;
/** Signed by the source: another base URL, other TLS pins, another name. */
export type MoveSourcePayload = Infer<typeof moveSource>;
/** Signed by the source: a new key for one role, with the new key's proof of possession. */
export type RotateKeyPayload = Infer<typeof rotateKey>;
/** Signed by the source, with the owner's acceptance. */
export type DefineStudyPayload = Infer<typeof defineStudy>;
/** Signed by the source: a new content commitment (D7). */
export type AmendStudyPayload = Infer<typeof amendStudy>;
/** Signed by the source: the study is no longer served. */
export type RetireStudyPayload = Infer<typeof retireStudy>;
/** Signed by the owner or the delegate. `notAfterMs` is Unix ms; `scope` 0 = view; the receipt hash is salted. */
export type AllowAccessPayload = Infer<typeof allowAccess>;
/** Signed by the owner or the delegate. */
export type RevokeAccessPayload = Infer<typeof revokeAccess>;
/** Signed by the owner: one delegate, or none (then `notAfterMs` is 0). */
export type SetDelegatePayload = Infer<typeof setDelegate>;
/** Signed by the owner, with the new owner's acceptance. */
export type MoveOwnerPayload = Infer<typeof moveOwner>;
/**
 * Signed by anyone: what a source's node key did in one epoch. `evidence` is the consensus module's; docs/spec/evidence.md.
 */
export type ReportMisconductPayload = Infer<typeof reportMisconduct>;

/**
 * Signed by an authority of genesis: a source may be defined up to a height, or at most so many of its studies of one attestation
 * period are real, or both.
 */
export type AttestPayload = Infer<typeof attest>;

/** Signed by the source: it is back, and leads and votes again. */
export type ResumePayload = Infer<typeof resume>;

export interface Payloads {
  readonly 'define-source': DefineSourcePayload;
  readonly 'move-source': MoveSourcePayload;
  readonly 'rotate-key': RotateKeyPayload;
  readonly 'define-study': DefineStudyPayload;
  readonly 'amend-study': AmendStudyPayload;
  readonly 'retire-study': RetireStudyPayload;
  readonly 'allow-access': AllowAccessPayload;
  readonly 'revoke-access': RevokeAccessPayload;
  readonly 'set-delegate': SetDelegatePayload;
  readonly 'move-owner': MoveOwnerPayload;
  readonly 'report-misconduct': ReportMisconductPayload;
  readonly attest: AttestPayload;
  readonly resume: ResumePayload;
}

/** The payload of kind `K`. */
export type PayloadOf<K extends TransactionKind> = Payloads[K];
