import { simplex } from '@radledger/consensus-simplex';
import { afterEach, expect, test } from 'vitest';
import { finalizedAt, heightReached, startNet, type TestNet } from './support/net.js';
import { allowAccess, defineSource, defineStudy, ownerOf, revokeAccess } from './support/transactions.js';

let net: TestNet | undefined;
afterEach(async () => {
  await net?.close();
  net = undefined;
});

test('the story of a study is finalized alike on four nodes', async () => {
  net = await startNet({ module: simplex });
  const { chainId, nodes, sources } = net;
  const [first, second] = nodes;
  const source = sources[1];
  if (!first || !second || !source) throw new Error('expected four nodes');
  const owner = await ownerOf('anna');
  const define = await defineSource(chainId, source);
  const study = await defineStudy(chainId, source, { study: 'mr', owner });
  const allow = await allowAccess(chainId, source, { study: 'mr', owner, tag: 'doctor' });
  const revoke = await revokeAccess(chainId, source, { study: 'mr', owner, tag: 'doctor' });
  await first.ledger.submit(define.bytes);
  await finalizedAt(second.ledger, define.txId);
  await second.ledger.submit(study.bytes);
  await finalizedAt(first.ledger, study.txId);
  await first.ledger.submit(allow.bytes);
  await finalizedAt(second.ledger, allow.txId);
  await second.ledger.submit(revoke.bytes);
  const height = await finalizedAt(first.ledger, revoke.txId);
  await Promise.all(nodes.map(({ ledger }) => heightReached(ledger, height)));
  const headers = await Promise.all(nodes.map(({ ledger }) => ledger.headers({ from: height, limit: 1 })));
  expect(new Set(headers.map(([entry]) => entry?.id.join())).size).toBe(1);
});
