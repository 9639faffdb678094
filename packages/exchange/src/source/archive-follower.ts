/** Keeps what is published equal to what the archive holds: late images are amended, a purged study is retired. */
import { decodeFileSetPlan, ImagingError, type PacsConnector, type StudySummary } from '@radledger/imaging';
import { ExchangeError } from '../errors.js';
import type { ExchangeStore } from '../exchange-store.js';
import type { ArchiveWatch } from './archive-watch.js';
import { currentStudy } from './invitations.js';
import { type Publisher, planId } from './publisher.js';
import { planRecords, type StudyRecord, studyRecords } from './source-records.js';

export interface ArchiveFollowerOptions {
  readonly store: ExchangeStore;
  readonly connector: PacsConnector;
  readonly watch: ArchiveWatch;
  readonly publisher: Publisher;
  /** Whether the archive has a study now. */
  readonly hasStudy: (studyInstanceUid: string) => Promise<boolean>;
  /** Sends a study that nobody was invited to, when its patient wants that; false when it should be asked again. */
  readonly offer: (studyInstanceUid: string) => Promise<boolean>;
  readonly onFailure: (error: unknown) => void;
}

/** Most looks that a study is left alone which the archive does not give whole: each try reads all of it. */
const PAUSE_LOOKS_MAX = 63;

/** A settled study that is not looked after yet. */
interface Waiting {
  readonly study: StudySummary;
  /** How often the archive did not give it whole. */
  readonly unreadable: number;
  /** Looks that it is left alone. */
  readonly pauseLooks: number;
}

/** @returns looks once at the whole archive, and does what follows from it */
export function createArchiveFollower(options: ArchiveFollowerOptions): () => Promise<void> {
  const { store, connector, watch, publisher, hasStudy, onFailure } = options;
  let isFirst = true;
  /** On their way to the ledger, or something failed: the next try is the next look, but for what cannot be read. */
  const waiting = new Map<string, Waiting>();

  const lookAfter = async (one: Waiting): Promise<void> => {
    const { study, unreadable, pauseLooks } = one;
    if (pauseLooks > 0) {
      waiting.set(study.studyInstanceUid, { ...one, pauseLooks: pauseLooks - 1 });
      return;
    }
    try {
      await follow(study);
    } catch (error) {
      onFailure(error);
      if (!(error instanceof ImagingError) || error.code === 'ARCHIVE_UNAVAILABLE') return;
      // 0, 1, 3, 7 and so on; anew when the study changes.
      const pause = Math.min(2 ** unreadable - 1, PAUSE_LOOKS_MAX);
      waiting.set(study.studyInstanceUid, { study, unreadable: unreadable + 1, pauseLooks: pause });
    }
  };

  const follow = async (study: StudySummary): Promise<void> => {
    const { studyInstanceUid, instances } = study;
    const record = await currentStudy(store, studyInstanceUid);
    if (record === undefined) {
      if (await options.offer(studyInstanceUid)) waiting.delete(studyInstanceUid);
    } else if (record.state === 'retired' || (await plannedInstances(record)) === instances) {
      waiting.delete(studyInstanceUid);
    } else if (record.state === 'published' && record.pending === undefined) {
      await publisher.amend(studyInstanceUid).catch(settle);
      waiting.delete(studyInstanceUid);
    }
  };

  const plannedInstances = async ({ studyId, content }: StudyRecord): Promise<number | undefined> => {
    const plan = content === undefined ? undefined : await store.get(planRecords, planId(studyId, content));
    return plan === undefined ? undefined : decodeFileSetPlan(plan).entries.length;
  };

  /** What an amendment that came to nothing leaves to do. */
  const settle = (error: unknown): void => {
    if (error instanceof ExchangeError && (error.code === 'UNCHANGED' || error.code === 'NOT_PUBLISHED')) return;
    throw error;
  };

  const retirePurged = async (studyInstanceUid: string): Promise<void> => {
    const record = await currentStudy(store, studyInstanceUid);
    if (record?.state !== 'published' || (await hasStudy(studyInstanceUid))) return;
    await publisher.retire(studyInstanceUid, 'no-longer-held');
  };

  return async () => {
    const listing: StudySummary[] = [];
    for await (const study of connector.listStudies()) listing.push(study);
    // A disk that is not mounted, or a filter that lets nothing pass, looks like an empty archive; Retire Study is for ever.
    if (listing.length === 0) return;
    if (isFirst) {
      // What was purged while this gateway stood still was never listed to it.
      const published = (await store.list(studyRecords)).filter(({ value }) => value.state === 'published');
      watch.see(published.map(({ value: { studyInstanceUid } }) => ({ studyInstanceUid, instances: 0 })));
      isFirst = false;
    }
    const { settled, purged } = watch.see(listing);
    for (const study of settled) waiting.set(study.studyInstanceUid, { study, unreadable: 0, pauseLooks: 0 });
    for (const one of [...waiting.values()]) await lookAfter(one);
    for (const studyInstanceUid of purged) {
      waiting.delete(studyInstanceUid);
      await retirePurged(studyInstanceUid)
        .then(() => watch.forget(studyInstanceUid))
        .catch(onFailure);
    }
  };
}
