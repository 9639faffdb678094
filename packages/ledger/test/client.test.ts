import { createNodeClient, type NodeClient, verifyBucketAnswer } from '@radledger/client';
import { toHex } from '@radledger/primitives';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type ApiListener, createNodeApi, listenNodeApi } from '../src/http/index.js';
import type { TestSource } from './support/keys.js';
import { startNet, type TestNet } from './support/net.js';
import { solo } from './support/solo-module.js';
import { allowAccess, defineSource, defineStudy, idOf, ownerOf } from './support/transactions.js';

// A net on a busy machine takes its time; what it waits for is an event, never a moment.
vi.setConfig({ testTimeout: 60_000 });

let net: TestNet;
let api: ApiListener;
let client: NodeClient;
let source: TestSource;

beforeAll(async () => {
  net = await startNet({ module: solo, size: 1 });
  source = net.sources[0]!;
  api = await listenNodeApi(createNodeApi(net.nodes[0]!.ledger), { host: '127.0.0.1', port: 0 });
  client = createNodeClient({ url: api.url });
});
afterAll(async () => {
  await api.close();
  await net.close();
});

test('the client of this repository reads every answer of this node', async () => {
  const stop = new AbortController();
  const names = new Set<string>();
  const listening = (async () => {
    for await (const event of client.events({ fromHeight: 1, signal: stop.signal })) names.add(event.event);
  })().catch(() => undefined);
  const owner = await ownerOf('anna');
  const story = [
    await defineSource(net.chainId, source),
    await defineStudy(net.chainId, source, { study: 'mr', owner }),
    await allowAccess(net.chainId, source, { study: 'mr', owner, tag: 'doctor' }),
  ];
  for (const { bytes, txId } of story) {
    const fromHeight = (await client.status()).finalized.height + 1;
    expect(toHex(await client.submit(bytes))).toBe(toHex(txId));
    expect((await client.waitForFinalized(txId, { fromHeight })).height).toBe(fromHeight);
  }
  expect(await client.transactionStatus(story[0]!.txId)).toMatchObject({ status: 'finalized' });
  await expect(client.submit(story[0]!.bytes)).rejects.toMatchObject({ info: { reason: 'REPLAYED' } });

  const id = source.signer.publicKey;
  const status = await client.status();
  expect(toHex(status.chainId)).toBe(toHex(net.chainId));
  expect((await client.sources()).sources).toHaveLength(1);
  for (const answer of [
    await client.source(id),
    await client.study(id, idOf('mr')),
    await client.grant(id, idOf('mr'), idOf('doctor')),
    await client.owner(owner.publicKey),
  ]) {
    expect(answer.cell).toBeDefined();
  }
  expect((await client.grant(id, idOf('mr'), idOf('stranger'))).cell).toBeUndefined();
  const bucket = await client.bucket('');
  expect(() => verifyBucketAnswer(bucket, '')).not.toThrow();
  expect((await client.block(1))?.height).toBe(1);
  expect(await client.blocks({ from: 1, limit: 2 })).toHaveLength(2);
  expect(await client.duties({ fromHeight: 1 })).not.toHaveLength(0);
  stop.abort();
  await listening;
  expect([...names].sort()).toEqual(['finalized', 'seen', 'status']);
});
