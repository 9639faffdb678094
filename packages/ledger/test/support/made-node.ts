/** A node on a chain that was made, without peers: what readers of its API see. */
import type { Parameters } from '@radledger/chain';
import { simplex } from '@radledger/consensus-simplex';
import { type ChainMaker, openChainMaker } from '@radledger/made-chain';
import { type MessageListener, type Network, NetworkError, type RequestHandler } from '@radledger/network';
import { type LedgerStore, openStore } from '@radledger/storage';
import { MemoryLevel } from 'memory-level';
import { type Ledger, openLedger } from '../../src/index.js';

export type Answering = (topic: string, request: Uint8Array) => Promise<Uint8Array>;

/** A network with nobody in it; `answer` is what a peer would be told. */
export function nobody(): { readonly network: Network; readonly answer: Answering } {
  const handlers = new Map<string, RequestHandler>();
  const network: Network = {
    nodeKey: new Uint8Array(32),
    address: undefined,
    peers: () => [],
    on: () => () => undefined,
    subscribe: () => undefined,
    handle: (topic, handler) => void handlers.set(topic, handler),
    broadcast: () => 0,
    send: () => true,
    request: () => Promise.reject(new Error('there is nobody to ask')),
    penalise: () => undefined,
    close: () => Promise.resolve(),
  };
  const answer: Answering = async (topic, bytes) => {
    const handler = handlers.get(topic);
    if (!handler) throw new Error(`nobody answers ${topic}`);
    return handler({ peerId: 'asker', bytes });
  };
  return { network, answer };
}

export interface TestPeer {
  readonly name: string;
  readonly answer: Answering;
}

/** A network of peers that are functions. Who gets 100 points is gone. */
export function networkOf(
  peers: readonly TestPeer[],
  penalised: (peer: string, rule: string) => void = () => undefined,
): {
  readonly network: Network;
  /** Points and rules by peer. */
  readonly penalties: ReadonlyMap<string, { readonly points: number; readonly rules: readonly string[] }>;
  /** Requests answered, by peer and topic. */
  readonly answered: ReadonlyMap<string, number>;
  /** Payload bytes of all answers. */
  readonly bytes: () => number;
  /** A peer sends a message. */
  tell(peer: string, topic: string, bytes: Uint8Array): void;
} {
  const listeners = new Map<string, MessageListener>();
  const penalties = new Map<string, { points: number; rules: string[] }>();
  const answered = new Map<string, number>();
  let bytesSent = 0;
  const connected = (): readonly TestPeer[] => peers.filter(({ name }) => (penalties.get(name)?.points ?? 0) < 100);
  const network: Network = {
    ...nobody().network,
    peers: () =>
      connected().map(({ name }) => ({
        peerId: name,
        nodeKey: new Uint8Array(32),
        direction: 'outbound',
        known: true,
        penalty: penalties.get(name)?.points ?? 0,
      })),
    subscribe: (topic, listener) => void listeners.set(topic, listener),
    async request(peerId, topic, request, { responseBytesMax, signal }) {
      signal?.throwIfAborted();
      const peer = connected().find(({ name }) => name === peerId);
      if (!peer) throw new NetworkError({ code: 'NOT_CONNECTED', peerId }, 'no such peer');
      let answer: Uint8Array;
      try {
        answer = await peer.answer(topic, request);
      } catch (cause) {
        throw new NetworkError({ code: 'REQUEST_REFUSED', peerId, topic, reason: 'FAILED' }, 'refused', { cause });
      }
      if (answer.length > responseBytesMax)
        throw new NetworkError({ code: 'RESPONSE_TOO_LARGE', peerId, topic, bytesMax: responseBytesMax }, 'too large');
      const key = `${peerId} ${topic}`;
      answered.set(key, (answered.get(key) ?? 0) + 1);
      bytesSent += answer.length;
      return answer;
    },
    penalise(peerId, points, rule) {
      const entry = penalties.get(peerId) ?? { points: 0, rules: [] };
      penalties.set(peerId, { points: entry.points + points, rules: [...entry.rules, rule] });
      penalised(peerId, rule);
    },
  };
  return {
    network,
    penalties,
    answered,
    bytes: () => bytesSent,
    tell: (peerId, topic, bytes) => void listeners.get(topic)?.({ peerId, bytes }),
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
  /** What the opened node answers to peers. */
  readonly answer: Answering;
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
  const { network, answer } = nobody();
  return {
    maker,
    store,
    answer,
    open: (now) => openLedger({ genesis, store, consensus: simplex, network: () => Promise.resolve(network), now }),
  };
}
