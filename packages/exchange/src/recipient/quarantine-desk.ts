/** What a person does about studies that wait in quarantine: looks into them, says whose they are, or that they are not. */
import { type LocalPatient, type StudyDescription, type StudySink, validateLocalPatient } from '@radledger/imaging';
import { ExchangeError } from '../errors.js';
import { type Change, put } from '../exchange-store.js';
import type { KeyedLock } from '../keyed-lock.js';
import { differencesOf, type PatientDifference } from './matching.js';
import { underPatient } from './place-study.js';
import { filedContentRecords, type RetrievalRecord } from './recipient-records.js';
import { failureCodeOf } from './retrieval-failure.js';
import type { RefusedLimits, RefusedRecord, RefusedStudies } from './refused-studies.js';
import type { QuarantineLimits, WaitingRecord, WaitingStudies } from './waiting-studies.js';

/** A study that waits. Holds patient data. */
export interface WaitingStudy {
  readonly retrievalId: string;
  /** `matching`: nobody said whose it is; `filing`: somebody did; `refused`: it is kept to be looked into, and never filed. */
  readonly state: 'matching' | 'filing' | 'refused';
  /** What the last try to file it failed with, or why it was refused. */
  readonly code: string | undefined;
  readonly source: Uint8Array;
  readonly studyId: Uint8Array;
  readonly label: string;
  readonly sinceMs: number;
  /** When it is erased unless somebody acts. */
  readonly untilMs: number;
  readonly bytes: number;
  /** Study Description; `''` of a refused study: `inspect` tells. */
  readonly description: string;
  /** Each patient that the instances name, and what differs from the one that was asked for; none of a refused study. */
  readonly patients: readonly (StudyDescription['patients'][number] & {
    readonly differences: readonly PatientDifference[] | undefined;
  })[];
  /** Whom the practice asked for. */
  readonly requested: LocalPatient | undefined;
}

export interface QuarantineDesk {
  /** Every study that waits, oldest first. */
  list(): Promise<readonly WaitingStudy[]>;
  /**
   * What its instances say, without their pixels; read in a worker.
   * @throws {ExchangeError} `NOT_IN_QUARANTINE`; {ImagingError} what keeps it from being read
   */
  inspect(retrievalId: string): Promise<StudyDescription>;
  /**
   * Files a study under a patient, or under the one it came with; returns when the decision is durable.
   * @param patient - undefined for the patient that the source names
   * @throws {ExchangeError} `NOT_IN_QUARANTINE` | `NOT_MATCHING`; {ImagingError} `LOCAL_PATIENT_REFUSED`
   */
  file(retrievalId: string, patient: LocalPatient | undefined): Promise<void>;
  /** Erases a study: it is not this patient's, or was refused. It can be fetched again. @throws {ExchangeError} `NOT_IN_QUARANTINE` | `NOT_MATCHING` */
  discard(retrievalId: string): Promise<void>;
}

export interface QuarantineDeskOptions {
  readonly waiting: WaitingStudies;
  readonly limits: QuarantineLimits;
  readonly refused: RefusedStudies;
  readonly refusedLimits: RefusedLimits;
  readonly sink: StudySink;
  readonly lock: KeyedLock;
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly retrieval: (id: string) => Promise<RetrievalRecord | undefined>;
  /** Whom the request of a retrieval asked for. */
  readonly requested: (id: string) => Promise<LocalPatient | undefined>;
  /** The time in instances under a local patient, Unix ms. */
  readonly writtenAtMs: (retrieval: RetrievalRecord) => Promise<number>;
  readonly save: (id: string, record: RetrievalRecord, more: readonly Change[]) => Promise<void>;
  /** Runs `fileNow` when its turn comes. */
  readonly start: (id: string) => void;
}

/** Also what the recipient itself does about what waits. */
export interface OwnQuarantineDesk extends QuarantineDesk {
  /** Carries out what was decided; on failure the study waits again, with the code. */
  fileNow(id: string): Promise<void>;
  /** Erases what has waited for as long as it may. */
  expire(): Promise<void>;
}

export function createQuarantineDesk(options: QuarantineDeskOptions): OwnQuarantineDesk {
  const { waiting, limits, refused, refusedLimits, lock, now, signal } = options;

  const waitingOf = async (id: string): Promise<WaitingRecord> => {
    const record = await waiting.get(checkedId(id));
    if (record !== undefined) return record;
    if ((await refused.get(id)) !== undefined) throw notMatching('a study that was refused is not filed');
    throw notHere('there is no such study in quarantine');
  };
  const retrievalOf = async (id: string): Promise<RetrievalRecord> => {
    const retrieval = await options.retrieval(id);
    if (retrieval === undefined) throw notHere('there is no such retrieval');
    return retrieval;
  };

  const shown = async (id: string, record: WaitingRecord): Promise<WaitingStudy> => {
    const { source, studyId, label } = await retrievalOf(id);
    const { decision, code, sinceMs, bytes, description, patients } = record;
    const requested = await options.requested(id);
    return {
      retrievalId: id,
      state: decision === undefined ? 'matching' : 'filing',
      code,
      source,
      studyId,
      label,
      sinceMs,
      untilMs: sinceMs + limits.matchingMs,
      bytes,
      description,
      patients: patients.map((patient) => ({
        ...patient,
        differences: requested && differencesOf(patient, requested),
      })),
      requested,
    };
  };

  const shownRefused = async (id: string, { sinceMs, bytes, code }: RefusedRecord): Promise<WaitingStudy> => {
    const { source, studyId, label } = await retrievalOf(id);
    const untilMs = sinceMs + refusedLimits.keptMs;
    const told = { retrievalId: id, state: 'refused' as const, code, source, studyId, label, sinceMs, untilMs, bytes };
    return { ...told, description: '', patients: [], requested: await options.requested(id) };
  };

  /** The study is gone, and its retrieval says why. */
  const end = async (id: string, code: string): Promise<void> => {
    await options.save(id, { ...(await retrievalOf(id)), state: 'failed', code }, [waiting.forget(id)]);
    await waiting.erase(id);
  };

  return {
    async list() {
      const all = [
        ...(await waiting.list()).map(({ id, value }) => shown(id, value)),
        ...(await refused.list()).map(({ id, value }) => shownRefused(id, value)),
      ];
      return (await Promise.all(all)).toSorted((a, b) => a.sinceMs - b.sinceMs);
    },

    async inspect(id) {
      const record = await refused.get(checkedId(id));
      if (record !== undefined) return refused.describe(id, record, signal);
      return (await waiting.reopen(id, await waitingOf(id))).describe(signal);
    },

    async file(id, patient) {
      if (patient !== undefined) validateLocalPatient(patient);
      await lock(`retrieval/${id}`, async () => {
        const record = await waitingOf(id);
        if (record.decision !== undefined) throw notMatching('somebody has said already whose it is');
        const decided = waiting.change(id, { ...record, code: undefined, decision: { patient, atMs: now() } });
        await options.save(id, { ...(await retrievalOf(id)), state: 'filing', code: undefined }, [decided]);
      });
      options.start(id);
    },

    discard: (id) =>
      lock(`retrieval/${id}`, async () => {
        if ((await refused.get(checkedId(id))) !== undefined) return refused.erase(id);
        const record = await waitingOf(id);
        if (record.decision !== undefined) throw notMatching('it is being filed');
        await end(id, 'NOT_THIS_PATIENT');
      }),

    async fileNow(id) {
      const record = await waiting.get(id);
      const retrieval = await options.retrieval(id);
      if (record?.decision === undefined || retrieval === undefined) return;
      const { decision } = record;
      let filed: RetrievalRecord;
      try {
        const study = await waiting.reopen(id, record);
        const { patient } = decision;
        const about = { source: retrieval.source, writtenAtMs: await options.writtenAtMs(retrieval) };
        const named = patient === undefined ? study : await underPatient(study, patient, about, signal);
        // The quarantine outlives the filing: a stop before the next line files the same bytes once more, which the archive has.
        const { location } = await options.sink.fileStudy(named);
        filed = { ...retrieval, state: 'filed', code: undefined, location };
      } catch (error) {
        // Stopped from here: still decided on disk, taken up again by the next start.
        if (signal.aborted) return;
        const code = failureCodeOf(error);
        const again = waiting.change(id, { ...record, code, decision: undefined });
        await lock(`retrieval/${id}`, () => options.save(id, { ...retrieval, state: 'matching', code }, [again]));
        throw error;
      }
      const more = [put(filedContentRecords, id, record.content), waiting.forget(id)];
      await lock(`retrieval/${id}`, () => options.save(id, filed, more));
      await waiting.erase(id);
    },

    async expire() {
      await refused.expire();
      for (const { id } of await waiting.due()) {
        await lock(`retrieval/${id}`, async () => {
          const record = await waiting.get(id);
          if (record !== undefined && record.decision === undefined) await end(id, 'MATCHING_EXPIRED');
        });
      }
    },
  };
}

/** @returns the id itself @throws {ExchangeError} `NOT_IN_QUARANTINE` */
function checkedId(id: string): string {
  if (!/^[0-9a-f]{32}\.[0-9a-f]{64}$/.test(id)) throw notHere('there is no such study in quarantine');
  return id;
}

function notHere(message: string): ExchangeError {
  return new ExchangeError({ code: 'NOT_IN_QUARANTINE' }, message);
}

function notMatching(message: string): ExchangeError {
  return new ExchangeError({ code: 'NOT_MATCHING' }, message);
}
