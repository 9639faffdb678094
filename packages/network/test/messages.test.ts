import { encodeCanonical, toHex, utf8 } from '@radledger/primitives';
import { expect, test } from 'vitest';
import { closeCodeOf } from '../src/close-codes.js';
import { encodeEnvelope } from '../src/envelope.js';
import { eventOf, goneOf, signerOf, startNode, startPair, type TestNode, until } from './nodes.js';
import { dialRaw, helloOf, joinRaw } from './raw-peer.js';

const message = (topic: string, payload: Uint8Array) => encodeEnvelope({ topic, kind: 0, requestId: 0, payload });

function received(node: TestNode, topic: string): string[] {
  const texts: string[] = [];
  node.network.subscribe(topic, ({ bytes }) => {
    texts.push(new TextDecoder().decode(bytes));
    return 'relay';
  });
  return texts;
}

test('a message sent to one peer arrives with its sender, each time', async () => {
  const { first, second } = await startPair();
  const arrived = new Promise<string[]>((resolve) => {
    const seen: string[] = [];
    first.network.subscribe('note', ({ peerId, bytes }) => {
      seen.push(`${peerId === second.peerId} ${toHex(bytes)}`);
      if (seen.length === 2) resolve(seen);
    });
  });
  expect(second.network.send(first.peerId, 'note', Uint8Array.of(1))).toBe(true);
  expect(second.network.send(first.peerId, 'note', Uint8Array.of(1))).toBe(true);
  expect(await arrived).toEqual(['true 01', 'true 01']);
  expect(second.network.send('00'.repeat(32), 'note', new Uint8Array(1))).toBe(false);
});

test('gossip reaches every node of a ring once, and ends', async () => {
  const a = await startNode(1);
  const b = await startNode(2, { peers: [a] });
  const c = await startNode(3, { peers: [b] });
  const d = await startNode(4, { peers: [c, a] });
  const nodes = [a, b, c, d];
  await until(() => {
    for (const { network } of nodes) expect(network.peers()).toHaveLength(2);
  });
  const inboxes = nodes.map((node) => received(node, 'news'));
  expect(a.network.broadcast('news', utf8('x'))).toBe(2);
  expect(c.network.broadcast('news', utf8('y'))).toBe(2);
  await until(() => expect(inboxes.map((inbox) => inbox.toSorted().join())).toEqual(['y', 'x,y', 'x', 'x,y']));
  // Both texts have passed every link when a third one has: links keep their order.
  b.network.broadcast('news', utf8('z'));
  await until(() => expect(inboxes.map((inbox) => inbox.toSorted().join())).toEqual(['y,z', 'x,y', 'x,z', 'x,y,z']));
});

test('what the subscriber does not vouch for goes no further', async () => {
  const a = await startNode(1);
  const b = await startNode(2, { peers: [a] });
  const c = await startNode(3, { peers: [b] });
  await until(() => expect(b.network.peers()).toHaveLength(2));
  const inbox = received(c, 'news');
  b.network.subscribe('news', async ({ bytes }) => (bytes[0] === 1 ? 'relay' : undefined));
  a.network.broadcast('news', Uint8Array.of(0));
  a.network.broadcast('news', Uint8Array.of(1));
  await until(() => expect(inbox).toEqual(['\u0001']));
});

test('a request is answered, refused, or given up', async () => {
  const { first, second } = await startPair();
  const ask = (bytes: Uint8Array, timeoutMs = 10_000, responseBytesMax = 16) =>
    second.network.request(first.peerId, 'ask', bytes, { timeoutMs, responseBytesMax });
  await expect(ask(utf8('early'))).rejects.toMatchObject({ code: 'REQUEST_REFUSED', info: { reason: 'NOT_HANDLED' } });
  first.network.handle('ask', async ({ bytes }) => {
    const text = new TextDecoder().decode(bytes);
    if (text === 'throw') throw new Error('a fault of this node');
    if (text === 'never') return new Promise<Uint8Array>(() => undefined);
    return text === 'long' ? new Uint8Array(17) : Uint8Array.from(bytes).reverse();
  });
  expect(await ask(Uint8Array.of(1, 2, 3))).toEqual(Uint8Array.of(3, 2, 1));
  await expect(ask(utf8('throw'))).rejects.toMatchObject({ code: 'REQUEST_REFUSED', info: { reason: 'FAILED' } });
  await expect(ask(utf8('never'), 5)).rejects.toMatchObject({ code: 'REQUEST_TIMEOUT' });
  await expect(ask(utf8('long'))).rejects.toMatchObject({ code: 'RESPONSE_TOO_LARGE' });
  expect(second.network.peers()[0]?.penalty).toBeGreaterThan(50);
  const signal = AbortSignal.abort();
  await expect(
    second.network.request(first.peerId, 'ask', utf8('x'), { timeoutMs: 5, responseBytesMax: 1, signal }),
  ).rejects.toMatchObject({ code: 'REQUEST_ABORTED' });
  await expect(
    second.network.request('00'.repeat(32), 'ask', utf8('x'), { timeoutMs: 5, responseBytesMax: 1 }),
  ).rejects.toMatchObject({ code: 'NOT_CONNECTED' });
});

test('requests are bounded on both sides', async () => {
  const { first, second } = await startPair({ first: { requestsInWorkMax: 1 }, second: { requestsPendingMax: 2 } });
  first.network.handle('ask', () => new Promise<Uint8Array>(() => undefined));
  const ask = () => second.network.request(first.peerId, 'ask', utf8('x'), { timeoutMs: 10_000, responseBytesMax: 1 });
  const unanswered = expect(ask()).rejects.toMatchObject({ code: 'PEER_GONE' });
  const busy = expect(ask()).rejects.toMatchObject({ code: 'REQUEST_REFUSED', info: { reason: 'BUSY' } });
  await expect(ask()).rejects.toMatchObject({ code: 'TOO_MANY_REQUESTS' });
  await busy;
  await first.network.close();
  await unanswered;
});

test('a peer that is gone ends the requests to it', async () => {
  const { first, second } = await startPair();
  first.network.handle('ask', () => new Promise<Uint8Array>(() => undefined));
  const options = { timeoutMs: 60_000, responseBytesMax: 1 };
  const ending = expect(second.network.request(first.peerId, 'ask', utf8('x'), options)).rejects.toMatchObject({
    code: 'PEER_GONE',
  });
  await first.network.close();
  await ending;
});

test('calls that break a rule of the caller are refused at once', async () => {
  const { network } = await startNode(1);
  network.subscribe('note', () => undefined);
  network.handle('ask', () => new Uint8Array(0));
  expect(() => network.subscribe('note', () => undefined)).toThrow(expect.objectContaining({ code: 'TOPIC_TAKEN' }));
  expect(() => network.handle('ask', () => new Uint8Array(0))).toThrow(
    expect.objectContaining({ code: 'TOPIC_TAKEN' }),
  );
  expect(() => network.broadcast('gossip', new Uint8Array(0))).toThrow(
    expect.objectContaining({ code: 'UNKNOWN_TOPIC' }),
  );
  expect(() => network.broadcast('note', new Uint8Array(1_025))).toThrow(
    expect.objectContaining({ code: 'MESSAGE_TOO_LARGE' }),
  );
});

const nested = (depth: number): Uint8Array => new Uint8Array(depth).fill(0x91);

test.each([
  ['not canonical', Uint8Array.of(0xdc, 0, 4, 0), 'MALFORMED_ENVELOPE'],
  ['deeply nested', nested(100_000), 'MALFORMED_ENVELOPE'],
  ['a map', Uint8Array.of(0x80), 'MALFORMED_ENVELOPE'],
  ['a message with a request id', encodeCanonical(['note', 0, 1, new Uint8Array(1)]), 'MALFORMED_ENVELOPE'],
  ['an unknown kind', encodeCanonical(['note', 4, 1, new Uint8Array(1)]), 'MALFORMED_ENVELOPE'],
  ['too large for its topic', message('note', new Uint8Array(1_025)), 'MESSAGE_TOO_LARGE'],
  ['too large for a frame', new Uint8Array(131_073), 'FRAME_TOO_LARGE'],
  ['an answer that nobody asked for', encodeCanonical(['ask', 2, 1, new Uint8Array(1)]), 'UNASKED_ANSWER'],
])('a frame that is %s costs score, then the connection; others go on', async (_name, frame, code) => {
  const { first, second } = await startPair();
  const inbox = received(first, 'note');
  const signer = await signerOf(6);
  const codes: string[] = [];
  first.network.on('report', (report) => codes.push(report.code));
  const peerGone = eventOf(first, 'gone');
  let peer = await joinRaw(first, signer);
  peer.socket.send(frame);
  if (code === 'FRAME_TOO_LARGE') {
    expect(await peer.closeCode).toBe(1009);
    peer = await joinRaw(first, signer);
  }
  peer.socket.send(frame);
  await peerGone;
  await until(() => expect(codes.filter((reported) => reported === code)).toHaveLength(2));
  await peer.closeCode;
  // The key stays away for a while.
  const again = await dialRaw(first);
  again.socket.send(await helloOf(again, signer));
  expect(await again.closeCode).toBe(closeCodeOf('BANNED'));
  expect(second.network.send(first.peerId, 'note', utf8('still here'))).toBe(true);
  await until(() => expect(inbox).toEqual(['still here']));
});

test('a text frame ends the connection, an unknown topic costs little', async () => {
  const node = await startNode(1);
  const peer = await joinRaw(node, await signerOf(6));
  const report = eventOf(node, 'report', ({ code }) => code === 'UNKNOWN_TOPIC');
  peer.socket.send(message('gossip', new Uint8Array(1)));
  await report;
  expect(Math.round(node.network.peers()[0]?.penalty ?? 0)).toBe(10);
  peer.socket.send('hello');
  expect(await peer.closeCode).toBe(closeCodeOf('PENALISED'));
});

test('a penalised peer is sent away, kept away, and let in again', async () => {
  const { first, second } = await startPair({ first: { banMinMs: 40, banMaxMs: 80 } });
  const away = goneOf(second, 'PENALISED');
  first.network.penalise(second.peerId, 60, 'WRONG_BLOCK');
  first.network.penalise(second.peerId, 60, 'WRONG_BLOCK');
  expect(first.network.peers()).toEqual([]);
  await away;
  await eventOf(second, 'report', ({ code }) => code === 'BANNED');
  if (second.network.peers().length === 0) await eventOf(second, 'peer');
});

test('a flood is read at the allowed rate, and the node keeps serving others', async () => {
  const { first, second } = await startPair({ first: { messagesPerSecond: 1_000, messagesBurst: 50 } });
  let flooded = 0;
  const inbox: string[] = [];
  first.network.subscribe('note', ({ peerId, bytes }) => {
    if (peerId === second.peerId) inbox.push(new TextDecoder().decode(bytes));
    else flooded++;
  });
  const flooder = await joinRaw(first, await signerOf(6));
  const startedAtMs = performance.now();
  // Payloads of a size of which few fit into what the socket reads at once.
  const frame = message('note', new Uint8Array(1_000));
  for (let i = 0; i < 20_000; i++) flooder.socket.send(frame);
  second.network.send(first.peerId, 'note', utf8('vote'));
  await until(() => expect(inbox).toEqual(['vote']));
  await until(() => expect(flooded).toBeGreaterThan(300));
  const elapsedMs = performance.now() - startedAtMs;
  // Burst, rate times time, and twice the most that one read brings after the bucket ran dry.
  expect(flooded).toBeLessThan(50 + elapsedMs + 200);
  expect(flooder.socket.bufferedAmount).toBeGreaterThan(0);
});

test('a peer whose messages are not worked off is read no further', async () => {
  const { first } = await startPair({ first: { messagesInWorkMax: 4 } });
  let count = 0;
  let workOff: (() => void) | undefined;
  const idle = new Promise<void>((resolve) => {
    workOff = resolve;
  });
  first.network.subscribe('news', () => {
    count++;
    return idle;
  });
  const eager = await joinRaw(first, await signerOf(6));
  for (let i = 0; i < 200; i++) eager.socket.send(message('news', new Uint8Array(60_000).fill(i)));
  await until(() => expect(count).toBeGreaterThanOrEqual(4));
  expect(count).toBeLessThan(10);
  workOff?.();
  await until(() => expect(count).toBe(200));
});

test('a handler that throws is reported and costs the sender nothing', async () => {
  const { first, second } = await startPair();
  first.network.subscribe('note', async () => {
    throw new Error('a fault of this node');
  });
  const failed = eventOf(first, 'report', ({ code }) => code === 'HANDLER_FAILED');
  second.network.send(first.peerId, 'note', new Uint8Array(1));
  await failed;
  expect(first.network.peers()[0]?.penalty).toBe(0);
});

test('a peer that does not read is dropped when its bytes pile up', async () => {
  const node = await startNode(1, { limits: { sendBufferBytesMax: 200_000 } });
  const slow = await joinRaw(node, await signerOf(6));
  slow.socket.pause();
  const dropped = goneOf(node, 'SLOW');
  let sent = 0;
  // The system's own buffers take several megabytes before anything piles up here.
  while (node.network.peers().length === 1 && sent < 10_000) {
    node.network.broadcast('news', new Uint8Array(60_000).fill(sent));
    sent++;
    await new Promise((resolve) => setImmediate(resolve));
  }
  await dropped;
  expect(sent).toBeLessThan(10_000);
});

test('a peer that stays silent after a ping is dropped', async () => {
  const node = await startNode(1, { limits: { pingIntervalMs: 20 } });
  const silent = await joinRaw(node, await signerOf(6));
  silent.socket.pause();
  await goneOf(node, 'UNRESPONSIVE');
});

test('bytes that the subscriber could not judge count as new when they come again', async () => {
  const { first, second } = await startPair();
  const verdicts = ['forget', undefined, undefined] as const;
  const seen: string[] = [];
  first.network.subscribe('news', ({ bytes }) => verdicts[seen.push(toHex(bytes)) - 1]);
  // A raw message each time: the sender's own network would not send the same news twice.
  const raw = await joinRaw(first, await signerOf(9));
  for (const byte of [1, 1, 1, 2]) raw.socket.send(message('news', Uint8Array.of(byte)));
  await until(() => expect(seen).toEqual(['01', '01', '02']));
  expect(second.network.peers()).toHaveLength(1);
});
