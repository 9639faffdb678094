import { simplex } from '@radledger/consensus-simplex';
import { afterEach, expect, test, vi } from 'vitest';
import { createNodeApi, listenNodeApi } from '../src/http/index.js';
import { heightReached, nextEvent, startNet, type TestNet } from './support/net.js';
import { defineSource } from './support/transactions.js';

// A net on a busy machine takes its time; what it waits for is an event, never a moment.
vi.setConfig({ testTimeout: 60_000 });

let net: TestNet | undefined;
afterEach(async () => {
  await net?.close();
  net = undefined;
});

test('a node whose write fails stops voting, says so, and the others go on', async () => {
  let full = false;
  net = await startNet({
    module: simplex,
    parameters: { targetIntervalMs: 50 },
    tap(index, { store }) {
      const commit = store.commit.bind(store);
      store.commit = (finalized) =>
        index === 0 && full ? Promise.reject(new Error('ENOSPC: no space left on device')) : commit(finalized);
    },
  });
  const [broken, healthy] = net.nodes;
  if (!broken || !healthy) throw new Error('expected four nodes');
  await heightReached(broken.ledger, 2);
  expect(broken.ledger.status().voting.allowed).toBe(true);
  const failed = nextEvent(broken.ledger, 'failed');
  full = true;
  expect((await failed).error.message).toContain('ENOSPC');
  const { finalized, voting } = broken.ledger.status();
  expect(voting).toEqual({ allowed: false, reason: 'STORE_FAILED' });
  await heightReached(healthy.ledger, finalized.height + 5);
  expect(broken.ledger.status().finalized.height).toBe(finalized.height);

  const define = await defineSource(net.chainId, net.sources[0]!);
  await expect(broken.ledger.submit(define.bytes)).rejects.toMatchObject({ code: 'STORE_FAILED' });
  const api = await listenNodeApi(createNodeApi(broken.ledger), { host: '127.0.0.1', port: 0 });
  try {
    const answer = await fetch(`${api.url}/v1/transactions`, {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
      body: define.bytes as Uint8Array<ArrayBuffer>,
    });
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ error: { code: 'NODE_FAILED' } });
    const status = (await (await fetch(`${api.url}/v1/status`)).json()) as { voting: unknown };
    expect(status.voting).toEqual({ allowed: false, reason: 'STORE_FAILED' });
  } finally {
    await api.close();
  }

  full = false;
  await broken.stop();
  await broken.restart();
  await heightReached(broken.ledger, finalized.height + 5);
});
