/**
 * Strangers that do their worst on live nodes: questions without end, and junk signatures from ever new keys. Revocations go
 * on being final within three blocks. The long run: `npm run soak -- --only griefing`.
 */
import { type Message, encodeMessage, simplex } from '@radledger/consensus-simplex';
import { createNetwork, type Network, type PeerAddress } from '@radledger/network';
import { createSigner, generateSeed, randomBytes } from '@radledger/primitives';
import { afterEach, expect, test, vi } from 'vitest';
import { TOPICS, topicsOf } from '../src/topics.js';
import { finalizedAt, heightReached, startNet, type TestNet } from './support/net.js';
import { allowAccess, defineSource, defineStudy, ownerOf, revokeAccess } from './support/transactions.js';

const SECONDS = Number(process.env.RADLEDGER_GRIEFING_SECONDS ?? '3');
const BLOCKS_MAX = 3;
const ASKERS = 3;
const FORGERS = 3;
/** Questions sent before others have their turn. */
const AT_ONCE = 32;
/** Forged votes sent before others have their turn: more than a node reads before it cuts the connection. */
const FORGERIES_AT_ONCE = 1_024;

vi.setConfig({ testTimeout: 120_000 + SECONDS * 2_000 });

let net: TestNet | undefined;
afterEach(async () => {
  await net?.close();
  net = undefined;
});

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function stranger({ chainId, genesis }: TestNet, peers: readonly PeerAddress[]): Promise<Network> {
  const network = await createNetwork({
    chainId,
    nodeSigner: await createSigner(generateSeed()),
    peers,
    topics: topicsOf(genesis.parameters),
    isKnownKey: () => true,
    limits: { reconnectMinMs: 60_000, reconnectMaxMs: 60_000 },
  });
  if (network.peers().length === 0) {
    await Promise.race([
      new Promise<unknown>((resolve) => network.on('peer', resolve)),
      new Promise<unknown>((resolve) => network.on('report', resolve)),
    ]);
  }
  return network;
}

const question = (number: number): Message =>
  number % 2 === 0
    ? { type: 'fetch-certificates', epoch: 0, fromView: 1, toView: 2 ** 40 }
    : { type: 'fetch-blocks', ids: Array.from({ length: 16 }, () => randomBytes(32)) };

const forgery = (view: number): Message => {
  const vote = { kind: 'nullify', view, reason: 2, blockId: undefined } as const;
  return { type: 'vote', epoch: 0, signed: { seat: view % 4, vote, signature: randomBytes(64) } };
};

test('revocations are final within three blocks while strangers ask and forge without end', async () => {
  net = await startNet({ module: simplex, parameters: { targetIntervalMs: 500 } });
  const own = net;
  const [first] = own.nodes as [(typeof own.nodes)[0]];
  await heightReached(first.ledger, 2);
  const addresses = own.nodes.map(({ network }) => ({ url: `wss://127.0.0.1:${network.address?.port}` }));
  const owner = await ownerOf('anna');
  const source = own.sources[0]!;
  const about = { study: 'mr', owner, tag: 'doctor' };
  for (const { bytes, txId } of [
    await defineSource(own.chainId, source),
    await defineStudy(own.chainId, source, { study: 'mr', owner }),
  ]) {
    await first.ledger.submit(bytes);
    await finalizedAt(first.ledger, txId);
  }

  const endMs = performance.now() + SECONDS * 1000;
  const isOver = (): boolean => performance.now() >= endMs;
  const sent = { questions: 0, forgeries: 0, keys: 0 };
  const askers = Array.from({ length: ASKERS }, async () => {
    const network = await stranger(own, addresses);
    try {
      for (let number = 0; !isOver(); number += 1) {
        network.broadcast(TOPICS.consensus, encodeMessage(question(number)));
        sent.questions += network.peers().length;
        if (number % AT_ONCE === 0) await turn();
      }
    } finally {
      await network.close();
    }
  });
  const forgers = Array.from({ length: FORGERS }, async (_, forger) => {
    while (!isOver()) {
      sent.keys += 1;
      const network = await stranger(own, [addresses[forger % addresses.length]!]);
      try {
        for (let view = 1; network.peers().length > 0 && !isOver(); view += 1) {
          network.broadcast(TOPICS.consensus, encodeMessage(forgery(view)));
          sent.forgeries += 1;
          if (view % FORGERIES_AT_ONCE === 0) await turn();
        }
      } finally {
        await network.close();
      }
    }
  });

  const blocks: number[] = [];
  for (let sequence = 1; !isOver() || sequence === 1; sequence += 2) {
    const allow = await allowAccess(own.chainId, source, { ...about, sequence });
    await first.ledger.submit(allow.bytes);
    await finalizedAt(first.ledger, allow.txId);
    const revoke = await revokeAccess(own.chainId, source, { ...about, sequence: sequence + 1 });
    const { height } = first.ledger.status().finalized;
    await first.ledger.submit(revoke.bytes);
    blocks.push((await finalizedAt(first.ledger, revoke.txId)) - height);
    if (sequence > 40) break; // a study's grants are rationed
    // A long run spreads them over its time.
    await heightReached(first.ledger, first.ledger.status().finalized.height + Math.floor(SECONDS / 10));
  }
  await Promise.all([...askers, ...forgers]);
  const figures = { seconds: SECONDS, ...sent, revocations: blocks.length, blocksMax: Math.max(...blocks) };
  process.stdout.write(`${JSON.stringify(figures)}\n`);
  expect(sent.questions).toBeGreaterThan(0);
  expect(sent.forgeries).toBeGreaterThan(0);
  expect(figures.blocksMax).toBeLessThanOrEqual(BLOCKS_MAX);
  // Nobody's honest connections were cut for it.
  expect(own.nodes.every(({ ledger }) => ledger.status().peers >= 3)).toBe(true);
});
