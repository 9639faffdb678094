/** Regression: a server that switched protocols, or closed before it answered, left the command waiting for ever. */
import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';
import { generate } from 'selfsigned';
import { expect, test } from 'vitest';
import { createGatewayFetch } from '../src/gateway-fetch.js';

test.each([
  ['switches protocols', 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'],
  ['closes before it answers', ''],
])('a server that %s is an error', async (_, answer) => {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'gateway' }], { keyType: 'ec' });
  const publicKey = new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' });
  const server = createServer({ key, cert, minVersion: 'TLSv1.3' }, (socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => (answer === '' ? socket.end() : socket.write(answer)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const pinned = createGatewayFetch({ allowLoopback: true }, [
    new Uint8Array(createHash('sha256').update(publicKey).digest()),
  ]);
  try {
    await expect(pinned(`https://127.0.0.1:${(server.address() as AddressInfo).port}/`, {})).rejects.toThrow();
  } finally {
    server.close();
  }
});
