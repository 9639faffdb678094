/** Evidence by the thousand, false and true: it is rationed, judged once, and never stands in the way of a revocation. */
import { epochContextOf } from '@radledger/consensus';
import { simplex, signedBytes, encodeEvidence, type Evidence } from '@radledger/consensus-simplex';
import { cellKey, decodeEpochCell } from '@radledger/chain';
import { createSigner, hash, randomBytes, type Signer, toHex } from '@radledger/primitives';
import { createTransaction, decodeTransaction } from '@radledger/transactions';
import { afterEach, expect, test, vi } from 'vitest';
import { createNodeApi, listenNodeApi } from '../src/http/index.js';
import { ReportRate } from '../src/report-rate.js';
import { finalizedAt, startNet, type TestNet } from './support/net.js';
import { cellOf, misconductOf } from './support/misconduct.js';
import { allowAccess, defineSource, defineStudy, ownerOf, revokeAccess } from './support/transactions.js';

vi.setConfig({ testTimeout: 120_000 });

let net: TestNet | undefined;
afterEach(async () => {
  await net?.close();
  net = undefined;
});

/** Two notarizations of seat 3 for blocks that nobody made, truly signed or not. */
async function evidenceAgainstLast(view: number, signer: Pick<Signer, 'sign'>): Promise<Uint8Array> {
  if (!net) throw new Error('no net');
  const { chainId, genesis, nodes, sources } = net;
  const cell = await cellOf(nodes[0]!.ledger, cellKey.epoch(0), decodeEpochCell);
  if (!cell) throw new Error('no epoch');
  const epoch = epochContextOf(cell, { chainId, committeeMax: genesis.parameters.committeeMax });
  const [first, second] = await Promise.all(
    ['a', 'b'].map(async (name) => {
      const vote = { kind: 'notarize', view, blockId: hash('test/flood', name), timestampMs: 9 } as const;
      return { vote, signature: await signer.sign(signedBytes(chainId, epoch, vote)) };
    }),
  );
  if (!first || !second) throw new Error('two votes');
  const { committeeRoot } = epoch;
  const nodeKey = sources[3]!.nodeSigner.publicKey;
  const evidence: Evidence = { kind: 2, epoch: 0, committeeRoot, nodeKey, votes: [first, second] };
  return encodeEvidence(evidence);
}

async function reportOf(evidence: Uint8Array): Promise<Uint8Array> {
  if (!net) throw new Error('no net');
  const { signer, nodeSigner } = net.sources[3]!;
  const payload = { source: signer.publicKey, nodeKey: nodeSigner.publicKey, epoch: 0, evidence };
  const reporter = await createSigner(randomBytes(32));
  const { bytes } = await createTransaction({
    chainId: net.chainId,
    kind: 'report-misconduct',
    signer: reporter,
    expiryHeight: 300,
    payload,
  });
  return bytes;
}

test('an evidence flood: revocations are final within 3 blocks, and one report of each misconduct stands', async () => {
  net = await startNet({ module: simplex, parameters: { targetIntervalMs: 1_000 } });
  const { chainId, nodes, sources } = net;
  const [first, second] = nodes.map(({ ledger }) => ledger) as [
    TestNet['nodes'][0]['ledger'],
    TestNet['nodes'][0]['ledger'],
  ];
  const source = sources[1]!;
  const owner = await ownerOf('flooded');
  const story = [
    await defineSource(chainId, source),
    await defineStudy(chainId, source, { study: 'ct', owner }),
    await allowAccess(chainId, source, { study: 'ct', owner, tag: 'doctor' }),
  ];
  for (const { bytes } of story) await first.submit(bytes);
  await Promise.all(story.map(({ txId }) => finalizedAt(second, txId)));

  const forger = await createSigner(randomBytes(32));
  const forged = await evidenceAgainstLast(1, forger);
  const verdicts = new Map<string, number>();
  let isOver = false;
  const flood = (async () => {
    while (!isOver) {
      const reports = await Promise.all(Array.from({ length: 64 }, () => reportOf(forged)));
      const answers = await Promise.allSettled(reports.map((bytes) => first.submit(bytes)));
      for (const answer of answers) {
        const code = answer.status === 'fulfilled' ? 'taken' : String((answer.reason as { code?: unknown }).code);
        verdicts.set(code, (verdicts.get(code) ?? 0) + 1);
      }
    }
  })();
  const revoke = await revokeAccess(chainId, source, { study: 'ct', owner, tag: 'doctor' });
  const before = first.status().finalized.height;
  await first.submit(revoke.bytes);
  const height = await finalizedAt(second, revoke.txId);
  isOver = true;
  await flood;
  expect(height - before).toBeLessThanOrEqual(3);
  expect(verdicts.get('taken')).toBeUndefined();
  expect(verdicts.get('BUSY')).toBeGreaterThan(0);
  expect(await misconductOf(first, sources[3]!.signer.publicKey, 0)).toBeUndefined();

  // True evidence, reported by many at once: the ledger needs it once.
  const proof = await evidenceAgainstLast(1, sources[3]!.nodeSigner);
  const reports = await Promise.all(Array.from({ length: 40 }, () => reportOf(proof)));
  const ids = reports.map((bytes) => decodeTransaction(bytes, chainId).txId);
  await Promise.allSettled(reports.map((bytes) => second.submit(bytes)));
  const last = await revokeAccess(chainId, source, { study: 'ct', owner, tag: 'another doctor' });
  await second.submit(last.bytes);
  await finalizedAt(first, last.txId);
  const found = await misconductOf(first, sources[3]!.signer.publicKey, 0);
  expect(found?.reports).toMatchObject([{ kind: 2, verdict: 'EQUIVOCATED', view: 1 }]);
  const api = await listenNodeApi(createNodeApi(first), { host: '127.0.0.1', port: 0 });
  try {
    const answer = await fetch(`${api.url}/v1/sources/${toHex(sources[3]!.signer.publicKey)}/misconduct`);
    expect(await answer.json()).toEqual({
      height: expect.any(Number),
      misconduct: [
        { epoch: 0, nodeKey: toHex(sources[3]!.nodeSigner.publicKey), reports: found?.reports, tombstoned: true },
      ],
    });
    const clean = await fetch(`${api.url}/v1/sources/${toHex(source.signer.publicKey)}/misconduct`);
    expect(await clean.json()).toMatchObject({ misconduct: [] });
  } finally {
    await api.close();
  }
  const outcomes = await Promise.all(ids.map((id) => first.transactionStatus(id)));
  expect(outcomes.filter(({ status }) => status === 'finalized')).toHaveLength(1);
});

test('reports from outside are judged at a bounded rate, together and of each sender', () => {
  const rate = new ReportRate({ all: { perSecond: 10, burst: 20 }, each: { perSecond: 1, burst: 5 } });
  const taken = (sender: string, count: number, nowMs: number): number =>
    Array.from({ length: count }, () => rate.take(sender, nowMs)).filter(Boolean).length;
  expect(taken('a', 100, 0)).toBe(5);
  expect(taken('a', 100, 3_000)).toBe(3);
  for (const sender of ['b', 'c', 'd', 'e', 'f', 'g']) taken(sender, 100, 3_000);
  expect(taken('h', 100, 3_000)).toBe(0);
  expect(taken('h', 100, 3_500)).toBe(5);
});
