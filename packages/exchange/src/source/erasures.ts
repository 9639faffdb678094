/**
 * Erasure at a data subject's request (threats.md, row 24): when a study is off the ledger, everything here that tells whose it was goes in
 * one batch, and a signed note stays. Spec: docs/spec/exchange-records.md, section 7.
 */
import { createErasureNote, decodeErasureNote, type ErasureNote } from '@radledger/handover';
import { equalBytes, fromHex, toHex } from '@radledger/primitives';
import type { Audit } from '../audit/audit-trail.js';
import { type Change, type ExchangeStore, put, type RecordKind, remove } from '../exchange-store.js';
import type { KeyedLock } from '../keyed-lock.js';
import { accessRecords } from './access-records.js';
import { forgetSitting } from './claim-spread.js';
import { type Disclosure, disclosuresIn } from './disclosures.js';
import { emergencyRecords } from './emergencies.js';
import { isHerOwn, keepDisclosures } from './kept-disclosures.js';
import { deskEventOf, privacyRecords } from './privacy-office.js';
import { readerNames } from './reader-names.js';
import type { RunningReads } from './running-reads.js';
import { sentByDeskAlone } from './sending.js';
import type { SourceIdentity } from './source-identity.js';
import {
  erasingRecords,
  erasureNoteRecords,
  invitationRecords,
  planRecords,
  type StudyRecord,
  studyRecords,
  worklistRecords,
  workRecords,
} from './source-records.js';
import type { StandingLinks } from './standing-links.js';
import { transferRecords } from './transfers.js';

/** A study that is to be erased, or was. */
export interface Erasure {
  readonly studyId: Uint8Array;
  /** Absent until it is done. */
  readonly note?: { readonly bytes: Uint8Array } & ErasureNote;
}

export interface Erasures {
  /** Whether a study is to be erased as soon as it can. */
  has(studyId: Uint8Array): boolean;
  /** Marks a study, in memory at once; with work to do, so that a stop right behind it changes nothing. */
  mark(studyId: Uint8Array): readonly Change[];
  /**
   * Erases a study that the ledger shows as retired, or has never seen; under the study's lock. Nothing happens while somebody reads it: to
   * be called again.
   * @throws {ExchangeError} `AUDIT_UNWRITABLE`
   */
  erase(study: StudyRecord): Promise<void>;
  /** The note of a study, signed by the source's current key. */
  noteOf(studyId: Uint8Array): Promise<Uint8Array | undefined>;
  /** In no order that tells anything: nobody can be found by it who does not know a studyId. */
  list(): Promise<readonly Erasure[]>;
}

export async function openErasures(options: {
  readonly store: ExchangeStore;
  readonly lock: KeyedLock;
  readonly identity: SourceIdentity;
  readonly links: StandingLinks;
  readonly running: RunningReads;
  readonly audit: Audit;
  readonly endpointUrl: string;
  /** How long the accounting names to whom a study was given, in years. */
  readonly disclosuresKeptYears: number;
  readonly receiverNames: ReadonlyMap<string, string>;
  readonly now: () => number;
}): Promise<Erasures> {
  const { store, identity, now } = options;
  const { source } = identity;
  const erasing = new Set((await store.list(erasingRecords)).map(({ id }) => id));

  const idsIn = async (kind: RecordKind<unknown>, studyId: string): Promise<readonly Change[]> =>
    (await store.list(kind, `${studyId}.`)).map(({ id }) => remove(kind, id));

  const disclosuresOf = async (studyId: string): Promise<readonly Disclosure[]> => {
    const all: Disclosure[] = [];
    for await (const one of disclosuresIn(store, `${studyId}.`, options.receiverNames)) all.push(one);
    return all;
  };

  /** What names the study in its key, or in what is sealed under another. */
  const recordsOf = async ({ studyId, studyInstanceUid, invitationId }: StudyRecord): Promise<readonly Change[]> => {
    const id = toHex(studyId);
    const byStudy = [planRecords, accessRecords, emergencyRecords, readerNames, privacyRecords];
    const transfers = await store.list(transferRecords);
    const worklistId = store.pseudonymOf(studyInstanceUid);
    const current = await store.get(worklistRecords, worklistId);
    // A study that was offered anew since has that place.
    const isCurrent = current !== undefined && equalBytes(current, studyId);
    return [
      remove(studyRecords, id),
      remove(workRecords, id),
      remove(erasingRecords, id),
      remove(invitationRecords, toHex(invitationId)),
      ...(isCurrent ? [remove(worklistRecords, worklistId)] : []),
      ...(await Promise.all(byStudy.map((kind) => idsIn(kind, id)))).flat(),
      ...transfers
        .filter(({ value }) => equalBytes(value.studyId, studyId))
        .map((transfer) => remove(transferRecords, transfer.id)),
    ];
  };

  return {
    has: (studyId) => erasing.has(toHex(studyId)),
    mark(studyId) {
      const id = toHex(studyId);
      erasing.add(id);
      return [put(erasingRecords, id, 0), put(workRecords, id, 0)];
    },
    async erase(study) {
      const { studyId, studyInstanceUid, state } = study;
      if (options.running.isAny(studyId)) return;
      const id = toHex(studyId);
      const erasedAtMs = now();
      const disclosures = await disclosuresOf(id);
      const kept = keepDisclosures(disclosures, { years: options.disclosuresKeptYears, nowMs: erasedAtMs });
      const isGiven = disclosures.some((disclosure) => disclosure.bytes > 0 && !isHerOwn(disclosure));
      // Before it is done: what cannot be recorded is not done. The trail knows the study's name on the ledger, and nobody's else.
      await options.audit.record(deskEventOf({ kind: 'erased', studyId, source, endpointUrl: options.endpointUrl }));
      const forget = (): Promise<void> =>
        options.links.forget(studyId, async (changes, { isLinkGone, patient }) => {
          const note: ErasureNote = {
            chainId: identity.chainId,
            source,
            studyId,
            erasedAtMs,
            erased: ['study', 'claim', 'readings', 'messages', ...(isLinkGone ? (['standing-link'] as const) : [])],
            stays: [
              ...(state === 'retired' ? [{ what: 'ledger', untilMs: undefined } as const] : []),
              { what: 'audit-trail', untilMs: undefined },
              ...(kept.untilMs === undefined ? [] : [{ what: 'disclosures', untilMs: kept.untilMs } as const]),
              { what: 'archive', untilMs: undefined },
              ...(isGiven ? [{ what: 'recipients', untilMs: undefined } as const] : []),
            ],
          };
          await store.erase([
            ...changes,
            ...(await recordsOf(study)),
            sentByDeskAlone(store, studyInstanceUid),
            ...(patient === undefined ? [] : [forgetSitting(patient)]),
            ...kept.changes,
            put(erasureNoteRecords, id, await createErasureNote(note, identity.signer)),
          ]);
        });
      // Somebody may just be invited to it anew: that keeps its place.
      await options.lock(`worklist/${store.pseudonymOf(studyInstanceUid)}`, forget);
      erasing.delete(id);
    },
    async noteOf(studyId) {
      const note = await store.get(erasureNoteRecords, toHex(studyId));
      // The same bytes, unless the source has another key by now.
      return note && createErasureNote(decodeErasureNote(note), identity.signer);
    },
    async list() {
      const done = (await store.list(erasureNoteRecords)).map(({ id, value }) => ({
        studyId: fromHex(id),
        note: { bytes: value, ...decodeErasureNote(value) },
      }));
      return [...[...erasing].map((id) => ({ studyId: fromHex(id) })), ...done];
    },
  };
}
