import { equalBytes } from '@radledger/primitives';
import { afterEach, expect, test, vi } from 'vitest';
import { finalizedAt, nextEvent, startNet, type TestNet } from './support/net.js';
import { solo } from './support/solo-module.js';
import { allowAccess, defineSource, defineStudy, ownerOf, revokeAccess } from './support/transactions.js';

// A net on a busy machine takes its time; what it waits for is an event, never a moment.
vi.setConfig({ testTimeout: 60_000 });

let net: TestNet | undefined;
afterEach(async () => {
  await net?.close();
  net = undefined;
});

async function startWithStudy(parameters = {}): Promise<TestNet> {
  net = await startNet({ module: solo, size: 2, parameters });
  const { ledger } = net.nodes[0]!;
  const source = net.sources[0]!;
  const owner = await ownerOf('anna');
  for (const signed of [
    await defineSource(net.chainId, source),
    await defineStudy(net.chainId, source, { study: 'mr', owner }),
  ]) {
    await ledger.submit(signed.bytes);
    await finalizedAt(net.nodes[1]!.ledger, signed.txId);
  }
  return net;
}

test('of two transactions that exclude each other one is finalized, the other refused everywhere', async () => {
  const { chainId, sources, nodes } = await startWithStudy();
  const other = nodes[1]!.ledger;
  const owner = await ownerOf('anna');
  const revoke = await revokeAccess(chainId, sources[0]!, { study: 'mr', owner, tag: 't', sequence: 7 });
  const allow = await allowAccess(chainId, sources[0]!, { study: 'mr', owner, tag: 't', sequence: 7 });
  await nodes[0]!.stop();
  await other.submit(revoke.bytes);
  await other.submit(allow.bytes);
  expect(other.pending()).toHaveLength(2);
  const refused = nextEvent(other, 'refused');
  await nodes[0]!.restart();
  expect(await refused).toMatchObject({ rule: 'SEQUENCE_NOT_HIGHER' });
  const statuses = await Promise.all([revoke, allow].map(({ txId }) => other.transactionStatus(txId)));
  expect(statuses.map(({ status }) => status).sort()).toEqual(['finalized', 'refused']);
  expect(other.pending()).toEqual([]);
});

test('a grant beyond the quota that was admitted with others waits for the refill and is finalized then', async () => {
  const { chainId, sources, nodes } = await startWithStudy({ studyAllowBurst: 2, studyAllowRefillHeights: 1 });
  const { ledger } = nodes[0]!;
  const owner = await ownerOf('anna');
  const grants = await Promise.all(
    ['a', 'b', 'c', 'd'].map((tag) => allowAccess(chainId, sources[0]!, { study: 'mr', owner, tag })),
  );
  await Promise.allSettled(grants.map(({ bytes }) => ledger.submit(bytes)));
  const heights = await Promise.all(
    grants.map(async ({ txId, bytes }) => {
      if ((await ledger.transactionStatus(txId)).status === 'refused') {
        await nextEvent(ledger, 'finalized');
        await ledger.submit(bytes);
      }
      return finalizedAt(ledger, txId);
    }),
  );
  expect(new Set(heights).size).toBeGreaterThan(1);
});

test('a transaction that is in no block up to its expiry height is refused as expired', async () => {
  const { chainId, sources, nodes } = await startWithStudy();
  const { ledger, network } = nodes[1]!;
  const owner = await ownerOf('anna');
  const { height } = ledger.status().finalized;
  // The leader never hears of it.
  vi.spyOn(network, 'broadcast').mockImplementation((topic) => (topic === 'transaction' ? 0 : 1));
  const late = await allowAccess(chainId, sources[0]!, { study: 'mr', owner, tag: 'late', expiryHeight: height + 1 });
  await ledger.submit(late.bytes);
  expect((await ledger.transactionStatus(late.txId)).status).toBe('seen');
  const refused = nextEvent(ledger, 'refused', ({ txId }) => equalBytes(txId, late.txId));
  const another = await allowAccess(chainId, sources[0]!, { study: 'mr', owner, tag: 'another' });
  await nodes[0]!.ledger.submit(another.bytes);
  expect((await refused).rule).toBe('EXPIRED');
  expect(await ledger.transactionStatus(late.txId)).toMatchObject({ status: 'refused', rule: 'EXPIRED' });
});
