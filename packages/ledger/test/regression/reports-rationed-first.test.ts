// What broke: reports were judged before they were rationed, so one peer could make a node check false evidence without end, and
// lost nothing by it.
import { simplex } from '@radledger/consensus-simplex';
import { openChainMaker } from '@radledger/made-chain';
import { createSigner, randomBytes } from '@radledger/primitives';
import { openStore } from '@radledger/storage';
import { createTransaction } from '@radledger/transactions';
import { afterEach, expect, test, vi } from 'vitest';
import { type Ledger, openLedger } from '../../src/index.js';
import { TOPICS } from '../../src/topics.js';
import { memoryDatabase, networkOf } from '../support/made-node.js';

const START_MS = 1_700_000_000_000;
const SENT = 64;
const BURST = 16;

let ledger: Ledger | undefined;
afterEach(() => ledger?.close());

test('a report is rationed before it is judged, and false evidence costs its sender', async () => {
  const databases = new Map([['node', memoryDatabase()]]);
  const maker = await openChainMaker({ voters: 4, startMs: START_MS, intervalMs: 2_000 }, (chainId) =>
    openStore(databases.get('node')!, { chainId }),
  );
  const { genesis, chainId } = maker;
  const store = await openStore(databases.get('node')!, { chainId });
  const judge = vi.fn(() => undefined);
  const evidence = { ...simplex.evidence, judge };
  const peers = networkOf([{ name: 'flooder', answer: () => Promise.reject(new Error('no')) }]);
  const { network, penalties } = peers;
  ledger = await openLedger({
    genesis,
    store,
    consensus: { ...simplex, evidence },
    network: () => Promise.resolve(network),
    now: () => START_MS + 1_000,
  });
  const { source, nodeKey } = genesis.sources[0]!;
  const signer = await createSigner(randomBytes(32));
  for (let at = 0; at < SENT; at += 1) {
    const { bytes } = await createTransaction({
      chainId,
      kind: 'report-misconduct',
      signer,
      expiryHeight: 300,
      payload: { source, nodeKey, epoch: 0, evidence: randomBytes(64) },
    });
    peers.tell('flooder', TOPICS.transaction, bytes);
  }
  await vi.waitFor(() => expect(penalties.get('flooder')?.rules.length).toBeGreaterThanOrEqual(BURST));
  expect(judge.mock.calls.length).toBeLessThan(2 * BURST);
  expect(new Set(penalties.get('flooder')?.rules)).toEqual(new Set(['EVIDENCE_INVALID']));
  expect(penalties.get('flooder')?.points).toBeGreaterThanOrEqual(100);
});
