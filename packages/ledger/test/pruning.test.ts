// Goal: a node that prunes forgets what it may, keeps what others and it itself need, and says so. Method: a made chain is replayed.
import { simplex } from '@radledger/consensus-simplex';
import { createStory } from '@radledger/made-chain';
import { openStore } from '@radledger/storage';
import { expect, test, vi } from 'vitest';
import { createNodeApi, listenNodeApi } from '../src/http/index.js';
import { openLedger } from '../src/index.js';
import { decodeBlocks, encodeAnnouncement, encodeBlocksRequest } from '../src/sync-messages.js';
import { heightReached } from './support/net.js';
import { madeNode, memoryDatabase, networkOf, nobody } from './support/made-node.js';

vi.setConfig({ testTimeout: 120_000 });

test('bodies and proofs go, the last 512 and the ends of epochs stay, and history without the checkpoint is refused', async () => {
  const now = (): number => Date.UTC(2026, 0, 2);
  const origin = await madeNode({ startMs: Date.UTC(2026, 0, 1), intervalMs: 1_000, parameters: { epochHeights: 50 } });
  const { maker } = origin;
  const { chainId, genesis } = maker;
  const define = await createStory(chainId).defineSource(maker.voters[0]!, 1);
  await maker.next([define]);
  while (maker.height < 704) await maker.next([]);
  const source = await origin.open(now);

  const served = networkOf([{ name: 'origin', answer: origin.answer }]);
  const own = nobody();
  const network = { ...served.network, handle: own.network.handle.bind(own.network) };
  const database = memoryDatabase();
  const store = await openStore(database, { chainId });
  const keep = { bodiesHeights: 1, proofsHeights: 1 };
  const options = { genesis, consensus: simplex, now };
  const checkpoint = { height: 50, id: (await source.headers({ from: 50, limit: 1 }))[0]!.id };
  const ledger = await openLedger({ ...options, store, network: () => Promise.resolve(network), keep, checkpoint });
  served.tell('origin', 'announcement', encodeAnnouncement({ height: 704, id: new Uint8Array(32) }));
  await heightReached(ledger, 704);
  await store.prune({ bodiesBelow: 0, proofsBelow: 0, proofsEvery: 50 }); // behind the one that the last block began

  // 704 - 512 + 1
  expect(ledger.status()).toMatchObject({ lowestHeight: 193, checkpoint: { height: 700 } });
  expect([await store.block(192), await store.transactionIds(192), await store.finalityProof(149)]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(await store.transactionHeight(define.txId)).toBeUndefined();
  expect(await store.block(193)).toBeDefined();
  expect(await store.header(100)).toBeDefined();
  expect(await store.finalityProof(193)).toBeDefined();
  expect(await ledger.boundaries({ fromEpoch: 0, limit: 100 })).toHaveLength(15);
  expect(decodeBlocks(await own.answer('blocks', encodeBlocksRequest({ from: 1, limit: 5 })), 1_000_000)).toEqual([]);

  const api = await listenNodeApi(createNodeApi(ledger), { host: '127.0.0.1', port: 0 });
  const pruned = await fetch(`${api.url}/v1/blocks/10`);
  expect([pruned.status, await pruned.json()]).toMatchObject([410, { error: { code: 'BLOCK_PRUNED' } }]);
  expect((await fetch(`${api.url}/v1/blocks/0`)).status).toBe(200);
  expect((await fetch(`${api.url}/v1/blocks/705`)).status).toBe(404);
  await api.close();
  await ledger.close();

  const again = await openStore(database, { chainId });
  expect(again.lowestHeight).toBe(193);
  const other = { height: 50, id: new Uint8Array(32).fill(1) };
  const reopened = openLedger({
    ...options,
    store: again,
    network: () => Promise.resolve(nobody().network),
    checkpoint: other,
  });
  await expect(reopened).rejects.toMatchObject({ code: 'CHECKPOINT_DIFFERS' });
  await again.close();

  let tell: (rule: string) => void = () => undefined;
  const refused = new Promise<string>((resolve) => {
    tell = resolve;
  });
  const fresh = networkOf([{ name: 'origin', answer: origin.answer }], (_peer, rule) => tell(rule));
  const cautious = await openLedger({
    ...options,
    store: await openStore(memoryDatabase(), { chainId }),
    network: () => Promise.resolve(fresh.network),
    checkpoint: other,
  });
  fresh.tell('origin', 'announcement', encodeAnnouncement({ height: 704, id: new Uint8Array(32) }));
  expect(await refused).toBe('CHECKPOINT_DIFFERS');
  expect(cautious.status().finalized.height).toBe(49);
  await cautious.close();
  await source.close();
});
