import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { get } from 'node:https';
import { generate } from 'selfsigned';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type BoundTlsListener, bindTls } from '../src/http/index.js';

let listener: BoundTlsListener;
const silent: Socket[] = [];

beforeEach(async () => {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'hospital.example' }]);
  listener = await bindTls({ host: '127.0.0.1', port: 0 }, { key, cert }, { connectionsPerAddressMax: 2 });
  listener.mount((_request, response) => void response.end('here'));
});

afterEach(async () => {
  for (const socket of silent.splice(0)) socket.destroy();
  await listener.close(0);
});

async function openSilent(): Promise<Socket> {
  const socket = connect(listener.port, '127.0.0.1').on('error', () => undefined);
  silent.push(socket);
  await once(socket, 'connect');
  return socket;
}

/** @param from - the caller's own address: all of 127.0.0.0/8 is this machine */
function ask(from: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const options = { localAddress: from, rejectUnauthorized: false, agent: false };
    get(listener.url, options, (response) => {
      response.resume().once('end', () => resolve(response.statusCode));
    }).once('error', reject);
  });
}

test('who opens more connections than one address may is cut off, and others are served', async () => {
  const first = await openSilent();
  await openSilent();
  await once(await openSilent(), 'close');
  await expect(ask('127.0.0.1')).rejects.toThrow();
  expect(await ask('127.0.0.2')).toBe(200);
  first.destroy();
  await expect.poll(() => ask('127.0.0.1').catch(() => undefined)).toBe(200);
});

test('who says nothing is cut off after a while', { timeout: 30_000 }, async () => {
  await once(await openSilent(), 'close');
});
