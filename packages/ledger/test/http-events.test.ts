import { toHex } from '@radledger/primitives';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type ApiListener, createNodeApi, listenNodeApi } from '../src/http/index.js';
import type { Ledger } from '../src/index.js';
import { type EventReader, readEvents, type StreamEvent } from './support/event-reader.js';
import { finalizedAt, nextEvent, startNet, type TestNet } from './support/net.js';
import { solo } from './support/solo-module.js';
import { allowAccess, defineSource, defineStudy, ownerOf } from './support/transactions.js';

// A net on a busy machine takes its time; what it waits for is an event, never a moment.
vi.setConfig({ testTimeout: 60_000 });

let net: TestNet;
let ledger: Ledger;
let api: ApiListener;
let readers: EventReader[];

beforeEach(async () => {
  readers = [];
  // The second member never leads: a net whose leader is stopped admits and does not finalize.
  net = await startNet({ module: solo, size: 2 });
  ledger = net.nodes[1]!.ledger;
  api = await listenNodeApi(createNodeApi(ledger, { eventStreamsMax: 2 }), { host: '127.0.0.1', port: 0 });
});
afterEach(async () => {
  for (const reader of readers) reader.close();
  await api.close();
  await net.close();
});

async function open(query = '', headers: Record<string, string> = {}): Promise<EventReader> {
  const reader = await readEvents(`${api.url}/v1/events${query}`, headers);
  readers.push(reader);
  return reader;
}

const isFinalized = ({ event }: StreamEvent): boolean => event === 'finalized';

async function makeBlocks(): Promise<number> {
  const source = net.sources[0]!;
  const owner = await ownerOf('anna');
  const story = [
    await defineSource(net.chainId, source),
    await defineStudy(net.chainId, source, { study: 'mr', owner }),
    await allowAccess(net.chainId, source, { study: 'mr', owner, tag: 'a' }),
  ];
  let height = 0;
  for (const { bytes, txId } of story) {
    await ledger.submit(bytes);
    height = await finalizedAt(ledger, txId);
  }
  return height;
}

test('a stream begins with status, replays from a height, and goes on live without a gap', async () => {
  const height = await makeBlocks();
  const reader = await open('?fromHeight=2');
  expect(await reader.next()).toMatchObject({ event: 'status', id: undefined, data: { height } });
  for (let next = 2; next <= height; next += 1) {
    expect(await reader.next(isFinalized)).toMatchObject({ id: String(next), data: { height: next } });
  }
  const more = await allowAccess(net.chainId, net.sources[0]!, { study: 'mr', owner: await ownerOf('anna'), tag: 'b' });
  await ledger.submit(more.bytes);
  expect((await reader.next(({ event }) => event === 'seen')).data).toEqual({
    txId: toHex(more.txId),
    transaction: toHex(more.bytes),
  });
  const { data } = await reader.next(isFinalized);
  const [entry] = await ledger.headers({ from: height + 1, limit: 1 });
  expect(data).toEqual({
    height: height + 1,
    id: toHex(entry!.id),
    timestampMs: entry!.header.timestampMs,
    stateRoot: toHex(entry!.header.stateRoot),
  });
  expect((await reader.next()).event).toBe('status');
});

test('Last-Event-ID resumes behind the last height that was read, and wins over fromHeight', async () => {
  await makeBlocks();
  const reader = await open('?fromHeight=1', { 'last-event-id': '2' });
  expect((await reader.next(isFinalized)).data.height).toBe(3);
});

test('without fromHeight nothing is replayed', async () => {
  const height = await makeBlocks();
  const reader = await open();
  await reader.next(({ event }) => event === 'status');
  const more = await allowAccess(net.chainId, net.sources[0]!, { study: 'mr', owner: await ownerOf('anna'), tag: 'c' });
  await ledger.submit(more.bytes);
  expect((await reader.next(isFinalized)).data.height).toBe(height + 1);
});

test('what waits is shown to a stream that opens later: first sight survives a reconnect', async () => {
  await makeBlocks();
  await net.nodes[0]!.stop();
  const waiting = await allowAccess(net.chainId, net.sources[0]!, {
    study: 'mr',
    owner: await ownerOf('anna'),
    tag: 'd',
  });
  await ledger.submit(waiting.bytes);
  const reader = await open();
  expect((await reader.next(({ event }) => event === 'seen')).data.txId).toBe(toHex(waiting.txId));
});

test('a transaction that comes by a peer is shown like one given here', async () => {
  await makeBlocks();
  const reader = await open();
  await reader.next();
  const far = await allowAccess(net.chainId, net.sources[0]!, { study: 'mr', owner: await ownerOf('anna'), tag: 'e' });
  await net.nodes[0]!.ledger.submit(far.bytes);
  expect((await reader.next(({ event }) => event === 'seen')).data.txId).toBe(toHex(far.txId));
});

test('streams are bounded, and end when the ledger closes', async () => {
  const first = await open();
  await open();
  const refused = await fetch(`${api.url}/v1/events`);
  expect(refused.status).toBe(503);
  expect(await refused.json()).toMatchObject({ error: { code: 'TOO_MANY_STREAMS' } });
  const closed = nextEvent(ledger, 'closed');
  await net.nodes[1]!.stop();
  await closed;
  await first.ended;
});
