import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { generate } from 'selfsigned';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createGatewayFetch } from '../src/gateway-fetch.js';

let server: Server;
let url: string;
let pin: Uint8Array;
const received: string[] = [];

beforeAll(async () => {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'gateway' }], { keyType: 'ec' });
  const publicKey = new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' });
  pin = new Uint8Array(createHash('sha256').update(publicKey).digest());
  server = createServer({ key, cert, minVersion: 'TLSv1.3' }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push(`${request.method} ${request.url} ${Buffer.concat(chunks).toString()}`);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

test('a server whose key has one of the pins is asked and heard', async () => {
  const pinned = createGatewayFetch({ allowLoopback: true }, [new Uint8Array(32), pin]);
  const answer = await pinned(`${url}/path?x=1`, { method: 'POST', body: new TextEncoder().encode('body') });
  expect(answer.status).toBe(200);
  expect(await answer.json()).toEqual({ ok: true });
  expect(received.splice(0)).toEqual(['POST /path?x=1 body']);
});

test('a server with another key hears nothing', async () => {
  const pinned = createGatewayFetch({ allowLoopback: true }, [new Uint8Array(32)]);
  await expect(pinned(`${url}/secret`, { method: 'POST', body: 'secret' })).rejects.toMatchObject({
    code: 'PIN_MISMATCH',
  });
  expect(received).toEqual([]);
});

test('a request that is given up ends', async () => {
  const signal = AbortSignal.abort();
  await expect(createGatewayFetch({ allowLoopback: true }, [pin])(url, { signal })).rejects.toThrow();
});

test('without pins the authorities judge, and a certificate that nobody vouches for is refused', async () => {
  await expect(createGatewayFetch({ allowLoopback: true })(url, {})).rejects.toMatchObject({
    code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
  });
  expect(received).toEqual([]);
});

test('the own machine and the own network are not asked unless that is allowed', async () => {
  await expect(createGatewayFetch({}, [pin])(url, {})).rejects.toMatchObject({ code: 'ADDRESS_REFUSED' });
  const rebinding = createGatewayFetch({ resolve: async () => ['127.0.0.1'] }, [pin]);
  await expect(rebinding('https://images.example', {})).rejects.toMatchObject({ code: 'ADDRESS_REFUSED' });
  expect(received).toEqual([]);
});

test('what was resolved and judged is what is connected to', async () => {
  const { port } = new URL(url);
  const named = createGatewayFetch({ allowLoopback: true, resolve: async () => ['127.0.0.1'] }, [pin]);
  const answer = await named(`https://images.example:${port}/named`, {});
  expect(answer.status).toBe(200);
  expect(received.splice(0)).toEqual(['GET /named ']);
});
