/** What the privacy office of a source has to see to: entries, until somebody closes them. Spec: docs/spec/gateway-api.md, section 2. */
import { PRIVACY_TEXT_BYTES_MAX } from '@radledger/handover';
import { bytes, type Infer, literal, optional, randomBytes, struct, text, toHex, uint } from '@radledger/primitives';
import type { AuditEvent } from '../audit/audit-event.js';
import type { Audit } from '../audit/audit-trail.js';
import { ExchangeError } from '../errors.js';
import { type Change, type ExchangeStore, put, type RecordKind } from '../exchange-store.js';
import { oneOf } from '../one-of.js';

/** Entries of one study that its owner made and nobody closed yet. */
const OPEN_BY_OWNER_MAX = 20;

const schema = struct({
  format: literal(1),
  atMs: uint(),
  kind: oneOf([
    'wrong-patient',
    'sent-by-same-link',
    'message',
    'replacement-asked',
    'replacement-confirmed',
    'replacement-stopped',
    'access-replaced',
    'emergency',
  ]),
  by: oneOf(['desk', 'owner', 'source']),
  studyId: bytes({ length: 32 }),
  /** Kept here too: the study's own record may be erased. */
  studyInstanceUid: text({ max: 64 }),
  /** What the owner wrote, how the desk knew the patient, or who released a study in an emergency, and why. */
  text: text({ max: PRIVACY_TEXT_BYTES_MAX }),
  closedAtMs: optional(uint()),
});
type PrivacyRecord = Infer<typeof schema>;
/** The id is `<studyId>.<8 random bytes>`. */
export const privacyRecords: RecordKind<PrivacyRecord> = { name: 'privacy', schema, bytesMax: 2048 };

export type PrivacyEntry = Pick<PrivacyRecord, 'kind' | 'by' | 'studyId' | 'studyInstanceUid' | 'text'>;

/** An entry as it stands in the book. Holds patient data: for the operator alone. */
export type KeptPrivacyEntry = PrivacyRecord & { readonly entryId: string };

export interface PrivacyOffice {
  /** Writes an entry together with what it tells of, then records it in the audit trail. */
  enter(entry: PrivacyEntry, more?: readonly Change[]): Promise<void>;
  /** The entry as a change, for a batch of somebody else's; `announce` belongs behind it. */
  changeOf(entry: PrivacyEntry): Change;
  announce(entry: PrivacyEntry): Promise<void>;
  /** Enters what an owner wrote. @throws {ExchangeError} `TOO_MANY_REQUESTS` while 20 of her entries are open */
  tell(entry: Omit<PrivacyEntry, 'kind' | 'by'>): Promise<void>;
  /** Oldest first. */
  list(): Promise<readonly KeptPrivacyEntry[]>;
  /** @throws {ExchangeError} `NOT_FOUND` */
  close(entryId: string): Promise<void>;
}

export function createPrivacyOffice(options: {
  readonly store: ExchangeStore;
  readonly source: Uint8Array;
  readonly endpointUrl: string;
  readonly audit: Audit;
  readonly now: () => number;
  readonly onFailure: (error: unknown) => void;
}): PrivacyOffice {
  const { store, now } = options;

  let lastMs = 0;
  const changeOf = (entry: PrivacyEntry): Change => {
    // Two entries of one millisecond have an order too.
    lastMs = Math.max(now(), lastMs + 1);
    const id = `${toHex(entry.studyId)}.${toHex(randomBytes(8))}`;
    return put(privacyRecords, id, { format: 1, atMs: lastMs, ...entry, closedAtMs: undefined });
  };
  // What was done is done, also when the trail cannot be written: then it says so, and the entry stays.
  const announce = async ({ kind, studyId }: PrivacyEntry): Promise<void> =>
    options.audit.record(deskEventOf({ ...options, kind, studyId })).catch(options.onFailure);

  const enter = async (entry: PrivacyEntry, more: readonly Change[] = []): Promise<void> => {
    await store.commit([...more, changeOf(entry)]);
    await announce(entry);
  };

  return {
    changeOf,
    announce,
    enter,
    async tell(entry) {
      const known = await store.list(privacyRecords, `${toHex(entry.studyId)}.`);
      const open = known.filter(({ value }) => value.by === 'owner' && value.closedAtMs === undefined);
      if (open.length >= OPEN_BY_OWNER_MAX) {
        const message = 'the privacy office has not answered the last messages yet';
        throw new ExchangeError({ code: 'TOO_MANY_REQUESTS' }, message);
      }
      await enter({ ...entry, kind: 'message', by: 'owner' });
    },
    async list() {
      const all = await store.list(privacyRecords);
      return all.map(({ id, value }) => ({ ...value, entryId: id })).toSorted((a, b) => a.atMs - b.atMs);
    },
    async close(entryId) {
      const entry = ENTRY_ID.test(entryId) ? await store.get(privacyRecords, entryId) : undefined;
      if (entry === undefined) throw new ExchangeError({ code: 'NOT_FOUND' }, 'there is no such entry');
      if (entry.closedAtMs === undefined)
        await store.commit([put(privacyRecords, entryId, { ...entry, closedAtMs: now() })]);
    },
  };
}

/** What the audit trail records of something that was done at the desk. */
export function deskEventOf(about: {
  readonly kind: string;
  readonly studyId: Uint8Array;
  readonly source: Uint8Array;
  readonly endpointUrl: string;
}): AuditEvent {
  return {
    side: 'source',
    transaction: 'DESK',
    phase: 'ended',
    outcome: 'success',
    id: toHex(randomBytes(16)),
    requestDigest: '',
    endpointUrl: about.endpointUrl,
    reader: '',
    documents: [{ documentUniqueId: toHex(about.studyId), repositoryUniqueId: toHex(about.source) }],
    code: about.kind.toUpperCase().replaceAll('-', '_'),
  };
}

const ENTRY_ID = /^[0-9a-f]{64}\.[0-9a-f]{16}$/;
