/** What every node announced as final, over all its lives: one history, or an anomaly. */
import type { FinalizedBlock, NodeClient } from '@radledger/client';
import { toHex } from '@radledger/primitives';

interface KnownBlock {
  readonly id: string;
  /** When the first node showed it; ms of `performance.now`. */
  readonly atMs: number;
}

export interface FinalizedRecord {
  /** Follows a node from after what it has shown before, until the signal aborts or it goes away. */
  follow(node: number, client: NodeClient, signal: AbortSignal): void;
  /** Highest height that any node has shown. */
  readonly height: number;
  heightOf(node: number): number;
  /** When a transaction was first seen to be final, and where. */
  find(txId: string): { readonly height: number; readonly atMs: number } | undefined;
  /** Resolves when a transaction is final; undefined when the signal aborts first. */
  finality(txId: string, signal: AbortSignal): Promise<{ readonly height: number } | undefined>;
  /** Resolves when a node has shown a height; false when the signal aborts first. */
  reached(node: number, height: number, signal: AbortSignal): Promise<boolean>;
  readonly anomalies: readonly string[];
}

/** Blocks asked for at once. */
const BLOCKS_AT_ONCE = 100;

export function createFinalizedRecord(nodeCount: number): FinalizedRecord {
  const blocks = new Map<number, KnownBlock>();
  const transactions = new Map<string, { readonly height: number; readonly atMs: number }>();
  const heights = Array.from({ length: nodeCount }, () => 0);
  const anomalies: string[] = [];
  const waiting = new Set<() => void>();
  let highest = 0;

  function add(node: number, { height, id, transactions: ids }: FinalizedBlock): void {
    const atMs = performance.now();
    const known = blocks.get(height);
    if (known === undefined) {
      blocks.set(height, { id: toHex(id), atMs });
      for (const txId of ids) {
        const twice = transactions.get(toHex(txId));
        if (twice !== undefined) anomalies.push(`a transaction is final at heights ${twice.height} and ${height}`);
        transactions.set(toHex(txId), { height, atMs });
      }
    } else if (known.id !== toHex(id)) {
      anomalies.push(`node ${node + 1} has another block at height ${height} than was final before`);
    }
    heights[node] = Math.max(heights[node] as number, height);
    highest = Math.max(highest, height);
  }

  async function run(node: number, client: NodeClient, signal: AbortSignal): Promise<void> {
    let next = (heights[node] as number) + 1;
    for await (const event of client.events({ fromHeight: next, signal })) {
      if (event.event !== 'finalized') continue;
      while (next <= event.height) {
        const limit = Math.min(event.height - next + 1, BLOCKS_AT_ONCE);
        const page = await client.blocks({ from: next, limit }, { signal });
        if (page.length === 0) break;
        for (const block of page) add(node, block);
        next = (page.at(-1) as FinalizedBlock).height + 1;
        for (const wake of waiting) wake();
      }
    }
  }

  function until<T>(look: () => T | undefined, signal: AbortSignal): Promise<T | undefined> {
    return new Promise((resolve) => {
      const check = (): void => {
        const found = look();
        if (found === undefined && !signal.aborted) return;
        waiting.delete(check);
        signal.removeEventListener('abort', check);
        resolve(found);
      };
      waiting.add(check);
      signal.addEventListener('abort', check);
      check();
    });
  }

  return {
    follow(node, client, signal) {
      // A node that is killed or stopped breaks its stream: whoever starts it again follows it anew.
      run(node, client, signal).catch((error: unknown) => {
        if (!signal.aborted) anomalies.push(`node ${node + 1} cannot be followed: ${String(error)}`);
      });
    },
    get height() {
      return highest;
    },
    heightOf: (node) => heights[node] as number,
    find: (txId) => transactions.get(txId),
    finality: (txId, signal) => until(() => transactions.get(txId), signal),
    reached: async (node, height, signal) =>
      (await until(() => ((heights[node] as number) >= height ? true : undefined), signal)) ?? false,
    anomalies,
  };
}
