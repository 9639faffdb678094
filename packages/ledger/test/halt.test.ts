/** When too many voters are gone, the others say so with their signatures; when they return, nobody says it any more. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { simplex } from '@radledger/consensus-simplex';
import { decodeHaltStatement, encodeHaltStatement, haltSignedBytes } from '@radledger/consensus';
import { fromHex, toHex } from '@radledger/primitives';
import { afterEach, expect, test, vi } from 'vitest';
import { createNodeApi } from '../src/http/index.js';
import { TOPICS } from '../src/topics.js';
import { heightReached, startNet, type TestNet, type TestNode } from './support/net.js';

vi.setConfig({ testTimeout: 60_000 });

let net: TestNet | undefined;
afterEach(async () => {
  await net?.close();
  net = undefined;
});

async function start(): Promise<readonly TestNode[]> {
  net = await startNet({
    module: simplex,
    size: 5,
    parameters: { targetIntervalMs: 100, assumedDelayMs: 100 },
    ledger: { haltAfterMs: 300 },
  });
  await Promise.all(net.nodes.map(({ ledger }) => heightReached(ledger, 2)));
  return net.nodes;
}

const haltOf = ({ ledger }: TestNode) => ledger.status().halted;

test('two of five gone: the three that are left prove the halt, and take it back with the next block', async () => {
  const [a, b, c, d, e] = (await start()) as [TestNode, TestNode, TestNode, TestNode, TestNode];
  expect(haltOf(a)).toBeUndefined();
  await Promise.all([d.stop(), e.stop()]);
  await vi.waitFor(() => expect([a, b, c].every((node) => haltOf(node) !== undefined)).toBe(true), 30_000);
  const proof = haltOf(a)!;
  expect(proof.height).toBe(a.ledger.status().finalized.height);
  expect(proof.weight * 2n).toBeGreaterThan(proof.totalWeight);
  expect(new Set(proof.statements.map(({ nodeKey }) => toHex(nodeKey)))).toEqual(
    new Set([a, b, c].map(({ source }) => toHex(source!.nodeSigner.publicKey))),
  );
  const server = createServer(createNodeApi(a.ledger));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = server.address() as AddressInfo;
    const read = async (path: string): Promise<Record<string, unknown>> =>
      (await (await fetch(`http://127.0.0.1:${port}/v1/${path}`)).json()) as Record<string, unknown>;
    expect((await read('status')).halted).toMatchObject({ height: proof.height, blockId: toHex(proof.blockId) });
    const { statements } = (await read('halt')) as { statements: readonly string[] };
    expect(statements.map((hex) => decodeHaltStatement(fromHex(hex)).height)).toEqual([
      proof.height,
      proof.height,
      proof.height,
    ]);
  } finally {
    server.close();
  }
  await d.restart();
  await heightReached(a.ledger, proof.height + 2);
  expect(haltOf(a)).toBeUndefined();
});

test('false statements are charged to who sent them; of others nothing is kept', async () => {
  const nodes = await start();
  const [a, b] = nodes as [TestNode, TestNode];
  const penalise = vi.spyOn(a.network, 'penalise');
  const toA = (bytes: Uint8Array): boolean => b.network.send(toHex(a.source!.nodeSigner.publicKey), TOPICS.halt, bytes);
  const { nodeSigner } = b.source!;
  toA(Uint8Array.of(1, 2, 3));
  await vi.waitFor(() => expect(penalise).toHaveBeenCalledWith(expect.anything(), 50, 'MALFORMED_HALT_STATEMENT'));
  // Only statements about the newest block are looked at: the net has to stand still for a moment.
  await Promise.all(nodes.slice(2).map((node) => node.stop()));
  await vi.waitFor(() => expect(haltStatementsOf(a)).toBe(0));
  const { height, id } = a.ledger.status().finalized;
  const said = { height, blockId: id, statedAtMs: Date.now() };
  const signature = await nodeSigner.sign(haltSignedBytes(a.ledger.chainId, { ...said, height: height + 1 }));
  toA(encodeHaltStatement({ nodeKey: nodeSigner.publicKey, ...said, signature }));
  await vi.waitFor(() => expect(penalise).toHaveBeenCalledWith(expect.anything(), 50, 'BAD_SIGNATURE'));
  expect(haltOf(a)).toBeUndefined();
});

const haltStatementsOf = (node: TestNode): number => haltOf(node)?.statements.length ?? 0;
