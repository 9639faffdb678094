import { afterEach, expect, test, vi } from 'vitest';
import { finalizedAt, heightReached, startNet, type TestNet } from './support/net.js';
import { solo } from './support/solo-module.js';
import { defineSource, defineStudy, ownerOf } from './support/transactions.js';

// A net on a busy machine takes its time; what it waits for is an event, never a moment.
vi.setConfig({ testTimeout: 60_000 });

let net: TestNet | undefined;
afterEach(async () => {
  await net?.close();
  net = undefined;
});

test('a transaction given to any node is finalized on all', async () => {
  net = await startNet({ module: solo, size: 2 });
  const [a, b] = net.nodes;
  const source = net.sources[1];
  if (!a || !b || !source) throw new Error('expected two nodes');
  const define = await defineSource(net.chainId, source);
  const owner = await ownerOf('anna');
  const study = await defineStudy(net.chainId, source, { study: 'one', owner });
  await b.ledger.submit(define.bytes);
  await b.ledger.submit(study.bytes);
  const heights = await Promise.all([a, b].map(({ ledger }) => finalizedAt(ledger, study.txId)));
  expect(heights[0]).toBe(heights[1]);
  await heightReached(a.ledger, heights[0] as number);
  expect(a.ledger.status().finalized.stateRoot).toEqual(b.ledger.status().finalized.stateRoot);
});
