// What broke: a stranger that announced much and answered nothing was asked as readily as a peer that helped, at no cost, and one
// that asked for history all day was served all day.
import { expect, test, vi } from 'vitest';
import { createNetwork, type Network } from '@radledger/network';
import { createSigner, toHex } from '@radledger/primitives';
import { AnswerQuota } from '../../src/answer-quota.js';
import { encodeAnnouncement } from '../../src/sync-messages.js';
import { createSyncPeers } from '../../src/sync-peers.js';
import { topicsOf } from '../../src/topics.js';
import { seedOf } from '../support/keys.js';
import { finalizedAt, heightReached, startNet, testTls } from '../support/net.js';
import { solo } from '../support/solo-module.js';
import { defineSource, idOf } from '../support/transactions.js';

vi.setConfig({ testTimeout: 60_000 });

test('a peer that helped is asked before known keys, and those before strangers', () => {
  const peers = createSyncPeers((peer) => peer === 'known');
  for (const peer of ['stranger', 'known', 'helper']) peers.announce(peer, 9);
  peers.helped('helper');
  expect(peers.choose(5)).toBe('helper');
  expect(peers.choose(5, new Set(['helper']))).toBe('known');
  for (let failure = 0; failure < 3; failure += 1) peers.failed('helper');
  peers.announce('helper', 9);
  expect([peers.choose(5), peers.choose(5, new Set(['known']))]).toEqual(['known', 'stranger']);
});

test('a peer gets its burst of history, and then its rate', () => {
  const quota = new AnswerQuota({ bytesPerSecond: 1_000, burstBytes: 5_000, waitMaxMs: 5_000 });
  quota.spend('a', 5_000, 0);
  expect(quota.waitMs('a', 0)).toBe(0);
  quota.spend('a', 2_000, 0);
  expect([quota.waitMs('a', 0), quota.waitMs('a', 1_500), quota.waitMs('b', 0)]).toEqual([2_000, 500, 0]);
});

test('a silent peer holds a joiner up no longer than it takes to ask another', async () => {
  const net = await startNet({ module: solo, size: 1 });
  let silent: Network | undefined;
  try {
    const honest = net.nodes[0]!;
    const define = await defineSource(net.chainId, net.sources[0]!);
    await honest.ledger.submit(define.bytes);
    const height = await finalizedAt(honest.ledger, define.txId);
    const own = await createNetwork({
      chainId: net.chainId,
      nodeSigner: await createSigner(seedOf('silent')),
      listen: { host: '127.0.0.1', port: 0, tls: await testTls() },
      peers: [],
      topics: topicsOf(net.genesis.parameters),
      isKnownKey: () => true,
    });
    silent = own;
    own.subscribe('announcement', () => undefined);
    const asked = new Promise<void>((resolve) => {
      own.handle('blocks', () => {
        resolve();
        return new Promise<Uint8Array>(() => undefined);
      });
    });
    await honest.stop();
    const joiner = await net.join({ peers: [{ url: `wss://127.0.0.1:${own.address!.port}` }] });
    const timeouts: string[] = [];
    joiner.network.on('report', ({ code }) => void timeouts.push(code));
    own.broadcast('announcement', encodeAnnouncement({ height: height + 9, id: idOf('tip') }));
    own.on(
      'peer',
      ({ peerId }) => void own.send(peerId, 'announcement', encodeAnnouncement({ height: 9, id: idOf('t') })),
    );
    await asked;
    await honest.restart();
    await heightReached(joiner.ledger, height);
    expect(timeouts).not.toContain('REQUEST_TIMEOUT');
    expect(toHex(joiner.ledger.status().finalized.id)).toBe(toHex(honest.ledger.status().finalized.id));
  } finally {
    await silent?.close();
    await net.close();
  }
});
