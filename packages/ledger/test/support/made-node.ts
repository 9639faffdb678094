/** A node on a chain that was made, without peers: what readers of its API see. */
import type { Parameters } from '@radledger/chain';
import { simplex } from '@radledger/consensus-simplex';
import { type ChainMaker, openChainMaker } from '@radledger/made-chain';
import type { Network } from '@radledger/network';
import { type LedgerStore, openStore } from '@radledger/storage';
import { MemoryLevel } from 'memory-level';
import { type Ledger, openLedger } from '../../src/index.js';

/** A network with nobody in it. */
export function nobody(): Network {
  return {
    nodeKey: new Uint8Array(32),
    address: undefined,
    peers: () => [],
    on: () => () => undefined,
    subscribe: () => undefined,
    handle: () => undefined,
    broadcast: () => 0,
    send: () => true,
    request: () => Promise.reject(new Error('there is nobody to ask')),
    penalise: () => undefined,
    close: () => Promise.resolve(),
  };
}

export function memoryDatabase(): MemoryLevel<Uint8Array, Uint8Array> {
  return new MemoryLevel<Uint8Array, Uint8Array>({ keyEncoding: 'view', valueEncoding: 'view', storeEncoding: 'view' });
}

export interface MadeNode {
  readonly maker: ChainMaker;
  readonly store: LedgerStore;
  /** Opens the node once the chain is made. */
  open(now: () => number): Promise<Ledger>;
}

export async function madeNode(options: {
  readonly startMs: number;
  readonly intervalMs: number;
  readonly voters?: number;
  readonly parameters?: Partial<Parameters>;
}): Promise<MadeNode> {
  const opened: LedgerStore[] = [];
  const maker = await openChainMaker({ voters: 4, ...options }, async (chainId) => {
    const store = await openStore(memoryDatabase(), { chainId });
    opened.push(store);
    return store;
  });
  const [store] = opened as [LedgerStore];
  const { genesis } = maker;
  return {
    maker,
    store,
    open: (now) => openLedger({ genesis, store, consensus: simplex, network: () => Promise.resolve(nobody()), now }),
  };
}
