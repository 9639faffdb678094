/** Callers who connect and say nothing, or half of what they have to say, as long as they are let. */
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Endpoint } from '../document-consumer.js';

export interface SilentSockets {
  /** How many were cut off, each of which came back at once. */
  readonly cutOff: number;
  /** Ends them all. */
  close(): void;
}

/** Keeps so many connections open: every other one does not even begin TLS, the rest stops within its first header. */
export function openSilentSockets({ url }: Endpoint, count: number): SilentSockets {
  const { hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  let cutOff = 0;
  let isOver = false;
  const open = (index: number): void => {
    const to = { host: hostname, port: Number(port) };
    // It sends nothing that the pin would have to guard.
    const socket = index % 2 === 0 ? connect(to) : connectTls({ ...to, rejectUnauthorized: false });
    sockets.add(socket);
    socket.once('secureConnect', () => socket.write('POST /xds/iti43 HTTP/1.1\r\nHost: '));
    socket.on('error', () => undefined);
    socket.once('close', () => {
      sockets.delete(socket);
      if (isOver) return;
      cutOff += 1;
      open(index);
    });
    socket.resume();
  };
  for (let index = 0; index < count; index += 1) open(index);
  return {
    get cutOff() {
      return cutOff;
    },
    close() {
      isOver = true;
      for (const socket of sockets) socket.destroy();
    },
  };
}
