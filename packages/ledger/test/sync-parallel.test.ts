// Goal: a node that catches up takes blocks from several peers at once, and one that lies or has little holds nobody up.
import { simplex } from '@radledger/consensus-simplex';
import { toHex } from '@radledger/primitives';
import { openStore } from '@radledger/storage';
import { expect, test, vi } from 'vitest';
import { openLedger } from '../src/index.js';
import { decodeBlocks, decodeBlocksRequest, encodeAnnouncement, encodeBlocks } from '../src/sync-messages.js';
import { heightReached } from './support/net.js';
import { type Answering, madeNode, memoryDatabase, networkOf } from './support/made-node.js';

vi.setConfig({ testTimeout: 120_000 });

test('blocks come from several peers; a false one costs its sender only', async () => {
  const now = (): number => Date.UTC(2026, 0, 2);
  const HEIGHTS = 330;
  const origin = await madeNode({
    startMs: Date.UTC(2026, 0, 1),
    intervalMs: 1_000,
    parameters: { epochHeights: 100 },
  });
  const { maker, answer } = origin;
  while (maker.height < HEIGHTS) await maker.next([]);
  const source = await origin.open(now);

  let underWay = 0;
  let underWayMax = 0;
  const counted: Answering = async (topic, request) => {
    underWayMax = Math.max(underWayMax, (underWay += 1));
    try {
      return await answer(topic, request);
    } finally {
      underWay -= 1;
    }
  };
  const liar: Answering = async (topic, request) => {
    const blocks = decodeBlocks(await counted(topic, request), 4_000_000);
    const { from } = decodeBlocksRequest(request);
    // True until height 150: it has become a peer that is asked first.
    const told = blocks.map((block, at) =>
      from + at < 150 ? block : { ...block, body: block.body.map((byte) => byte ^ 1) },
    );
    return encodeBlocks(told, 4_000_000);
  };
  const peers = networkOf([
    { name: 'one', answer: counted },
    { name: 'two', answer: counted },
    { name: 'liar', answer: liar },
  ]);
  const ledger = await openLedger({
    genesis: maker.genesis,
    store: await openStore(memoryDatabase(), { chainId: maker.chainId }),
    consensus: simplex,
    network: () => Promise.resolve(peers.network),
    now,
  });
  for (const name of ['liar', 'one', 'two']) {
    peers.tell(name, 'announcement', encodeAnnouncement({ height: HEIGHTS, id: new Uint8Array(32) }));
  }
  await heightReached(ledger, HEIGHTS);
  expect(toHex(ledger.status().finalized.stateRoot)).toBe(toHex(origin.store.tip!.header.stateRoot));
  expect(underWayMax).toBeGreaterThan(1);
  for (const name of ['one', 'two']) expect(peers.answered.get(`${name} blocks`)).toBeGreaterThan(0);
  expect([...peers.penalties.keys()]).toEqual(['liar']);
  await ledger.close();
  await source.close();
});

test('one failure of the only peer does not end the catching up, though it announces nothing more', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const now = (): number => Date.UTC(2026, 0, 2);
  const origin = await madeNode({
    startMs: Date.UTC(2026, 0, 1),
    intervalMs: 1_000,
    parameters: { epochHeights: 100 },
  });
  while (origin.maker.height < 200) await origin.maker.next([]);
  const source = await origin.open(now);
  let asked = 0;
  const flaky: Answering = (topic, request) => {
    asked += 1;
    if (asked === 2 || asked === 3) throw new Error('gone for a moment');
    return origin.answer(topic, request);
  };
  const peers = networkOf([{ name: 'only', answer: flaky }]);
  const ledger = await openLedger({
    genesis: origin.maker.genesis,
    store: await openStore(memoryDatabase(), { chainId: origin.maker.chainId }),
    consensus: simplex,
    network: () => Promise.resolve(peers.network),
    now,
  });
  peers.tell('only', 'announcement', encodeAnnouncement({ height: 200, id: new Uint8Array(32) }));
  const reached = async (): Promise<void> => {
    await vi.advanceTimersByTimeAsync(5_000);
    expect(ledger.status().finalized.height).toBe(200);
  };
  await vi.waitFor(reached, { interval: 20, timeout: 60_000 });
  vi.useRealTimers();
  await ledger.close();
  await source.close();
});
