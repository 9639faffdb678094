/**
 * Replaced access (people.md B8): after an ID check at the desk a study is offered anew, under a new secret, to a patient who lost her keys.
 * It waits 72 hours in which the old key can stop it, or confirm it. Spec: docs/spec/exchange-records.md, section 6.
 */
import type { IdentityCheck } from '@radledger/handover';
import { bytes, type Infer, literal, struct, toHex, uint } from '@radledger/primitives';
import { ExchangeError } from '../errors.js';
import { type Change, type ExchangeStore, put, type RecordKind, remove } from '../exchange-store.js';
import type { KeyedLock } from '../keyed-lock.js';
import { currentStudy, type CreatedInvitation, erasureOf, type Invitations } from './invitations.js';
import type { PrivacyEntry, PrivacyOffice } from './privacy-office.js';
import type { Publisher } from './publisher.js';
import { type StudyRecord, studyRecords, worklistRecords } from './source-records.js';
import type { StandingLinks } from './standing-links.js';

/** How long the old key may stop a replacement. */
export const REPLACEMENT_WAIT_MS = 72 * 3_600_000;

const schema = struct({
  format: literal(1),
  studyId: bytes({ length: 32 }),
  /** The study record that takes its place. */
  newStudyId: bytes({ length: 32 }),
  requestedAtMs: uint(),
  dueAtMs: uint(),
});
type ReplacementRecord = Infer<typeof schema>;
/** Those that wait; the id is the studyId in hex. */
const replacementRecords: RecordKind<ReplacementRecord> = { name: 'replacement', schema, bytesMax: 256 };
/** From the new studyId to the old, while it waits. */
const heldRecords: RecordKind<Uint8Array> = { name: 'held', schema: bytes({ length: 32 }), bytesMax: 64 };

/** Until when a study cannot be claimed, Unix ms; undefined when it can. */
export async function heldUntil(store: ExchangeStore, studyId: Uint8Array): Promise<number | undefined> {
  const old = await store.get(heldRecords, toHex(studyId));
  return old === undefined ? undefined : (await store.get(replacementRecords, toHex(old)))?.dueAtMs;
}

export interface Replacements {
  /**
   * Asks for the replacement of a published study's owner.
   * @returns an invitation that can be claimed when the waiting time is over
   * @throws {ExchangeError} `NOT_PUBLISHED` | `REPLACEMENT_WAITING`
   */
  ask(
    studyInstanceUid: string,
    identityCheckedBy: IdentityCheck,
  ): Promise<CreatedInvitation & { readonly availableAtMs: number }>;
  /** What waits for a study, if anything. */
  of(studyId: Uint8Array): Promise<Pick<ReplacementRecord, 'requestedAtMs' | 'dueAtMs'> | undefined>;
  /** Stops it: its invitation is void. @throws {ExchangeError} `NO_REPLACEMENT` */
  stop(studyId: Uint8Array, by: 'desk' | 'owner'): Promise<void>;
  /** Ends the waiting time: the owner herself said that it is right. @throws {ExchangeError} `NO_REPLACEMENT` */
  confirm(studyId: Uint8Array): Promise<void>;
  /** Forgets one whose study has ended. */
  drop(studyId: Uint8Array): Promise<void>;
  /** Does those that are due. */
  advance(): Promise<void>;
}

export function createReplacements(options: {
  readonly store: ExchangeStore;
  readonly lock: KeyedLock;
  readonly invitations: Pick<Invitations, 'draft'>;
  readonly publisher: Publisher;
  readonly links: StandingLinks;
  readonly office: PrivacyOffice;
  readonly now: () => number;
  readonly onFailure: (error: unknown) => void;
}): Replacements {
  const { store, lock, publisher, office, now } = options;

  const locked = <T>(studyId: Uint8Array, work: () => Promise<T>): Promise<T> =>
    lock(`replacement/${toHex(studyId)}`, work);

  const waiting = async (studyId: Uint8Array): Promise<{ record: ReplacementRecord; study: StudyRecord }> => {
    const record = await store.get(replacementRecords, toHex(studyId));
    const study = await store.get(studyRecords, toHex(studyId));
    if (record === undefined || study === undefined) {
      throw new ExchangeError({ code: 'NO_REPLACEMENT' }, 'no replacement waits for this study');
    }
    return { record, study };
  };

  const removalOf = ({ studyId, newStudyId }: ReplacementRecord): readonly Change[] => [
    remove(replacementRecords, toHex(studyId)),
    remove(heldRecords, toHex(newStudyId)),
  ];

  /** The invitation and the study that would have taken the place. */
  const voidOf = async ({ newStudyId }: ReplacementRecord): Promise<readonly Change[]> => {
    const study = await store.get(studyRecords, toHex(newStudyId));
    return study === undefined ? [] : erasureOf(store, study);
  };

  const complete = async ({ record, study }: { record: ReplacementRecord; study: StudyRecord }): Promise<void> => {
    const { studyId, studyInstanceUid } = study;
    const entry = { kind: 'access-replaced', by: 'source', studyId, studyInstanceUid, text: '' } as const;
    // The keys that were left belong to whoever holds the old ones.
    await options.links.endOf(studyId);
    const changes = [
      ...removalOf(record),
      put(worklistRecords, store.pseudonymOf(studyInstanceUid), record.newStudyId),
      office.changeOf(entry),
    ];
    if (study.state === 'published') await publisher.retire(studyInstanceUid, 'reissued', changes);
    else await store.commit(changes);
    await office.announce(entry);
  };

  return {
    async ask(studyInstanceUid, identityCheckedBy) {
      const found = await currentStudy(store, studyInstanceUid);
      if (found === undefined) throw notPublished();
      return locked(found.studyId, async () => {
        const study = await currentStudy(store, studyInstanceUid);
        if (study?.state !== 'published' || study.pending?.kind === 'retire-study') throw notPublished();
        const { studyId, label } = study;
        if ((await store.get(replacementRecords, toHex(studyId))) !== undefined) {
          throw new ExchangeError({ code: 'REPLACEMENT_WAITING' }, 'a replacement waits already; cancel it first');
        }
        const draft = await options.invitations.draft({ studyInstanceUid, label, identityCheckedBy });
        const requestedAtMs = now();
        const dueAtMs = requestedAtMs + REPLACEMENT_WAIT_MS;
        const record = { format: 1, studyId, newStudyId: draft.studyId, requestedAtMs, dueAtMs } as const;
        const asked = { kind: 'replacement-asked', by: 'desk', studyId, studyInstanceUid } as const;
        await office.enter({ ...asked, text: identityCheckedBy }, [
          ...draft.changes,
          put(replacementRecords, toHex(studyId), record),
          put(heldRecords, toHex(draft.studyId), studyId),
        ]);
        return { ...draft.created, availableAtMs: dueAtMs };
      });
    },
    of: (studyId) => store.get(replacementRecords, toHex(studyId)),
    stop: (studyId, by) =>
      locked(studyId, async () => {
        const { record, study } = await waiting(studyId);
        const entry: PrivacyEntry = { kind: 'replacement-stopped', by, ...naming(study), text: '' };
        await office.enter(entry, [...removalOf(record), ...(await voidOf(record))]);
      }),
    confirm: (studyId) =>
      locked(studyId, async () => {
        const { record, study } = await waiting(studyId);
        // On disk first: a stop right behind it goes on with what she said.
        const entry: PrivacyEntry = { kind: 'replacement-confirmed', by: 'owner', ...naming(study), text: '' };
        const confirmed = { ...record, dueAtMs: now() };
        await office.enter(entry, [put(replacementRecords, toHex(studyId), confirmed)]);
        await complete({ record: confirmed, study }).catch(options.onFailure);
      }),
    drop: (studyId) =>
      locked(studyId, async () => {
        const record = await store.get(replacementRecords, toHex(studyId));
        if (record !== undefined) await store.commit([...removalOf(record), ...(await voidOf(record))]);
      }),
    async advance() {
      for (const { value } of await store.list(replacementRecords)) {
        if (value.dueAtMs > now()) continue;
        await locked(value.studyId, async () => {
          const found = await store.get(replacementRecords, toHex(value.studyId));
          if (found !== undefined) await complete(await waiting(value.studyId));
        }).catch(options.onFailure);
      }
    },
  };
}

function naming({ studyId, studyInstanceUid }: StudyRecord): Pick<PrivacyEntry, 'studyId' | 'studyInstanceUid'> {
  return { studyId, studyInstanceUid };
}

function notPublished(): ExchangeError {
  return new ExchangeError({ code: 'NOT_PUBLISHED' }, 'expected a published study');
}
