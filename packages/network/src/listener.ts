/** The listening end: TLS 1.3, one WebSocket path, nothing else. Spec: docs/spec/peer-protocol.md, section 1. */
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { type WebSocket, WebSocketServer } from 'ws';
import { addressGroupOf } from './address-group.js';
import type { ListenOptions } from './contract.js';
import { NetworkError } from './errors.js';
import type { NetworkLimits } from './limits.js';

export const PEER_PATH = '/radledger/peer/1';

export interface Listener {
  readonly address: { readonly host: string; readonly port: number };
  /** Stops listening, cuts what has not become a WebSocket, and resolves when all sockets are gone. */
  close(): Promise<void>;
}

/**
 * @param accept - given each upgraded socket
 * @param hasRoom - asked before an upgrade, with the caller's address group: false turns it away
 * @throws {NetworkError} `LISTEN_FAILED`
 */
export async function listen(
  options: ListenOptions,
  limits: NetworkLimits,
  hasRoom: (addressGroup: string) => boolean,
  accept: (socket: WebSocket, tls: TLSSocket) => void,
): Promise<Listener> {
  const { host, port, tls } = options;
  const server = createServer(
    {
      key: tls.key,
      cert: tls.cert,
      minVersion: 'TLSv1.3',
      handshakeTimeout: limits.handshakeTimeoutMs,
      headersTimeout: limits.handshakeTimeoutMs,
      requestTimeout: limits.handshakeTimeoutMs,
      connectionsCheckingInterval: Math.min(1_000, limits.handshakeTimeoutMs),
      keepAliveTimeout: 1,
      maxHeaderSize: 4_096,
    },
    (_request, response) => response.writeHead(426, { Connection: 'close' }).end(),
  );
  server.maxConnections = limits.peersMax + limits.handshakesMax;
  const upgrader = new WebSocketServer({
    noServer: true,
    path: PEER_PATH,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: limits.frameBytesMax,
  });
  const sockets = new Set<Socket>();
  /** Address groups of the sockets that have not become WebSockets, by remote address and port. */
  const unfinished = new Map<string, string>();
  server.on('connection', (socket: Socket) => {
    const remote = `${socket.remoteAddress}/${socket.remotePort}`;
    const group = addressGroupOf(socket.remoteAddress);
    const others = [...unfinished.values()].filter((other) => other === group).length;
    if (others >= limits.handshakesPerAddressMax) {
      socket.destroy();
      return;
    }
    unfinished.set(remote, group);
    sockets.add(socket);
    socket.on('close', () => {
      sockets.delete(socket);
      unfinished.delete(remote);
    });
  });
  server.on('upgrade', (request, socket, head) => {
    // Without a listener, a reset before the upgrade is done would end the process.
    socket.on('error', () => socket.destroy());
    const { remoteAddress, remotePort } = socket as TLSSocket;
    unfinished.delete(`${remoteAddress}/${remotePort}`);
    if (!hasRoom(addressGroupOf(remoteAddress))) {
      socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n', () => socket.destroy());
      return;
    }
    upgrader.handleUpgrade(request, socket, head, (webSocket) => accept(webSocket, socket as TLSSocket));
  });
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  server.on('clientError', (_error, socket) => socket.destroy());
  await startListening(server, host, port);
  const address = server.address() as AddressInfo;
  return {
    address: { host: address.address, port: address.port },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        // Also those that are still in their TLS handshake, which the server does not count as its own.
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function startListening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const info = { code: 'LISTEN_FAILED', host, port, systemCode: cause.code ?? 'UNKNOWN' } as const;
      reject(new NetworkError(info, 'choose an address of this machine and a port that is free', { cause }));
    });
    server.listen(port, host, () => {
      server.removeAllListeners('error');
      // For example too many open files at accept: callers come again, the node goes on.
      server.on('error', () => undefined);
      resolve();
    });
  });
}
