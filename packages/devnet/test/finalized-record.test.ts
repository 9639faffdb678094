import type { FinalizedBlock, NodeClient, NodeEvent } from '@radledger/client';
import { expect, test } from 'vitest';
import { createFinalizedRecord } from '../src/chaos/finalized-record.js';

/** A node that shows these blocks and then nothing more. */
function nodeWith(
  blocks: readonly { readonly height: number; readonly id: number; readonly transactions?: number[] }[],
) {
  const whole = blocks.map(
    ({ height, id, transactions = [] }) =>
      ({
        height,
        id: Uint8Array.of(id),
        transactions: transactions.map((n) => Uint8Array.of(n)),
      }) as unknown as FinalizedBlock,
  );
  return {
    async *events({ signal }: { signal: AbortSignal }): AsyncIterable<NodeEvent> {
      for (const { height } of whole) yield { event: 'finalized', height } as NodeEvent;
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    },
    blocks: async ({ from = 0, limit = 0 }) => whole.filter(({ height }) => height >= from && height < from + limit),
  } as unknown as NodeClient;
}

test('nodes that show the same blocks are one history', async () => {
  const record = createFinalizedRecord(2);
  const life = new AbortController();
  const blocks = [
    { height: 1, id: 1, transactions: [7] },
    { height: 2, id: 2 },
  ];
  for (const node of [0, 1]) record.follow(node, nodeWith(blocks), life.signal);
  for (const node of [0, 1]) expect(await record.reached(node, 2, life.signal)).toBe(true);
  expect(record.find('07')).toMatchObject({ height: 1 });
  expect(record.anomalies).toEqual([]);
  life.abort();
  expect(await record.reached(0, 3, life.signal)).toBe(false);
});

test('another block at a height that was final is an anomaly, and so is a transaction that is final twice', async () => {
  const record = createFinalizedRecord(2);
  const life = new AbortController();
  record.follow(0, nodeWith([{ height: 1, id: 1, transactions: [7] }]), life.signal);
  expect(await record.reached(0, 1, life.signal)).toBe(true);
  const other = [
    { height: 1, id: 9 },
    { height: 2, id: 2, transactions: [7] },
  ];
  record.follow(1, nodeWith(other), life.signal);
  expect(await record.reached(1, 2, life.signal)).toBe(true);
  life.abort();
  expect(record.anomalies).toEqual([
    'node 2 has another block at height 1 than was final before',
    'a transaction is final at heights 1 and 2',
  ]);
});
