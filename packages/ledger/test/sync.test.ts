import { encodeBody, encodeHeader } from '@radledger/chain';
import { createNetwork, type Network } from '@radledger/network';
import { createSigner, encodeCanonical, toHex } from '@radledger/primitives';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Ledger } from '../src/index.js';
import { decodeBlocksRequest, encodeAnnouncement, encodeBlocks, type SyncedBlock } from '../src/sync-messages.js';
import { topicsOf } from '../src/topics.js';
import { seedOf } from './support/keys.js';
import { finalizedAt, heightReached, startNet, type TestNet, testTls } from './support/net.js';
import { solo } from './support/solo-module.js';
import { allowAccess, defineSource, defineStudy, idOf, ownerOf } from './support/transactions.js';

// A net on a busy machine takes its time; what it waits for is an event, never a moment.
vi.setConfig({ testTimeout: 60_000 });

let net: TestNet;
let honest: readonly SyncedBlock[];
let liar: Network | undefined;

beforeEach(async () => {
  net = await startNet({ module: solo, size: 1 });
  honest = await history(net);
});
afterEach(async () => {
  await liar?.close();
  liar = undefined;
  await net.close();
});

/** A few blocks with transactions, as they travel. */
async function history({ chainId, nodes, sources }: TestNet): Promise<readonly SyncedBlock[]> {
  const { ledger } = nodes[0]!;
  const source = sources[0]!;
  const owner = await ownerOf('anna');
  const story = [
    await defineSource(chainId, source),
    await defineStudy(chainId, source, { study: 'mr', owner }),
    await allowAccess(chainId, source, { study: 'mr', owner, tag: 'a' }),
    await allowAccess(chainId, source, { study: 'mr', owner, tag: 'b' }),
  ];
  for (const { bytes, txId } of story) {
    await ledger.submit(bytes);
    await finalizedAt(ledger, txId);
  }
  return travelling(ledger);
}

async function travelling(ledger: Ledger): Promise<readonly SyncedBlock[]> {
  const blocks: SyncedBlock[] = [];
  for (let height = 1; height <= ledger.status().finalized.height; height += 1) {
    const entry = await ledger.block(height);
    if (!entry?.finality) throw new Error('expected a finalized block');
    blocks.push({
      header: encodeHeader(entry.block.header),
      body: encodeBody(entry.block.body),
      proof: entry.finality,
    });
  }
  return blocks;
}

type Lie = (blocks: readonly SyncedBlock[]) => Promise<readonly SyncedBlock[] | Uint8Array>;

function flip(bytes: Uint8Array, index: number): Uint8Array {
  const copy = bytes.slice();
  copy[index] = (copy[index] ?? 0) ^ 1;
  return copy;
}

async function withHeader(block: SyncedBlock, change: object): Promise<SyncedBlock> {
  const entry = await net.nodes[0]!.ledger.block(2);
  return { ...block, header: encodeHeader({ ...entry!.block.header, ...change }) };
}

const lies: readonly (readonly [string, Lie])[] = [
  ['bytes that are no blocks', async () => idOf('noise')],
  ['blocks of another format', async () => encodeCanonical([2, []])],
  ['a header that is none', async ([first, ...rest]) => [{ ...first!, header: idOf('x') }, ...rest]],
  ['a body that is none', async ([first, ...rest]) => [{ ...first!, body: idOf('x') }, ...rest]],
  ['a false signature of finality', async ([first, ...rest]) => [{ ...first!, proof: flip(first!.proof, 0) }, ...rest]],
  ['a finality proof that is none', async ([first, ...rest]) => [{ ...first!, proof: idOf('x') }, ...rest]],
  [
    'the body of another block',
    async ([first, second, ...rest]) => [{ ...first!, body: second!.body }, second!, ...rest],
  ],
  ['a block too early', async ([, ...rest]) => rest],
  [
    'another state root',
    async ([first, second, ...rest]) => [first!, await withHeader(second!, { stateRoot: idOf('root') }), ...rest],
  ],
  [
    'another proposer',
    async ([first, second, ...rest]) => [first!, await withHeader(second!, { proposer: idOf('me') }), ...rest],
  ],
];

// Goal: no lie of a peer gets into a node, and none keeps the truth out. Method: a joiner hears the liar alone; when it has dropped
// the liar, an honest node appears.
test.each(lies)('%s: the liar is dropped, and an honest node is believed', async (_name, lie) => {
  const honestNode = net.nodes[0]!;
  const height = honestNode.ledger.status().finalized.height;
  const answer = await lie(honest);
  await honestNode.stop();

  const nodeSigner = await createSigner(seedOf('liar'));
  const own = await createNetwork({
    chainId: net.chainId,
    nodeSigner,
    listen: { host: '127.0.0.1', port: 0, tls: await testTls() },
    peers: [],
    topics: topicsOf(net.genesis.parameters),
    isKnownKey: () => true,
  });
  liar = own;
  own.subscribe('announcement', () => undefined);
  own.handle('blocks', ({ bytes }) => {
    if (answer instanceof Uint8Array) return answer;
    const { from } = decodeBlocksRequest(bytes);
    return encodeBlocks(answer.slice(from - 1), 2 * 1024 * 1024);
  });
  own.on('peer', ({ peerId }) => own.send(peerId, 'announcement', encodeAnnouncement({ height, id: idOf('tip') })));

  const joiner = await net.join({ peers: [{ url: `wss://127.0.0.1:${own.address!.port}` }] });
  await new Promise<void>((resolve) => {
    joiner.network.on('gone', ({ peerId }) => {
      if (peerId === toHex(nodeSigner.publicKey)) resolve();
    });
    // Two answers that cannot be read weigh as much as one false block.
    own.on('peer', () => own.broadcast('announcement', encodeAnnouncement({ height, id: idOf('tip') })));
    const again = setInterval(() => own.broadcast('announcement', encodeAnnouncement({ height, id: idOf('tip') })), 20);
    joiner.network.on('gone', () => clearInterval(again));
  });
  expect(joiner.ledger.status().finalized.height).toBeLessThan(height);

  await honestNode.restart();
  await heightReached(joiner.ledger, height);
  const [ours] = await joiner.ledger.headers({ from: height, limit: 1 });
  const [theirs] = await honestNode.ledger.headers({ from: height, limit: 1 });
  expect(toHex(ours!.id)).toBe(toHex(theirs!.id));
});

test('a request for blocks is answered within its bounds', async () => {
  const nodeSigner = await createSigner(seedOf('asker'));
  const asker = await createNetwork({
    chainId: net.chainId,
    nodeSigner,
    peers: [{ url: `wss://127.0.0.1:${net.nodes[0]!.network.address!.port}` }],
    topics: topicsOf(net.genesis.parameters),
    isKnownKey: () => true,
  });
  liar = asker;
  asker.subscribe('announcement', () => undefined);
  if (asker.peers().length === 0) await new Promise<unknown>((resolve) => asker.on('peer', resolve));
  const { peerId } = asker.peers()[0]!;
  const ask = (request: Uint8Array): Promise<Uint8Array> =>
    asker.request(peerId, 'blocks', request, { timeoutMs: 5_000, responseBytesMax: 2 * 1024 * 1024 });
  const two = await ask(encodeCanonical([1, 2, 2]));
  expect(toHex(two)).toBe(toHex(encodeBlocks(honest.slice(1, 3), 2 * 1024 * 1024)));
  expect(toHex(await ask(encodeCanonical([1, 1_000, 10])))).toBe(toHex(encodeBlocks([], 64)));
  await expect(ask(encodeCanonical([1, 1, 100_000]))).rejects.toMatchObject({ code: 'REQUEST_REFUSED' });
});
