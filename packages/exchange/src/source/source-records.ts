/** What an image source keeps, and how it is written. Spec: docs/spec/exchange-records.md, section 3. */
import {
  ERASURE_NOTE_BYTES_MAX,
  IDENTITY_CHECKS,
  OWNER_NOTE_BYTES_MAX,
  PREKEYS_MAX,
  SEALED_BYTES_MAX,
} from '@radledger/handover';
import { bytes, flag, type Infer, list, literal, optional, struct, text, uint } from '@radledger/primitives';
import type { RecordKind } from '../exchange-store.js';
import { grown } from '../grown.js';
import { oneOf } from '../one-of.js';

const format = literal(1);
const id32 = bytes({ length: 32 });
const transactionBytes = bytes({ max: 65_536 });
const failureCode = text({ max: 64 });
const MEBIBYTE = 1_048_576;

/** The source's own directory entry: one record. */
export const selfSchema = struct({
  format,
  source: id32,
  /** Signed bytes of the newest Define or Move Source; kept until the next one. */
  transaction: optional(transactionBytes),
  /** When that transaction was finalized. */
  height: optional(uint()),
  /** Why it was refused. */
  failure: optional(failureCode),
});
export type SelfRecord = Infer<typeof selfSchema>;
export const selfRecords: RecordKind<SelfRecord> = { name: 'self', schema: selfSchema, bytesMax: 131_072 };
/** Id of the one record of `selfRecords`. */
export const SELF = 'source';

export type StudyState = 'invited' | 'claimed' | 'planned' | 'published' | 'retired' | 'failed';
const STUDY_STATES: readonly StudyState[] = ['invited', 'claimed', 'planned', 'published', 'retired', 'failed'];
export type PendingKind = 'define-study' | 'amend-study' | 'retire-study';
const PENDING_KINDS: readonly PendingKind[] = ['define-study', 'amend-study', 'retire-study'];

/** A transaction on its way: signed once, stored before it is sent, sent again until the ledger has decided. */
const pendingSchema = struct({
  kind: oneOf(PENDING_KINDS),
  transaction: transactionBytes,
  content: optional(id32),
});

const acceptedKey = struct({ ownerKey: id32, acceptance: bytes({ length: 64 }) });

/** How the source knew who the patient is. */
export const identitySchema = struct({ checkedBy: oneOf(IDENTITY_CHECKS), checkedAtMs: uint() });

/** The claim that was accepted, and what it was answered. */
const claimSchema = struct({
  ownerKey: id32,
  acceptance: bytes({ length: 64 }),
  /** Keys for repeat visits, each to be used once. */
  prekeys: list(acceptedKey, { max: PREKEYS_MAX }),
  claimHash: id32,
  /** Sealed; given again, byte for byte, to the same claim. */
  reply: bytes({ max: SEALED_BYTES_MAX }),
});

/** One study and one study secret; the id of the record is the studyId in hex. */
export const studySchema = struct({
  format,
  studyId: id32,
  studyInstanceUid: text({ max: 64 }),
  label: text({ max: 128 }),
  secret: id32,
  /** The salt of each era; the last is the current one. */
  grantSalts: list(id32, { max: 65_536, min: 1 }),
  invitationId: bytes({ length: 16 }),
  state: oneOf(STUDY_STATES),
  claim: optional(claimSchema),
  /** What the owner left here for her other devices; opaque. */
  ownerNote: optional(struct({ writtenAtMs: uint(), sealed: bytes({ max: OWNER_NOTE_BYTES_MAX }) })),
  /** Commitment of the newest plan made; on the ledger once `pending` is settled. */
  content: optional(id32),
  pending: optional(pendingSchema),
  /** When Define Study was finalized. */
  height: optional(uint()),
  failure: optional(failureCode),
  /** Held back until then, Unix ms; see `claim-spread.ts`. */
  publishAtMs: optional(uint()),
  /** Unknown of a study that an earlier version invited to. */
  identity: optional(identitySchema),
});
export type StudyRecord = Infer<typeof studySchema>;
export const studyRecords: RecordKind<StudyRecord> = {
  name: 'study',
  // Held back until nothing, before claims could be spread; and no check, before there was a place for it.
  schema: grown(grown(studySchema, 16, [[]]), 15, [[]]),
  bytesMax: 4 * MEBIBYTE,
};

/** From a study in the archive (by pseudonym of its UID) to the studyId it has now. */
export const worklistRecords: RecordKind<Uint8Array> = { name: 'worklist', schema: id32, bytesMax: 64 };

/** Studies with something left to do, so that a restart need not read all of them; the id is the studyId in hex. */
export const workRecords: RecordKind<0> = { name: 'work', schema: literal(0), bytesMax: 8 };

/** Encoded file-set plans; the id is `<studyId>.<content>`. */
export const planRecords: RecordKind<Uint8Array> = {
  name: 'plan',
  schema: bytes({ max: 160 * MEBIBYTE }),
  bytesMax: 160 * MEBIBYTE + 16,
};

/** One invitation; the id of the record is the invitation id in hex. */
export const invitationSchema = struct({
  format,
  studyId: id32,
  secret: id32,
  code: text({ max: 6, min: 6 }),
  createdAtMs: uint(),
  expiresAtMs: uint(),
  wrongTries: uint(16),
  /** Voided by a newer invitation, or by the fifth wrong code. */
  closed: flag,
});
export type InvitationRecord = Infer<typeof invitationSchema>;
export const invitationRecords: RecordKind<InvitationRecord> = {
  name: 'invitation',
  schema: invitationSchema,
  bytesMax: 1024,
};

/** A Revoke Access, Retire Study or Move Owner seen and not settled; the id is the transaction id in hex. */
export const suspensionSchema = struct({
  format,
  studyId: id32,
  /** The grant it names; none when it suspends the whole study. */
  tag: optional(id32),
  transaction: transactionBytes,
  seenAtMs: uint(),
});
export type SuspensionRecord = Infer<typeof suspensionSchema>;
export const suspensionRecords: RecordKind<SuspensionRecord> = {
  name: 'suspension',
  schema: suspensionSchema,
  bytesMax: 131_072,
};

/** Until when a message must be refused; the id is `<signer>.<SHA-256 of the message id>`. */
export const replayRecords: RecordKind<number> = { name: 'replay', schema: uint(), bytesMax: 16 };

/** Studies that are to be erased as soon as they are off the ledger; the id is the studyId in hex. */
export const erasingRecords: RecordKind<0> = { name: 'erasing', schema: literal(0), bytesMax: 8 };

/** Notes of studies that were erased; the id is the studyId in hex, and nothing else is left of them. */
export const erasureNoteRecords: RecordKind<Uint8Array> = {
  name: 'erasure-note',
  schema: bytes({ max: ERASURE_NOTE_BYTES_MAX }),
  bytesMax: ERASURE_NOTE_BYTES_MAX + 16,
};
