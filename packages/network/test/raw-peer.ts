/** A peer that is not bound to the rules: speaks WebSocket over TLS and sends whatever a test wants. */
import { connect, type TLSSocket } from 'node:tls';
import type { Signer } from '@radledger/primitives';
import { WebSocket } from 'ws';
import { encodeHello, sessionValueOf } from '../src/handshake.js';
import { PEER_PATH } from '../src/listener.js';
import { afterTest, chainId, type TestNode } from './nodes.js';

export interface RawPeer {
  readonly socket: WebSocket;
  readonly tls: TLSSocket;
  /** Code of the close frame that ends the connection; 1006 when it is cut. */
  readonly closeCode: Promise<number>;
  readonly nextFrame: () => Promise<Uint8Array>;
}

export async function dialRaw(node: TestNode): Promise<RawPeer> {
  let tls: TLSSocket | undefined;
  const socket = new WebSocket(new URL(PEER_PATH, node.url), {
    perMessageDeflate: false,
    createConnection: (({ host, port }: { host: string; port: number }) => {
      tls = connect({ host, port, rejectUnauthorized: false });
      return tls;
    }) as never,
  });
  const closeCode = new Promise<number>((resolve) => socket.on('close', resolve));
  afterTest(async () => {
    socket.terminate();
    await closeCode;
  });
  // The last bytes may meet a socket that the other side has closed.
  socket.on('error', () => undefined);
  const frames: Uint8Array[] = [];
  const waiting: ((frame: Uint8Array) => void)[] = [];
  socket.on('message', (data: Buffer) => {
    const next = waiting.shift();
    if (next === undefined) frames.push(data);
    else next(data);
  });
  const nextFrame = () =>
    new Promise<Uint8Array>((resolve) => {
      const frame = frames.shift();
      if (frame === undefined) waiting.push(resolve);
      else resolve(frame);
    });
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  return { socket, tls: tls as TLSSocket, closeCode, nextFrame };
}

export function helloOf(peer: RawPeer, signer: Signer, chain: Uint8Array = chainId): Promise<Uint8Array> {
  return encodeHello({ chainId: chain, sessionValue: sessionValueOf(peer.tls, chain), role: 'dialler', signer });
}

/** Dials and passes the handshake: a member of the chain that may now misbehave. */
export async function joinRaw(node: TestNode, signer: Signer): Promise<RawPeer> {
  const peer = await dialRaw(node);
  peer.socket.send(await helloOf(peer, signer));
  await peer.nextFrame();
  return peer;
}
