import { cellKey, decodeDutiesCell, encodeDutyLeaf, merkleRoot } from '@radledger/chain';
import { simplex } from '@radledger/consensus-simplex';
import { toHex } from '@radledger/primitives';
import { afterEach, expect, test, vi } from 'vitest';
import {
  finalizedAt,
  genesisOf,
  heightReached,
  nextEvent,
  startNet,
  type TestNet,
  type TestNode,
} from './support/net.js';
import { allowAccess, defineSource, defineStudy, ownerOf, revokeAccess } from './support/transactions.js';

// A net on a busy machine takes its time; what it waits for is an event, never a moment.
vi.setConfig({ testTimeout: 60_000 });

let net: TestNet | undefined;
afterEach(async () => {
  await net?.close();
  net = undefined;
});

const QUICK_BLOCKS = { targetIntervalMs: 100 };

async function start(
  parameters = {},
): Promise<{ net: TestNet; nodes: readonly [TestNode, TestNode, TestNode, TestNode] }> {
  net = await startNet({ module: simplex, parameters });
  return { net, nodes: net.nodes.slice(0, 4) as unknown as [TestNode, TestNode, TestNode, TestNode] };
}

/** The id of every finalized block up to `height`. */
async function idsOf({ ledger }: TestNode, height: number): Promise<readonly string[]> {
  return (await ledger.headers({ from: 0, limit: height + 1 })).map(({ id }) => toHex(id));
}

test('the story of a study is finalized alike on four nodes', async () => {
  const { net, nodes } = await start();
  const { chainId, sources } = net;
  const [first, second] = nodes;
  const source = sources[1]!;
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
  const chains = await Promise.all(nodes.map((node) => idsOf(node, height)));
  expect(new Set(chains.map((ids) => ids.join())).size).toBe(1);
  expect(first.ledger.status().voting.allowed).toBe(true);
  const duties = await first.ledger.duties({ from: 1, limit: 100 });
  expect(duties.length).toBeGreaterThanOrEqual(height);
  expect(duties.filter((duty) => duty.class === 'PRODUCED')).toHaveLength(
    (await idsOf(first, first.ledger.status().finalized.height)).length - 1,
  );
});

test('what depends on waiting transactions is admitted, and all are finalized', async () => {
  const { net, nodes } = await start();
  const { chainId, sources } = net;
  const source = sources[2]!;
  const owner = await ownerOf('berta');
  const story = [
    await defineSource(chainId, source),
    await defineStudy(chainId, source, { study: 'ct', owner }),
    await allowAccess(chainId, source, { study: 'ct', owner, tag: 'x' }),
  ];
  for (const { bytes } of story) await nodes[3].ledger.submit(bytes);
  await Promise.all(story.map(({ txId }) => finalizedAt(nodes[0].ledger, txId)));
});

test('with one node down blocks go on; it comes back, catches up and votes', async () => {
  const { nodes } = await start(QUICK_BLOCKS);
  const [first, , , last] = nodes;
  await heightReached(first.ledger, 2);
  await last.stop();
  const down = first.ledger.status().finalized.height;
  await heightReached(first.ledger, down + 6);
  await last.restart();
  expect(last.ledger.status().finalized.height).toBeLessThan(first.ledger.status().finalized.height);
  const up = first.ledger.status().finalized.height;
  await heightReached(last.ledger, up + 3);
  expect(last.ledger.status().voting.allowed).toBe(true);
  expect(await idsOf(last, up)).toEqual(await idsOf(first, up));
});

test('with two nodes down no block is made; with one of them back blocks go on', async () => {
  const { net, nodes } = await start(QUICK_BLOCKS);
  const [first, second, third, last] = nodes;
  await heightReached(first.ledger, 2);
  await Promise.all([third.stop(), last.stop()]);
  // The two that are left repeat their last votes for as long as they hear no others: what was under way has ended by then.
  const sent = vi.spyOn(first.network, 'broadcast');
  const repeats = (count: number): Promise<unknown> =>
    vi.waitUntil(() => sent.mock.calls.filter(([topic]) => topic === 'consensus').length >= count, { timeout: 30_000 });
  await repeats(3);
  const height = first.ledger.status().finalized.height;
  const source = net.sources[0]!;
  const define = await defineSource(net.chainId, source);
  await first.ledger.submit(define.bytes);
  await nextEvent(second.ledger, 'seen', ({ txId }) => toHex(txId) === toHex(define.txId));
  await repeats(9);
  expect([first, second].map(({ ledger }) => ledger.status().finalized.height)).toEqual([height, height]);
  expect((await first.ledger.transactionStatus(define.txId)).status).toBe('seen');
  await third.restart();
  await Promise.all([first, second, third].map(({ ledger }) => finalizedAt(ledger, define.txId)));
  expect(await finalizedAt(third.ledger, define.txId)).toBeGreaterThan(height);
});

test('a late joiner without a source fetches everything, verifies it and follows', async () => {
  const { net, nodes } = await start(QUICK_BLOCKS);
  const define = await defineSource(net.chainId, net.sources[0]!);
  await nodes[0].ledger.submit(define.bytes);
  await heightReached(nodes[0].ledger, 8);
  const joiner = await net.join();
  const now = nodes[0].ledger.status().finalized.height;
  await heightReached(joiner.ledger, now + 3);
  expect(await idsOf(joiner, now)).toEqual(await idsOf(nodes[0], now));
  expect(await joiner.ledger.transactionStatus(define.txId)).toEqual(
    await nodes[0].ledger.transactionStatus(define.txId),
  );
  expect(joiner.ledger.status().voting).toEqual({ allowed: false, reason: 'NO_IDENTITY' });
});

test('a node of another genesis finds no peer, and does not disturb', async () => {
  const { net, nodes } = await start(QUICK_BLOCKS);
  const foreign = genesisOf(net.sources, { moduleId: simplex.id, name: 'another-net' });
  const joiner = await net.join({ genesis: foreign });
  await new Promise<void>((resolve) => {
    joiner.network.on('report', ({ code }) => {
      if (code === 'FOREIGN_CHAIN') resolve();
    });
  });
  const before = nodes[0].ledger.status().finalized.height;
  await heightReached(nodes[0].ledger, before + 3);
  expect(joiner.ledger.status().peers).toBe(0);
  expect(joiner.ledger.status().finalized.height).toBe(0);
});

test('epochs change, and who joins later follows through all of them', async () => {
  const { net, nodes } = await start({ epochHeights: 4, targetIntervalMs: 50 });
  await heightReached(nodes[0].ledger, 14);
  const joiner = await net.join();
  const now = nodes[0].ledger.status().finalized.height;
  await heightReached(joiner.ledger, now + 5);
  expect(await idsOf(joiner, now)).toEqual(await idsOf(nodes[0], now));
  const duties = await joiner.ledger.duties({ from: 1, limit: 100 });
  expect(new Set(duties.map(({ epoch }) => epoch)).size).toBeGreaterThanOrEqual(3);
  // I8: a fresh replay keeps the same accounts, every closed view is in one of them, and headers name their root.
  let [closed, settled, waiting] = [0, 0, 0];
  for (const epoch of [0, 1, 2]) {
    const name = cellKey.duties(epoch);
    const cells = await Promise.all(
      [nodes[0], joiner].map((node) => node.ledger.read(({ state }) => state.getMany([name]))),
    );
    expect(cells[1]).toEqual(cells[0]);
    const account = decodeDutiesCell(cells[0]?.[0] as Uint8Array);
    const counts = account.leaves.map((leaf) => leaf.produced + leaf.missed + leaf.declined + leaf.late + leaf.invalid);
    expect(counts.reduce((sum, count) => sum + count, account.storm)).toBe(account.settled);
    expect(account.leaves.reduce((sum, leaf) => sum + leaf.produced, 0)).toBeGreaterThanOrEqual(4);
    [closed, settled, waiting] = [closed + account.closed, settled + account.settled, account.pending];
    expect(settled + waiting).toBe(closed);
    const [boundary] = await joiner.ledger.headers({ from: 4 * (epoch + 1), limit: 1 });
    expect(boundary?.header.dutyRoot).toEqual(merkleRoot(account.leaves.map(encodeDutyLeaf)));
  }
});
