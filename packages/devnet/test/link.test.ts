// Goal: a link stalls, cuts and delays what passes, and loses or reorders nothing.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Link, OPEN, openLink } from '../src/chaos/link.js';
import { Links } from '../src/chaos/links.js';

let server: Server;
let accepted: Socket[];
let link: Link;
const open: Socket[] = [];
beforeEach(async () => {
  accepted = [];
  server = createServer((socket) => void accepted.push(socket.on('error', () => undefined)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  link = await openLink((server.address() as AddressInfo).port);
});
afterEach(async () => {
  for (const socket of [...open.splice(0), ...accepted]) socket.destroy();
  await link.close();
  await new Promise((resolve) => server.close(resolve));
});

async function dial(port = link.port): Promise<{ readonly near: Socket; readonly far: Socket }> {
  const arrival = once(server, 'connection');
  const near = connect(port, '127.0.0.1').on('error', () => undefined);
  open.push(near);
  await arrival;
  return { near, far: accepted.at(-1) as Socket };
}

async function receive(socket: Socket, bytes: number): Promise<string> {
  let text = '';
  for await (const [chunk] of onData(socket)) {
    text += String(chunk);
    if (text.length >= bytes) break;
  }
  return text;
}

async function* onData(socket: Socket): AsyncGenerator<unknown[]> {
  for (;;) yield await once(socket, 'data');
}

test('what is stalled in one direction arrives in order when the stall ends, and the other direction goes on', async () => {
  const { near, far } = await dial();
  link.set({ ...OPEN, stallForward: true });
  near.write('first ');
  far.write('back');
  expect(await receive(near, 4)).toBe('back');
  near.write('second');
  const forward = receive(far, 12);
  link.set(OPEN);
  expect(await forward).toBe('first second');
});

test('a cut ends connections and refuses new ones until it is over', async () => {
  const { near } = await dial();
  const gone = once(near, 'close');
  link.set({ ...OPEN, cut: true });
  await gone;
  const refused = connect(link.port, '127.0.0.1').on('error', () => undefined);
  await once(refused, 'close');
  expect(accepted).toHaveLength(1);
  link.set(OPEN);
  const again = await dial();
  again.near.write('hello');
  expect(await receive(again.far, 5)).toBe('hello');
});

test('delayed bytes wait as long as they are delayed', async () => {
  const { near, far } = await dial();
  link.set({ ...OPEN, delayMs: 60 });
  const sentAtMs = performance.now();
  near.write('late');
  expect(await receive(far, 4)).toBe('late');
  expect(performance.now() - sentAtMs).toBeGreaterThanOrEqual(59);
});

test('disturbances of a mesh add up and end one by one', async () => {
  const links = new Links();
  const port = await links.add(0, 1, (server.address() as AddressInfo).port);
  const partition = { kind: 'partition', sides: [0, 1], how: 'stall' } as const;
  const oneWay = { kind: 'partition', sides: [1, 0], how: 'one-way' } as const;
  const { near, far } = await dial(port);
  links.disturb(partition);
  links.disturb(oneWay);
  links.end(partition);
  // Of the one-way partition only what side 0 sends is lost: node 1 is on side 0.
  near.write('passes');
  expect(await receive(far, 6)).toBe('passes');
  far.write('waits');
  links.end(oneWay);
  expect(await receive(near, 5)).toBe('waits');
  await links.close();
});
