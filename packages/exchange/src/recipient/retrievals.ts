/** What patients allowed, and how far each study is: follows the ledger, runs transfers, goes on after a stop. */
import { equalBytes, toHex } from '@radledger/primitives';
import { type Change, type ExchangeStore, put, remove } from '../exchange-store.js';
import type { KeyedLock } from '../keyed-lock.js';
import { createSlots } from '../slots.js';
import { type FetchStudyOptions, fetchStudy } from './fetch-study.js';
import type { HeldStudies } from './held-studies.js';
import { hasLiveGrant } from './live-grant.js';
import type { Receipts } from './receipts.js';
import type { FetchWish, RetrievalStatus } from './recipient-contract.js';
import {
  filedContentRecords,
  openRetrievalRecords,
  type RetrievalRecord,
  retrievalRecords,
} from './recipient-records.js';
import { boxOf } from './request-boxes.js';
import { failureCodeOf, isWorthHolding } from './retrieval-failure.js';

export interface Retrievals {
  /** Brings what waits up to the finalized ledger. */
  judgeAll(): Promise<void>;
  /** Those of one request, oldest first. */
  statusOf(requestId: string): Promise<readonly RetrievalStatus[]>;
  /** Starts those of a request that are allowed, failed before or changed; durable when it resolves. @returns how many */
  start(requestId: string, wish: FetchWish): Promise<number>;
  /** Goes on with transfers that a stop interrupted. */
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
  const { store, lock, fetching, held, stop, onChange, onFailure } = options;
  const { ledger, now } = fetching;
  const transfers = new Map<string, Promise<void>>();
  const slots = createSlots(options.transfersMax);
  const progress = new Map<string, number>();
  const byDicomweb = new Set<string>();

  /** Every change of a retrieval: one batch, then the watchers hear of it. */
  const save = async (id: string, record: RetrievalRecord, more: readonly Change[] = []): Promise<void> => {
    const isOpen = record.state === 'waiting' || record.state === 'allowed' || record.state === 'fetching';
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

  const runTransfer = async (id: string): Promise<void> => {
    if (stop.aborted) return;
    const record = await store.get(retrievalRecords, id);
    if (record?.state !== 'fetching') return;
    let end: RetrievalRecord;
    let more: readonly Change[] = [];
    try {
      const { location, received, bytes } = await fetchStudy(record, fetching, {
        folder: held.folderOf(id),
        prefersDicomweb: byDicomweb.has(id),
        signal: stop,
        onProgress(total) {
          progress.set(id, total);
          onChange(boxOf(id));
        },
      });
      end = { ...record, state: 'filed', location, bytesReceived: bytes };
      more = [
        put(filedContentRecords, id, received.content),
        ...(await options.receipts.sign(received)),
        await held.release(id),
      ];
    } catch (error) {
      // Stopped from here: still `fetching` on disk, taken up again by the next start.
      if (stop.aborted) return;
      onFailure(error);
      const code = failureCodeOf(error);
      end = { ...record, state: code === 'GRANT_NOT_LIVE' ? 'ended' : 'failed', code };
      more = [isWorthHolding(error) ? held.hold(id) : await held.release(id)];
    }
    await lock(`retrieval/${id}`, () => save(id, end, more));
    options.onEnd();
  };

  const startTransfer = (id: string): void => {
    if (transfers.has(id) || stop.aborted) return;
    const transfer = slots(() => runTransfer(id))
      .catch(onFailure)
      .finally(() => {
        transfers.delete(id);
        progress.delete(id);
        byDicomweb.delete(id);
      });
    transfers.set(id, transfer);
  };

  return {
    async judgeAll() {
      for (const { id } of await store.list(openRetrievalRecords)) await judge(id);
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
        startTransfer(id);
      }
      return started;
    },

    async goOn() {
      for (const { id } of await store.list(openRetrievalRecords)) startTransfer(id);
    },

    async idle() {
      await Promise.all(transfers.values());
    },
  };
}
