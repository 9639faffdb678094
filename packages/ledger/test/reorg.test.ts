// Blocks are overlays by id: a branch may lose, and nothing that it held is lost.
import type { Block, Header } from '@radledger/chain';
import { toHex } from '@radledger/primitives';
import { afterEach, expect, test, vi } from 'vitest';
import { createBlockTree, type Overlay } from '../src/block-tree.js';
import { startNet, type TestNet } from './support/net.js';
import { type Script, scripted } from './support/scripted-module.js';
import { defineSource } from './support/transactions.js';

vi.setConfig({ testTimeout: 60_000 });

const nets: TestNet[] = [];
afterEach(async () => {
  await Promise.all(nets.splice(0).map((net) => net.close()));
});

async function open(timeMs: number): Promise<{ readonly script: Script; readonly net: TestNet }> {
  const script = scripted();
  const net = await startNet({ module: script.module, size: 1, timeMs });
  nets.push(net);
  return { script, net };
}

/** Has the node build a block, which then counts as verified. */
async function build(script: Script, parent: Header, buildId: number): Promise<Block> {
  const request = {
    buildId,
    parent,
    timestampMs: parent.timestampMs + 1_000,
    proposer: new Uint8Array(32),
    seal: { kind: 200, bytes: new Uint8Array() },
    justification: new Uint8Array(),
  };
  script.play({ type: 'build', request });
  return vi.waitFor(() => {
    const built = script.inputs.find((input) => input.type === 'built' && input.buildId === buildId);
    if (built?.type !== 'built' || built.block === undefined) throw new Error('not built yet');
    return built.block;
  });
}

test('a transaction that a losing branch alone held waits again, and stands in the branch that wins', async () => {
  const timeMs = Date.now() - 60_000;
  const [elsewhere, here] = [await open(timeMs), await open(timeMs)];
  const genesis = elsewhere.script.start().header;
  const { ledger } = here.net.nodes[0]!;
  const transaction = await defineSource(elsewhere.net.chainId, elsewhere.net.sources[0]!);
  await elsewhere.net.nodes[0]!.ledger.submit(transaction.bytes);
  const losing = await build(elsewhere.script, genesis, 1);
  expect(losing.body.transactions).toHaveLength(1);

  // The node hears of the transaction from the block only.
  here.script.play({ type: 'verify', block: losing });
  await vi.waitFor(() => {
    const verdict = here.script.inputs.find((input) => input.type === 'verdict');
    if (verdict?.type !== 'verdict') throw new Error('no verdict yet');
    expect(verdict.verdict).toEqual({ kind: 'valid' });
  });
  here.script.play({ type: 'adopt', blockId: losing.id });
  await vi.waitFor(async () => {
    expect((await ledger.transactionStatus(transaction.txId)).status).toBe('seen');
  });
  expect(ledger.pending()).toEqual([]);

  const first = await build(here.script, genesis, 2);
  const second = await build(here.script, first.header, 3);
  expect([first, second].flatMap(({ body }) => body.transactions)).toEqual([]);
  here.script.play({ type: 'adopt', blockId: second.id });
  await vi.waitFor(() => expect(ledger.pending().map(({ txId }) => toHex(txId))).toEqual([toHex(transaction.txId)]));
  const third = await build(here.script, second.header, 4);
  expect(third.body.transactions).toEqual([transaction.bytes]);

  const blocks = [first, second, third].map((block) => ({ block, proof: new Uint8Array() }));
  here.script.play({ type: 'adopt', blockId: third.id }, { type: 'finalize', blocks });
  await vi.waitFor(async () => {
    expect(await ledger.transactionStatus(transaction.txId)).toEqual({ status: 'finalized', height: 3 });
  });
  expect(ledger.status().finalized.stateRoot).toEqual(third.header.stateRoot);
  expect(ledger.pending()).toEqual([]);
});

const header = { height: 0, bodyBytes: 0 } as Header;
const idAt = (branch: number, height: number): Uint8Array => Uint8Array.of(branch, height, ...new Uint8Array(30));
const store = { tip: { height: 0, id: idAt(0, 0), header } } as unknown as Parameters<typeof createBlockTree>[0];
const overlay = (branch: number, height: number, bodyBytes = 1): Overlay => ({
  id: toHex(idAt(branch, height)),
  block: {
    id: idAt(branch, height),
    header: { height, bodyBytes, parentId: height === 1 ? idAt(0, 0) : idAt(branch, height - 1) },
  } as unknown as Block,
  writeSet: {} as Overlay['writeSet'],
  transactionIds: [],
  duties: [],
  cells: new Set(),
});

test('branches are bounded: in number and in bytes, and the branch that grows loses nothing', () => {
  const tree = createBlockTree(store, () => undefined, 512, { countMax: 10, bytesMax: 100 });
  for (let height = 1; height <= 6; height++) tree.add(overlay(1, height));
  for (let height = 1; height <= 8; height++) tree.add(overlay(2, height));
  expect(tree.size).toBe(10);
  expect(tree.abandoned(idAt(2, 8), idAt(0, 0))).toHaveLength(8);
  tree.add(overlay(2, 9, 95));
  expect(tree.abandoned(idAt(2, 9), idAt(0, 0))).toHaveLength(9);
  expect(tree.get(idAt(1, 6))).toBeUndefined();
});

test('siblings that are executed one after the other push nothing out of the adopted branch', () => {
  const tree = createBlockTree(store, () => undefined, 512, { countMax: 10, bytesMax: 100 });
  for (let height = 1; height <= 6; height++) tree.add(overlay(1, height));
  tree.adopt(idAt(1, 6));
  for (let sibling = 2; sibling < 200; sibling++) tree.add(overlay(sibling, 1));
  expect(tree.viewAt(idAt(1, 6))?.header.height).toBe(6);
  expect(tree.size).toBe(10);
});
