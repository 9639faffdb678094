/** Epoch contexts of the finalized state: who votes, who leads, with which keys. */
import { cellKey, decodeEpochCell, epochOfHeight } from '@radledger/chain';
import { type EpochContext, epochContextOf, type SignedRecovery } from '@radledger/consensus';
import { toHex } from '@radledger/primitives';
import type { LedgerStore } from '@radledger/storage';
import { BoundedMap } from './bounded-map.js';
import type { Recoveries } from './recoveries.js';

export interface EpochContexts {
  /**
   * The context of an epoch whose seed is final; undefined when it is not known yet.
   * @param height - of the epoch: voters may be replaced within one; default its last height
   * @throws {LedgerError} `RECOVERY_REFUSED`
   */
  load(epoch: number, height?: number): Promise<EpochContext | undefined>;
  /** The same from memory: current and earlier epochs that were loaded. */
  known(epoch: number, height?: number): EpochContext | undefined;
  /** Whether a node key votes in an epoch that was loaded. */
  isMember(nodeKey: Uint8Array): boolean;
}

/** More than the current epoch, the one before and the one after are never asked for. */
const CONTEXTS_MAX = 5;

export function createEpochContexts(
  store: LedgerStore,
  options: {
    readonly chainId: Uint8Array;
    readonly committeeMax: number;
    readonly epochHeights: number;
    readonly recoveries: Recoveries;
  },
): EpochContexts {
  const { epochHeights, recoveries } = options;
  /** By epoch and number of recoveries that count. */
  const contexts = new BoundedMap<string, EpochContext>(CONTEXTS_MAX);
  let nodeKeys = new Set<string>();

  /** One above the newest final block cannot be checked, and changes nothing up to its own height: until then none is there. */
  const countingFor = (epoch: number, height = (epoch + 1) * epochHeights) =>
    recoveries.before(Math.min(height, (store.tip?.height ?? 0) + 1));
  const keyOf = (epoch: number, height?: number): string => `${epoch}/${countingFor(epoch, height).length}`;

  async function checkRecovery(recovery: SignedRecovery): Promise<void> {
    const number = epochOfHeight(recovery.height + 1, epochHeights);
    const [own, next] = (await store.getMany([cellKey.epoch(number), cellKey.epoch(number + 1)])).map(
      (bytes) => bytes && decodeEpochCell(bytes),
    );
    if (!own) return;
    await recoveries.check(recovery, (others) => {
      const counting = { recoveries: others, epochHeights };
      const nextEpoch = next?.seed && epochContextOf(next, options, counting);
      return { epoch: epochContextOf(own, options, counting), ...(nextEpoch && { nextEpoch }) };
    });
  }

  return {
    async load(epoch, height) {
      const known = contexts.get(keyOf(epoch, height));
      if (known) return known;
      const [bytes] = await store.getMany([cellKey.epoch(epoch)]);
      if (!bytes) return undefined;
      const cell = decodeEpochCell(bytes);
      if (!cell.seed) return undefined;
      const counting = countingFor(epoch, height);
      for (const recovery of counting) await checkRecovery(recovery);
      const context = epochContextOf(cell, options, { recoveries: counting, epochHeights });
      contexts.set(keyOf(epoch, height), context);
      nodeKeys = new Set([...contexts.values()].flatMap(({ leaders }) => leaders.map(({ nodeKey }) => toHex(nodeKey))));
      return context;
    },
    known: (epoch, height) => contexts.get(keyOf(epoch, height)),
    isMember: (nodeKey) => nodeKeys.has(toHex(nodeKey)),
  };
}
