/**
 * Break-glass: a study that its source lets one key read for a day although the patient was not asked. Off unless the site names keys.
 * Spec: docs/spec/gateway-api.md, section 2.2.
 */
import { validatePlainText } from '@radledger/handover';
import { bytes, equalBytes, type Infer, literal, randomBytes, struct, text, toHex, uint } from '@radledger/primitives';
import { digestOf } from '../audit/audit-event.js';
import type { Audit } from '../audit/audit-trail.js';
import { ExchangeError } from '../errors.js';
import { type ExchangeStore, put, type RecordKind } from '../exchange-store.js';
import { oneOf } from '../one-of.js';
import { currentStudy } from './invitations.js';
import type { PrivacyOffice } from './privacy-office.js';

/** How long a release holds. */
export const EMERGENCY_MS = 86_400_000;
const NAME_BYTES_MAX = 128;
/** Why nobody waits for the patient's word. */
export const EMERGENCY_REASONS = ['cannot-consent', 'threat-to-life'] as const;
export type EmergencyReason = (typeof EMERGENCY_REASONS)[number];

const id32 = bytes({ length: 32 });
const schema = struct({
  format: literal(1),
  studyId: id32,
  receiver: id32,
  /** Who asked for it. */
  clinician: text({ max: NAME_BYTES_MAX }),
  /** Who at the source looked at it a second time. */
  confirmedBy: text({ max: NAME_BYTES_MAX }),
  reason: oneOf(EMERGENCY_REASONS),
  atMs: uint(),
  untilMs: uint(),
});
export type EmergencyRecord = Infer<typeof schema>;
/**
 * The id is `<studyId>.<receiver>.<atMs>.<id in the audit trail>`, all in hex: each release stays, with who asked for it; those of a study
 * to a key ascend with time.
 */
export const emergencyRecords: RecordKind<EmergencyRecord> = { name: 'emergency', schema, bytesMax: 1024 };

export interface EmergencyInput {
  readonly studyInstanceUid: string;
  /** The key that is to read, 32 bytes: one of those that the site names. */
  readonly receiver: Uint8Array;
  /** Who asks, one plain line of 1 to 128 bytes. */
  readonly clinician: string;
  /** Who confirms it at the source: somebody else. */
  readonly confirmedBy: string;
  readonly reason: EmergencyReason;
}

export interface Emergencies {
  /** Whether the site names this key: one that it may release a study to. */
  names(key: Uint8Array): boolean;
  /** Whether a key may read a study without the patient's word now. Asks memory alone. */
  covers(studyId: Uint8Array, key: Uint8Array): boolean;
  /** Whether it may read any study so now. */
  coversAny(key: Uint8Array): boolean;
  /**
   * Releases a published study for 24 hours; a second time begins them anew. Recorded in the audit trail before it holds.
   * @throws {ExchangeError} `EMERGENCY_REFUSED` | `STUDY_NOT_FOUND` | `NOT_PUBLISHED` | `AUDIT_UNWRITABLE`; {HandoverError} `TEXT_REFUSED`
   */
  release(input: EmergencyInput, office: Pick<PrivacyOffice, 'changeOf'>): Promise<EmergencyRecord>;
}

export async function openEmergencies(options: {
  readonly store: ExchangeStore;
  /** Whom the site releases studies to; nobody: no break-glass. */
  readonly receivers: readonly Uint8Array[];
  readonly audit: Audit;
  readonly source: Uint8Array;
  readonly endpointUrl: string;
  readonly now: () => number;
}): Promise<Emergencies> {
  const { store, audit, now } = options;
  /** Of a key, and of a study and a key. */
  const untilMs = new Map<string, number>();
  const remember = ({ studyId, receiver, untilMs: endMs }: EmergencyRecord): void => {
    for (const name of [toHex(receiver), prefixOf(toHex(studyId), toHex(receiver))]) {
      untilMs.set(name, Math.max(untilMs.get(name) ?? 0, endMs));
    }
  };
  for await (const { value } of store.scan(emergencyRecords)) remember(value);
  const isNamed = (key: Uint8Array): boolean => options.receivers.some((receiver) => equalBytes(receiver, key));
  // A key that the site took off its list again reads nothing more.
  const isRunning = (name: string, key: Uint8Array): boolean => (untilMs.get(name) ?? 0) > now() && isNamed(key);

  return {
    names: isNamed,
    covers: (studyId, key) => isRunning(prefixOf(toHex(studyId), toHex(key)), key),
    coversAny: (key) => isRunning(toHex(key), key),

    async release({ studyInstanceUid, receiver, clinician, confirmedBy, reason }, office) {
      for (const [field, name] of Object.entries({ clinician, confirmedBy })) {
        validatePlainText(name, { field, bytesMax: NAME_BYTES_MAX });
        if (lettersOf(name) === '')
          throw refused('CONFIRMATION', 'expected the name of who asks, and of who confirms it');
      }
      if (!isNamed(receiver)) throw refused('RECEIVER', 'expected a key under source.emergencyReceivers');
      if (lettersOf(clinician) === lettersOf(confirmedBy))
        throw refused('CONFIRMATION', 'somebody else than who asks confirms it');
      const study = await currentStudy(store, studyInstanceUid);
      if (study === undefined) {
        throw new ExchangeError({ code: 'STUDY_NOT_FOUND' }, 'expected a study that somebody was invited to');
      }
      if (study.state !== 'published') throw new ExchangeError({ code: 'NOT_PUBLISHED' }, 'it is not on the ledger');
      const { studyId } = study;
      const id = toHex(randomBytes(16));
      await audit.record({
        side: 'source',
        transaction: 'EMERGENCY',
        phase: 'ended',
        outcome: 'success',
        id,
        requestDigest: digestOf(id),
        endpointUrl: options.endpointUrl,
        reader: toHex(receiver),
        documents: [{ documentUniqueId: toHex(studyId), repositoryUniqueId: toHex(options.source) }],
        basis: 'emergency',
      });
      const atMs = now();
      const about = { studyId, receiver, clinician, confirmedBy, reason, atMs };
      const record: EmergencyRecord = { format: 1, ...about, untilMs: atMs + EMERGENCY_MS };
      const told = `${reason}: ${clinician}; ${confirmedBy}`;
      const entry = { kind: 'emergency', by: 'desk', studyId, studyInstanceUid, text: told } as const;
      const recordId = `${prefixOf(toHex(studyId), toHex(receiver))}${timeOf(atMs)}.${id}`;
      await store.commit([put(emergencyRecords, recordId, record), office.changeOf(entry)]);
      remember(record);
      return record;
    },
  };
}

/** What the accounting says of a reading that was nobody's grant. @param reader - key in hex */
export async function emergencyPurpose(
  store: ExchangeStore,
  { studyId, reader, atMs }: { readonly studyId: string; readonly reader: string; readonly atMs: number },
): Promise<string> {
  const released = 'released in an emergency, without her permission';
  const begunBefore = { limit: 1, before: timeOf(atMs + 1) };
  const [newest] = await store.newest(emergencyRecords, prefixOf(studyId, reader), begunBefore);
  const record = newest?.value;
  if (record === undefined || atMs >= record.untilMs) return released;
  const { reason, clinician, confirmedBy } = record;
  return `${released}: ${reason.replaceAll('-', ' ')}; asked for by ${clinician}, confirmed by ${confirmedBy}`;
}

const prefixOf = (studyId: string, key: string): string => `${studyId}.${key}.`;
const timeOf = (atMs: number): string => atMs.toString(16).padStart(12, '0');
/** What tells names apart: "Dr A.Adams" is "dr a. adams". */
const lettersOf = (name: string): string =>
  name
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}]/gu, '');

function refused(reason: string, message: string): ExchangeError {
  return new ExchangeError({ code: 'EMERGENCY_REFUSED', reason }, message);
}
