/** What patients allowed, and how far each study is: follows the ledger, runs transfers, goes on after a stop. */
import type { LocalPatient } from '@radledger/imaging';
import { equalBytes, toHex } from '@radledger/primitives';
import { type Change, type ExchangeStore, put, remove } from '../exchange-store.js';
import type { KeyedLock } from '../keyed-lock.js';
import { createSlots } from '../slots.js';
import { type FetchStudyOptions, fetchStudy } from './fetch-study.js';
import type { HeldStudies } from './held-studies.js';
import { hasLiveGrant } from './live-grant.js';
import { createQuarantineDesk, type QuarantineDesk } from './quarantine-desk.js';
import type { Receipts } from './receipts.js';
import type { FetchWish, RetrievalStatus } from './recipient-contract.js';
import {
  filedContentRecords,
  firstNoticeId,
  firstNoticeRecords,
  openRetrievalRecords,
  type RetrievalRecord,
  requestRecords,
  retrievalRecords,
} from './recipient-records.js';
import { boxOf } from './request-boxes.js';
import type { RefusedLimits, RefusedStudies } from './refused-studies.js';
import { failureCodeOf, isWorthHolding } from './retrieval-failure.js';
import type { QuarantineLimits, WaitingStudies } from './waiting-studies.js';

export interface Retrievals {
  /** Studies that wait for a person. */
  readonly quarantine: QuarantineDesk;
  /** Brings what waits up to the finalized ledger, and ends what waited for a person for too long. */
  judgeAll(): Promise<void>;
  /** Those of one request, oldest first. */
  statusOf(requestId: string): Promise<readonly RetrievalStatus[]>;
  /** Starts those of a request that are allowed, failed before or changed; durable when it resolves. @returns how many */
  start(requestId: string, wish: FetchWish): Promise<number>;
  /** Goes on with transfers and filings that a stop interrupted. */
  goOn(): Promise<void>;
  /** Resolves when no transfer runs any more. */
  idle(): Promise<void>;
}

export function createRetrievals(options: {
  readonly store: ExchangeStore;
  readonly lock: KeyedLock;
  readonly fetching: FetchStudyOptions;
  readonly receipts: Pick<Receipts, 'sign'>;
  readonly held: HeldStudies;
  readonly waiting: WaitingStudies;
  readonly quarantineLimits: QuarantineLimits;
  readonly refused: RefusedStudies;
  readonly refusedLimits: RefusedLimits;
  /** Most transfers at a time. */
  readonly transfersMax: number;
  /** Ends transfers; they go on after the next start. */
  readonly stop: AbortSignal;
  /** Told of each box whose retrievals changed. */
  readonly onChange: (boxId: string) => void;
  /** Told that a transfer has ended, whatever came of it. */
  readonly onEnd: () => void;
  readonly onFailure: (error: unknown) => void;
}): Retrievals {
  const { store, lock, fetching, held, waiting, refused, stop, onChange, onFailure } = options;
  const { ledger, now } = fetching;
  const works = new Map<string, Promise<void>>();
  const slots = createSlots(options.transfersMax);
  const progress = new Map<string, number>();
  const byDicomweb = new Set<string>();

  /** Every change of a retrieval: one batch, then the watchers hear of it. */
  const save = async (id: string, record: RetrievalRecord, more: readonly Change[] = []): Promise<void> => {
    const isOpen = ['waiting', 'allowed', 'fetching', 'filing'].includes(record.state);
    const open = isOpen ? put(openRetrievalRecords, id, 0) : remove(openRetrievalRecords, id);
    await store.commit([put(retrievalRecords, id, record), open, ...more]);
    onChange(toHex(record.boxId));
  };

  const judge = (id: string): Promise<void> =>
    lock(`retrieval/${id}`, async () => {
      const record = await store.get(retrievalRecords, id);
      if (record === undefined || (record.state !== 'waiting' && record.state !== 'allowed')) return;
      const isAllowed = await hasLiveGrant(record, fetching);
      const isOver = record.state === 'allowed' || record.notAfterMs <= now();
      const state = isAllowed ? 'allowed' : isOver ? 'ended' : 'waiting';
      if (state === record.state) return;
      await save(id, { ...record, state, code: state === 'ended' ? 'GRANT_NOT_LIVE' : undefined });
    });

  /** Whether the ledger names another content of the study than the one that was filed. */
  const isChanged = async (id: string, { state, source, studyId }: RetrievalRecord): Promise<boolean> => {
    const filed = state === 'filed' ? await store.get(filedContentRecords, id) : undefined;
    const cell = filed === undefined ? undefined : await ledger.study(source, studyId);
    return filed !== undefined && cell !== undefined && !equalBytes(cell.content, filed);
  };

  const requestedFor = async (id: string): Promise<LocalPatient | undefined> =>
    (await store.get(requestRecords, boxOf(id)))?.patient;

  const writtenAtMs = async (record: RetrievalRecord): Promise<number> =>
    (await store.get(firstNoticeRecords, firstNoticeId(store, record))) ?? record.receivedAtMs;

  const transfer = async (id: string, record: RetrievalRecord): Promise<void> => {
    let end: RetrievalRecord;
    let more: readonly Change[] = [];
    await refused.erase(id);
    try {
      const { placed, received, bytes } = await fetchStudy(record, fetching, {
        folder: held.folderOf(id),
        prefersDicomweb: byDicomweb.has(id),
        signal: stop,
        requested: await requestedFor(id),
        writtenAtMs: await writtenAtMs(record),
        setAside: (study, about) => waiting.setAside(id, study, about),
        onProgress(total) {
          progress.set(id, total);
          onChange(boxOf(id));
        },
      });
      const came = { ...record, bytesReceived: bytes };
      const signed = [...(await options.receipts.sign(received)), await held.release(id)];
      if ('waiting' in placed) {
        end = { ...came, state: 'matching' };
        more = [...placed.waiting, ...signed];
      } else {
        end = { ...came, state: 'filed', location: placed.location };
        more = [put(filedContentRecords, id, received.content), ...signed];
      }
    } catch (error) {
      // Stopped from here: still `fetching` on disk, taken up again by the next start.
      if (stop.aborted) return;
      onFailure(error);
      const code = failureCodeOf(error);
      end = { ...record, state: code === 'GRANT_NOT_LIVE' ? 'ended' : 'failed', code };
      more = isWorthHolding(error) ? [held.hold(id)] : await keepRefused(id, error);
    }
    await lock(`retrieval/${id}`, () => save(id, end, more));
    options.onEnd();
  };

  /** What cannot be kept to be looked into is erased; the retrieval has ended either way. */
  const keepRefused = async (id: string, error: unknown): Promise<readonly Change[]> => {
    const kept = await refused.keep(id, held.folderOf(id), error).catch((failure: unknown) => {
      onFailure(failure);
      return [];
    });
    return [...kept, await held.release(id)];
  };

  const run = async (id: string): Promise<void> => {
    if (stop.aborted) return;
    const record = await store.get(retrievalRecords, id);
    if (record?.state === 'fetching') await transfer(id, record);
    if (record?.state === 'filing') await desk.fileNow(id);
  };

  /** One work after the other for one retrieval: what is wanted while one ends is looked at afterwards. */
  const startWork = (id: string): void => {
    if (stop.aborted) return;
    const before = works.get(id) ?? Promise.resolve();
    const work = before
      .then(() => slots(() => run(id)))
      .catch(onFailure)
      .finally(() => {
        if (works.get(id) !== work) return;
        works.delete(id);
        progress.delete(id);
        byDicomweb.delete(id);
      });
    works.set(id, work);
  };

  const desk = createQuarantineDesk({
    waiting,
    limits: options.quarantineLimits,
    refused,
    refusedLimits: options.refusedLimits,
    sink: fetching.sink,
    lock,
    now,
    signal: stop,
    retrieval: (id) => store.get(retrievalRecords, id),
    requested: requestedFor,
    writtenAtMs,
    save,
    start: startWork,
  });

  return {
    quarantine: desk,

    async judgeAll() {
      for (const { id } of await store.list(openRetrievalRecords)) await judge(id);
      await desk.expire();
    },

    async statusOf(requestId) {
      const retrievals = await store.list(retrievalRecords, `${requestId}.`);
      return Promise.all(
        retrievals
          .toSorted((a, b) => a.value.receivedAtMs - b.value.receivedAtMs)
          .map(async ({ id, value }) => ({
            retrievalId: id,
            state: value.state,
            source: value.source,
            studyId: value.studyId,
            label: value.label,
            notAfterMs: value.notAfterMs,
            bytesReceived: progress.get(id) ?? value.bytesReceived,
            location: value.location,
            code: value.code,
            // Who cannot ask the ledger does not know; the answer about the rest is worth having.
            changed: await isChanged(id, value).catch(() => false),
          })),
      );
    },

    async start(requestId, { retrievalId, by }) {
      const wanted = (await store.list(retrievalRecords, `${requestId}.`)).filter(
        ({ id }) => retrievalId === undefined || id === retrievalId,
      );
      let started = 0;
      for (const { id } of wanted) {
        await judge(id);
        await lock(`retrieval/${id}`, async () => {
          const record = await store.get(retrievalRecords, id);
          if (record === undefined) return;
          const isWanted = ['allowed', 'failed', 'fetching'].includes(record.state) || (await isChanged(id, record));
          if (!isWanted) return;
          started += 1;
          if (record.state !== 'fetching') {
            await save(id, { ...record, state: 'fetching', code: undefined, bytesReceived: 0 });
          }
        });
        if (by === 'dicomweb') byDicomweb.add(id);
        startWork(id);
      }
      return started;
    },

    async goOn() {
      for (const { id } of await store.list(openRetrievalRecords)) startWork(id);
    },

    async idle() {
      await Promise.all(works.values());
    },
  };
}
