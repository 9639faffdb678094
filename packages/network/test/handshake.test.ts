import { createServer } from 'node:https';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:tls';
import { encodeCanonical, fromHex } from '@radledger/primitives';
import { expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { addressGroupOf } from '../src/address-group.js';
import { closeCodeOf } from '../src/close-codes.js';
import { afterTest, chainId, eventOf, goneOf, reportOf, signerOf, startNode, startPair, tls, until } from './nodes.js';
import { dialRaw, helloOf, joinRaw } from './raw-peer.js';

test('two nodes of one chain meet, each knowing the key of the other', async () => {
  const { first, second } = await startPair();
  expect(first.network.peers()).toEqual([
    { peerId: second.peerId, nodeKey: second.nodeKey, direction: 'inbound', known: true, penalty: 0 },
  ]);
  expect(second.network.peers()).toMatchObject([{ peerId: first.peerId, direction: 'outbound' }]);
});

test('a node of another genesis is refused, and both sides say so', async () => {
  const first = await startNode(1);
  const refusing = reportOf(first, 'FOREIGN_CHAIN');
  const second = await startNode(2, { chainId: new Uint8Array(32).fill(8), peers: [first] });
  await refusing;
  await reportOf(second, 'FOREIGN_CHAIN');
  expect(first.network.peers()).toEqual([]);
  expect(second.network.peers()).toEqual([]);
});

test('another node than the configured one is refused', async () => {
  const first = await startNode(1);
  const { publicKey } = await signerOf(9);
  const second = await startNode(2, { peers: [{ url: first.url, nodeKey: publicKey }] });
  await reportOf(second, 'WRONG_NODE');
  expect(second.network.peers()).toEqual([]);
});

test('a node that dials itself is no peer of its own', async () => {
  const signer = await signerOf(1);
  const first = await startNode(1);
  const twin = await startNode(1, { nodeSigner: signer, peers: [first] });
  await reportOf(first, 'SELF');
  await reportOf(twin, 'SELF');
  expect(first.network.peers()).toEqual([]);
});

test('a hello that a relay carries into another TLS session does not verify', async () => {
  const victim = await startNode(1);
  const relayed: string[] = [];
  const server = createServer({ ...tls, minVersion: 'TLSv1.3' });
  const relay = new WebSocketServer({ server });
  relay.on('connection', (inner) => {
    const outer = new WebSocket(`${victim.url}/radledger/peer/1`, { rejectUnauthorized: false });
    inner.on('message', (data: Buffer) => {
      relayed.push('hello');
      if (outer.readyState === WebSocket.OPEN) outer.send(data);
      else outer.once('open', () => outer.send(data));
    });
    outer.on('message', (data: Buffer) => inner.send(data));
    outer.on('close', () => inner.terminate());
    outer.on('error', () => undefined);
    inner.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  afterTest(async () => {
    for (const client of relay.clients) client.terminate();
    relay.close();
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const refused = reportOf(victim, 'BAD_SIGNATURE');
  const honest = await startNode(2, { peers: [{ url: `wss://127.0.0.1:${(server.address() as AddressInfo).port}` }] });
  await refused;
  expect(relayed.length).toBeGreaterThan(0);
  expect(victim.network.peers()).toEqual([]);
  expect(honest.network.peers()).toEqual([]);
});

test('a hello is worth nothing on a second connection, or sent back to its maker', async () => {
  const node = await startNode(1);
  const signer = await signerOf(3);
  const earlier = await dialRaw(node);
  const hello = await helloOf(earlier, signer);
  const later = await dialRaw(node);
  later.socket.send(hello);
  expect(await later.closeCode).toBe(closeCodeOf('BAD_SIGNATURE'));

  earlier.socket.send(hello);
  const answer = await earlier.nextFrame();
  const mirror = await dialRaw(node);
  mirror.socket.send(answer);
  expect(await mirror.closeCode).toBe(closeCodeOf('BAD_HELLO'));
});

// Points of order 1 and 2, whose signatures hold for any message under some rules, and one that is not canonical.
test.each([
  ['order 1', `01${'00'.repeat(31)}`],
  ['order 2', `ec${'ff'.repeat(30)}7f`],
  ['not canonical', `ee${'ff'.repeat(30)}7f`],
])('a node key of %s is refused', async (_name, key) => {
  const node = await startNode(1);
  const peer = await dialRaw(node);
  peer.socket.send(encodeCanonical(['radledger/peer/1', chainId, 0, [1, fromHex(key)], [1, new Uint8Array(64)]]));
  expect(await peer.closeCode).toBe(closeCodeOf('BAD_NODE_KEY'));
});

test.each([
  ['an empty frame', new Uint8Array(0)],
  ['another protocol', encodeCanonical(['radledger/peer/2', chainId])],
  ['deep nesting', new Uint8Array(400).fill(0x91)],
  ['more bytes than a hello has', new Uint8Array(2_048)],
])('%s instead of a hello ends the connection', async (_name, frame) => {
  const node = await startNode(1);
  const peer = await dialRaw(node);
  peer.socket.send(frame);
  expect([closeCodeOf('BAD_HELLO'), 1006]).toContain(await peer.closeCode);
  expect(node.network.peers()).toEqual([]);
});

test('who says nothing is cut off: before TLS, before the upgrade, and before the hello', async () => {
  const node = await startNode(1, { limits: { handshakeTimeoutMs: 50 } });
  const port = node.network.address?.port ?? 0;
  const silent = await dialRaw(node);
  expect(await silent.closeCode).toBe(closeCodeOf('HANDSHAKE_TIMEOUT'));
  const slowHeaders = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  slowHeaders.on('error', () => undefined);
  await once(slowHeaders, 'secureConnect');
  slowHeaders.write('GET / HTTP/1.1\r\n');
  slowHeaders.resume();
  await once(slowHeaders, 'close');
});

test('TLS 1.2 is not spoken', async () => {
  const node = await startNode(1);
  const socket = connect({
    port: node.network.address?.port ?? 0,
    host: '127.0.0.1',
    maxVersion: 'TLSv1.2',
    rejectUnauthorized: false,
  });
  const [error] = await once(socket, 'error');
  expect((error as NodeJS.ErrnoException).code).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
});

test('strangers share a few slots, which known nodes do not need', async () => {
  const known = await signerOf(2);
  const node = await startNode(1, {
    isKnownKey: (key) => Buffer.compare(key, known.publicKey) === 0,
    limits: { unknownPeersMax: 2 },
  });
  await joinRaw(node, await signerOf(11));
  await joinRaw(node, await signerOf(12));
  const third = await dialRaw(node);
  third.socket.send(await helloOf(third, await signerOf(13)));
  expect(await third.closeCode).toBe(closeCodeOf('NO_SLOT'));
  await joinRaw(node, known);
  expect(node.network.peers().map((peer) => peer.known)).toEqual(expect.arrayContaining([true, false, false]));
});

test('of two nodes that dial each other one connection stays, the same on both', async () => {
  const placeholder = await startNode(1);
  const port = placeholder.network.address?.port ?? 0;
  await placeholder.network.close();
  const second = await startNode(2, { peers: [{ url: placeholder.url }] });
  const duplicate = reportOf(second, 'DUPLICATE');
  const first = await startNode(1, { listen: { host: '127.0.0.1', port, tls }, peers: [{ url: second.url }] });
  await Promise.race([
    duplicate,
    goneOf(second, 'DUPLICATE'),
    reportOf(first, 'DUPLICATE'),
    goneOf(first, 'DUPLICATE'),
  ]);
  await until(() => {
    const [seenByFirst, seenBySecond] = [first.network.peers(), second.network.peers()];
    expect(seenByFirst).toHaveLength(1);
    expect(seenBySecond).toHaveLength(1);
    expect(seenByFirst[0]?.direction).not.toBe(seenBySecond[0]?.direction);
  });
});

test('a newer connection of a peer takes the place of its older one', async () => {
  const node = await startNode(1);
  const older = await joinRaw(node, await signerOf(5));
  const newer = await joinRaw(node, await signerOf(5));
  expect(await older.closeCode).toBe(closeCodeOf('DUPLICATE'));
  expect(newer.socket.readyState).toBe(WebSocket.OPEN);
  expect(node.network.peers()).toHaveLength(1);
});

test('a peer that comes back after a restart is connected again', async () => {
  const { first, second } = await startPair();
  const port = first.network.address?.port ?? 0;
  const gone = goneOf(second, 'CLOSED');
  await first.network.close();
  await gone;
  const back = eventOf(second, 'peer');
  await startNode(1, { listen: { host: '127.0.0.1', port, tls } });
  const [peer] = await back;
  expect(peer.peerId).toBe(first.peerId);
});

test('close ends everything, and may be called twice', async () => {
  const { first, second } = await startPair();
  first.network.handle('ask', () => new Promise<Uint8Array>(() => undefined));
  const options = { timeoutMs: 60_000, responseBytesMax: 1 };
  const ending = expect(second.network.request(first.peerId, 'ask', new Uint8Array(1), options)).rejects.toMatchObject({
    code: 'PEER_GONE',
  });
  await Promise.all([second.network.close(), second.network.close()]);
  await ending;
  expect(second.network.peers()).toEqual([]);
});

test('addresses that are not wss are refused', async () => {
  await expect(startNode(3, { peers: [{ url: 'http://127.0.0.1' }] })).rejects.toMatchObject({ code: 'BAD_OPTIONS' });
});

test('a busy port is named', async () => {
  const first = await startNode(1);
  const port = first.network.address?.port ?? 0;
  await expect(startNode(2, { listen: { host: '127.0.0.1', port, tls } })).rejects.toMatchObject({
    code: 'LISTEN_FAILED',
    info: { systemCode: 'EADDRINUSE', port },
  });
});

test('one address takes only its share of the handshakes', async () => {
  const node = await startNode(1, { limits: { handshakesPerAddressMax: 2 } });
  const first = await dialRaw(node);
  await dialRaw(node);
  await expect(dialRaw(node)).rejects.toThrow();
  // Who finishes makes room.
  first.socket.send(await helloOf(first, await signerOf(3)));
  await first.nextFrame();
  await dialRaw(node);
});

test('callers behind one IPv6 network, or one IPv4 address however it is written, share their limit', () => {
  expect(addressGroupOf('2001:db8:0:1:aaaa::1')).toBe(addressGroupOf('2001:db8::1:ffff:0:0:9'));
  expect(addressGroupOf('2001:db8:0:2::1')).not.toBe(addressGroupOf('2001:db8:0:1::1'));
  expect(addressGroupOf('::ffff:192.0.2.7')).toBe('192.0.2.7');
  expect(addressGroupOf('fe80::1%eth0')).toBe('fe80:0:0:0::/64');
});
