/** The states that this node offers to new nodes: those after the newest boundary blocks. Spec: docs/spec/node-sync.md, section 4. */
import { isBoundaryHeight, readTreePart } from '@radledger/chain';
import type { Network } from '@radledger/network';
import type { LedgerStore, StateSnapshot } from '@radledger/storage';
import type { AnswerQuota } from './answer-quota.js';
import { storedBoundaries } from './boundaries.js';
import { LedgerError } from './errors.js';
import { encodeBoundaries } from '@radledger/chain';
import {
  decodeBoundariesRequest,
  decodeSnapshotRequest,
  encodeOffers,
  encodePart,
  PART_BYTES_MAX,
  PART_CELLS_MAX,
  SNAPSHOTS_KEPT,
} from './snapshot-messages.js';
import { TOPICS } from './topics.js';

const PENALTY_MALFORMED = 50;

export interface Snapshots {
  /** Call when the store's tip is a new block, before the next is committed. */
  advanced(): Promise<void>;
  close(): Promise<void>;
}

/** Answers peers about boundaries and states. States cost nothing to take, and end with the process; commits keep what they displace for them. */
export function createSnapshots(options: {
  readonly store: LedgerStore;
  readonly network: Pick<Network, 'handle' | 'penalise'>;
  readonly epochHeights: number;
  readonly quota: AnswerQuota;
  readonly answerBytesMax: number;
}): Snapshots {
  const { store, network, epochHeights, quota } = options;
  const kept: { readonly height: number; readonly state: StateSnapshot; users: number }[] = [];
  const retired: typeof kept = [];

  async function release(entry: (typeof kept)[number]): Promise<void> {
    if (entry.users > 0) return;
    const index = retired.indexOf(entry);
    if (index < 0) return;
    retired.splice(index, 1);
    await entry.state.close();
  }

  async function partOf(height: number, prefix: string): Promise<Uint8Array> {
    const entry = kept.find((candidate) => candidate.height === height);
    if (!entry) throw new LedgerError({ code: 'SNAPSHOT_GONE', height }, 'this state is no longer offered');
    entry.users += 1;
    try {
      const part = await readTreePart(entry.state, prefix, { cellsMax: PART_CELLS_MAX, bytesMax: PART_BYTES_MAX });
      if (!part) throw new LedgerError({ code: 'REQUEST_INVALID', parameter: 'prefix' }, 'nothing hangs there');
      return encodePart(part);
    } finally {
      entry.users -= 1;
      await release(entry);
    }
  }

  function decoded<T>(peerId: string, decode: () => T): T {
    try {
      return decode();
    } catch (error) {
      if (error instanceof LedgerError) network.penalise(peerId, PENALTY_MALFORMED, error.code);
      throw error;
    }
  }

  network.handle(TOPICS.snapshot, async ({ peerId, bytes }) => {
    const { part } = decoded(peerId, () => decodeSnapshotRequest(bytes));
    return quota.answer(peerId, () =>
      part ? partOf(part.height, part.prefix) : Promise.resolve(encodeOffers(kept.map(({ height }) => height))),
    );
  });
  network.handle(TOPICS.boundaries, async ({ peerId, bytes }) => {
    const range = decoded(peerId, () => decodeBoundariesRequest(bytes));
    const bytesMax = options.answerBytesMax;
    return quota.answer(peerId, async () =>
      encodeBoundaries(await storedBoundaries(store, { ...range, epochHeights, bytesMax })),
    );
  });

  return {
    async advanced() {
      const height = store.tip?.height ?? 0;
      if (!isBoundaryHeight(height, epochHeights)) return;
      kept.push({ height, state: await store.snapshot(), users: 0 });
      for (const entry of kept.splice(0, Math.max(0, kept.length - SNAPSHOTS_KEPT))) {
        retired.push(entry);
        await release(entry);
      }
    },
    async close() {
      retired.push(...kept.splice(0));
      for (const entry of [...retired]) await release(entry);
    },
  };
}
