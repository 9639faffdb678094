/** Epoch contexts of the finalized state: who votes, who leads, with which keys. */
import { cellKey, decodeEpochCell } from '@radledger/chain';
import { type EpochContext, epochContextOf } from '@radledger/consensus';
import { toHex } from '@radledger/primitives';
import type { LedgerStore } from '@radledger/storage';
import { BoundedMap } from './bounded-map.js';

export interface EpochContexts {
  /** The context of an epoch whose seed is final; undefined when it is not known yet. */
  load(epoch: number): Promise<EpochContext | undefined>;
  /** The same from memory: current and earlier epochs that were loaded. */
  known(epoch: number): EpochContext | undefined;
  /** Whether a node key votes in an epoch that was loaded. */
  isMember(nodeKey: Uint8Array): boolean;
}

/** More than the current epoch, the one before and the one after are never asked for. */
const CONTEXTS_MAX = 5;

export function createEpochContexts(
  store: LedgerStore,
  options: { readonly chainId: Uint8Array; readonly committeeMax: number },
): EpochContexts {
  const contexts = new BoundedMap<number, EpochContext>(CONTEXTS_MAX);
  let nodeKeys = new Set<string>();
  return {
    async load(epoch) {
      const known = contexts.get(epoch);
      if (known) return known;
      const [bytes] = await store.getMany([cellKey.epoch(epoch)]);
      if (!bytes) return undefined;
      const cell = decodeEpochCell(bytes);
      if (!cell.seed) return undefined;
      const context = epochContextOf(cell, options);
      contexts.set(epoch, context);
      nodeKeys = new Set([...contexts.values()].flatMap(({ leaders }) => leaders.map(({ nodeKey }) => toHex(nodeKey))));
      return context;
    },
    known: (epoch) => contexts.get(epoch),
    isMember: (nodeKey) => nodeKeys.has(toHex(nodeKey)),
  };
}
