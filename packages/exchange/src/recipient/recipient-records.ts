/** What an image recipient keeps, and how it is written. Spec: docs/spec/exchange-records.md, section 5. */
import { GRANT_NOTICE_BYTES_MAX } from '@radledger/handover';
import { bytes, type Infer, literal, optional, struct, text, toHex, uint } from '@radledger/primitives';
import type { ExchangeStore, RecordKind } from '../exchange-store.js';
import { oneOf } from '../one-of.js';
import { localPatientSchema } from './waiting-studies.js';

const format = literal(1);
const id32 = bytes({ length: 32 });

/** An image request and its box; the id of the record is the box id in hex. */
export const requestSchema = struct({
  format,
  boxId: bytes({ length: 16 }),
  reason: text({ max: 200 }),
  wantedUntilMs: uint(),
  createdAtMs: uint(),
  expiresAtMs: uint(),
  sealingPublicKey: id32,
  sealingPrivateKey: id32,
  /** Whom the practice asks for; never leaves the gateway. */
  patient: optional(localPatientSchema),
});
export type RequestRecord = Infer<typeof requestSchema>;
export const requestRecords: RecordKind<RequestRecord> = { name: 'request', schema: requestSchema, bytesMax: 4096 };

/** A sealed notice not opened yet; the id is `<boxId>.<SHA-256 of the notice>`. */
export const noticeRecords: RecordKind<Uint8Array> = {
  name: 'notice',
  schema: bytes({ max: GRANT_NOTICE_BYTES_MAX }),
  bytesMax: GRANT_NOTICE_BYTES_MAX + 16,
};

const RETRIEVAL_STATES = ['waiting', 'allowed', 'fetching', 'matching', 'filing', 'filed', 'failed', 'ended'] as const;
/** `matching`: it was received, and a person is to say whose it is; `filing`: that was said. */
export type RetrievalState = (typeof RETRIEVAL_STATES)[number];

/** One study that a notice told of; same id as its notice had. */
export const retrievalSchema = struct({
  format,
  boxId: bytes({ length: 16 }),
  receivedAtMs: uint(),
  source: id32,
  studyId: id32,
  tag: id32,
  studySalt: id32,
  contentSalt: id32,
  opening: id32,
  studyInstanceUid: text({ max: 64 }),
  label: text({ max: 128 }),
  notAfterMs: uint(),
  state: oneOf(RETRIEVAL_STATES),
  code: optional(text({ max: 64 })),
  bytesReceived: uint(),
  location: optional(text({ max: 4096 })),
});
export type RetrievalRecord = Infer<typeof retrievalSchema>;
export const retrievalRecords: RecordKind<RetrievalRecord> = {
  name: 'retrieval',
  schema: retrievalSchema,
  bytesMax: 8192,
};

/** When the first notice of a study came, Unix ms: the time in every instance of it that is filed under a local patient. */
export const firstNoticeRecords: RecordKind<number> = { name: 'first-notice', schema: uint(), bytesMax: 16 };

/** The id of its `first-notice` record: of a study offered anew it stays the same. */
export function firstNoticeId(
  store: Pick<ExchangeStore, 'pseudonymOf'>,
  { source, studyInstanceUid }: Pick<RetrievalRecord, 'source' | 'studyInstanceUid'>,
): string {
  return store.pseudonymOf(`${toHex(source)} ${studyInstanceUid}`);
}

/** Which content of its study a retrieval filed; the id is its own. */
export const filedContentRecords: RecordKind<Uint8Array> = { name: 'filed-content', schema: id32, bytesMax: 64 };

/** Retrievals that wait for the ledger or were being fetched, so that a restart need not read all of them. */
export const openRetrievalRecords: RecordKind<0> = { name: 'open-retrieval', schema: literal(0), bytesMax: 8 };

/** There when the recipient key was withdrawn. */
export const withdrawalRecords: RecordKind<0> = { name: 'withdrawal', schema: literal(0), bytesMax: 8 };
export const WITHDRAWAL = 'own';
