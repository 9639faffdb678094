// Goal: each durable entry goes out in order, read once, also when the receiver is away or the disk is full. Method: a TLS receiver of node:tls.
import { once } from 'node:events';
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { createSigner } from '@radledger/primitives';
import { generate } from 'selfsigned';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import {
  type AuditEvent,
  type AuditTrail,
  openAuditTrail,
  startSyslogDelivery,
  type SyslogDelivery,
  type TrailPlace,
} from '../src/audit/index.js';

const DAY_MS = 86_400_000;

let folder: string;
let trail: AuditTrail;
let nowMs: number;
let pem: { readonly cert: string; readonly private: string };
let server: Server;
let received: string;
let connections: number;
let delivery: SyslogDelivery | undefined;
const sockets = new Set<Socket>();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'radledger-delivery-'));
  nowMs = Date.UTC(2026, 0, 1);
  trail = await openTrail();
  pem = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }],
  });
  received = '';
  connections = 0;
  server = createServer({ key: pem.private, cert: pem.cert }, (socket) => {
    connections += 1;
    sockets.add(socket);
    socket.setEncoding('utf8').on('data', (text: string) => (received += text));
    socket.on('error', () => undefined);
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');
});
afterEach(async () => {
  await delivery?.close();
  delivery = undefined;
  for (const socket of sockets) socket.destroy();
  server.close();
  await trail.close();
  await rm(folder, { recursive: true });
});

const openTrail = async (): Promise<AuditTrail> =>
  openAuditTrail({ folder, signer: await createSigner(new Uint8Array(32).fill(1)), now: () => nowMs });

async function deliver(port: number, onFailure: (error: unknown) => void = () => undefined, retryMs = 3_600_000) {
  delivery = await startSyslogDelivery({
    trail,
    folder,
    receiver: { host: 'localhost', port },
    certificateAuthorities: pem.cert,
    identity: { sourceId: 'gateway.hospital.example', processId: 1 },
    retryMs,
    retryMsMax: retryMs,
    onFailure,
  });
  return delivery;
}

const portOf = (): number => (server.address() as AddressInfo).port;
const idsIn = (text: string): number[] =>
  [...text.matchAll(/ParticipantObjectID="([0-9a-f]{64})"/g)].map(([, id]) => Number.parseInt(id ?? '', 16));
const arrived = (ids: readonly number[]): Promise<void> =>
  vi.waitFor(() => expect(idsIn(received)).toEqual(ids), 10_000);

function event(index: number): AuditEvent {
  return {
    side: 'source',
    transaction: 'ITI-43',
    phase: 'ended',
    outcome: 'success',
    id: index.toString(16).padStart(32, '0'),
    requestDigest: 'ab'.repeat(32),
    endpointUrl: 'https://gw.hospital.example/xds/iti43',
    reader: 'cd'.repeat(32),
    documents: [{ documentUniqueId: index.toString(16).padStart(64, '0'), repositoryUniqueId: '02'.repeat(32) }],
  };
}

async function placesOf(after?: TrailPlace): Promise<TrailPlace[]> {
  const places: TrailPlace[] = [];
  for await (const { place } of trail.entries(after)) places.push(place);
  return places;
}

test('goes on behind what was delivered before a restart, over the end of a day, and reads nothing again', async () => {
  for (const index of [1, 2]) await trail.record(event(index));
  const first = await deliver(portOf());
  await arrived([1, 2]);
  await first.close();
  nowMs += DAY_MS;
  for (const index of [3, 4]) await trail.record(event(index));
  // What was delivered is not looked at again: it may be archived by now.
  await rm(join(folder, '2026-01-01.jsonl'));
  await deliver(portOf());
  await arrived([1, 2, 3, 4]);
});

test('a place of another trail begins anew rather than skip an entry', async () => {
  for (const index of [1, 2, 3]) await trail.record(event(index));
  const [place] = await placesOf();
  expect((await placesOf(place)).map(({ number }) => number)).toEqual([2, 3]);
  for (const change of [{ hash: 'ee'.repeat(32) }, { endByte: 17 }, { endByte: 10 ** 9 }, { day: '2027-01-01' }]) {
    const places = await placesOf({ ...(place as TrailPlace), ...change });
    expect(places.map(({ number }) => number)).toEqual([1, 2, 3]);
  }
  await writeFile(join(folder, 'syslog-position'), '{"day":1}');
  await deliver(portOf());
  await arrived([1, 2, 3]);
});

test('a line that is in the file and not yet acknowledged is not read', async () => {
  await trail.record(event(1));
  const [line] = (await readFile(join(folder, '2026-01-01.jsonl'), 'utf8')).split('\n');
  await appendFile(join(folder, '2026-01-01.jsonl'), `${(line ?? '').replace('"number":1', '"number":2')}\n`);
  expect((await placesOf()).map(({ number }) => number)).toEqual([1]);
});

test('a receiver that is away is tried once, not once for each event, and has all when it is back', async () => {
  const port = portOf();
  server.close();
  await once(server, 'close');
  let failures = 0;
  const started = await deliver(port, () => (failures += 1));
  for (let index = 1; index <= 50; index += 1) await trail.record(event(index));
  await started.close();
  expect(failures).toBeGreaterThanOrEqual(1);
  expect(failures).toBeLessThanOrEqual(2);

  server.listen(port, 'localhost');
  await once(server, 'listening');
  await deliver(port);
  await arrived(Array.from({ length: 50 }, (_, index) => index + 1));
  expect(connections).toBe(1);
});

test('ends quietly when it cannot keep how far it came', async () => {
  await trail.record(event(1));
  await mkdir(join(folder, 'syslog-position.new'));
  const failed: unknown[] = [];
  const started = await deliver(portOf(), (error) => failed.push(error));
  await arrived([1]);
  await expect(started.close()).resolves.toBeUndefined();
  expect(failed.length).toBeGreaterThan(0);
});
