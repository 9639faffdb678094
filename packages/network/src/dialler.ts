/** Keeps one configured address connected: dials, waits while it is connected, dials again. */
import { connect, type TLSSocket } from 'node:tls';
import { equalBytes, toHex } from '@radledger/primitives';
import { WebSocket } from 'ws';
import type { Connection, PeerIdentity } from './connection.js';
import type { PeerAddress, PeerId } from './contract.js';
import type { NetworkLimits } from './limits.js';
import { PEER_PATH } from './listener.js';

/** A connection that lasted this many times the shortest wait was a good one: the next wait is short again. */
const GOOD_CONNECTION_WAITS = 20;

export interface DiallerOwner {
  readonly limits: NetworkLimits;
  /** Makes the connection of an open socket. `timeoutMs` is what the handshake has left. */
  adopt(socket: WebSocket, tls: TLSSocket, dialler: Dialler, timeoutMs: number): Connection;
  isConnected(peerId: PeerId): boolean;
  unreachable(address: string, code: string): void;
}

export class Dialler {
  /** Node key last proven at this address; the configured one before. */
  private peerId: PeerId | undefined;
  private timer: NodeJS.Timeout | undefined;
  private socket: WebSocket | undefined;
  private failures = 0;
  private readyAtMs: number | undefined;
  private stopped = false;

  constructor(
    private readonly owner: DiallerOwner,
    private readonly address: PeerAddress,
  ) {
    if (address.nodeKey !== undefined) this.peerId = toHex(address.nodeKey);
  }

  get url(): string {
    return this.address.url;
  }

  /** Dials unless it is doing so, or the node of this address is connected already. */
  start(): void {
    if (this.stopped || this.socket !== undefined) return;
    clearTimeout(this.timer);
    this.timer = undefined;
    // `peerGone` wakes this address when that connection ends.
    if (this.peerId !== undefined && this.owner.isConnected(this.peerId)) return;
    this.dial();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    // An open socket belongs to its connection, which has its own end.
    if (this.socket?.readyState === WebSocket.CONNECTING) this.socket.terminate();
  }

  /** A peer went, on whichever connection. */
  peerGone(peerId: PeerId): void {
    if (peerId === this.peerId && this.socket === undefined && this.timer === undefined) this.startLater();
  }

  /** Whether a proven node may be the one of this address. */
  expects(identity: PeerIdentity): boolean {
    const { nodeKey } = this.address;
    return nodeKey === undefined || equalBytes(nodeKey, identity.nodeKey);
  }

  /** The node at this address has proven its key. */
  learn(peerId: PeerId): void {
    this.peerId = peerId;
  }

  /** The handshake succeeded. */
  ready(): void {
    this.readyAtMs = performance.now();
  }

  /** The socket of this address is gone. */
  closed(): void {
    const { reconnectMinMs } = this.owner.limits;
    const wasGood =
      this.readyAtMs !== undefined && performance.now() - this.readyAtMs >= reconnectMinMs * GOOD_CONNECTION_WAITS;
    if (wasGood) this.failures = 0;
    this.readyAtMs = undefined;
    this.socket = undefined;
    this.startLater();
  }

  private startLater(): void {
    if (this.stopped) return;
    const { reconnectMinMs, reconnectMaxMs } = this.owner.limits;
    const waitMs = Math.min(reconnectMinMs * 2 ** Math.min(this.failures, 30), reconnectMaxMs);
    this.failures++;
    // Jitter keeps nodes that lost the same peer from coming back at the same instant.
    this.timer = setTimeout(() => this.start(), waitMs * (0.5 + Math.random() / 2));
  }

  private dial(): void {
    const { limits } = this.owner;
    const startedAtMs = performance.now();
    let tls: TLSSocket | undefined;
    const socket = new WebSocket(new URL(PEER_PATH, this.address.url), {
      perMessageDeflate: false,
      maxPayload: limits.frameBytesMax,
      handshakeTimeout: limits.handshakeTimeoutMs,
      followRedirects: false,
      // Certificates say nothing here: the hello binds the node key to this TLS session.
      createConnection: ((options: { host: string; port: number }) => {
        tls = connect({ host: options.host, port: options.port, minVersion: 'TLSv1.3', rejectUnauthorized: false });
        return tls;
      }) as never,
    });
    this.socket = socket;
    const onFailure = (error: NodeJS.ErrnoException) =>
      this.owner.unreachable(this.address.url, error.code ?? 'REFUSED');
    const onClose = () => this.closed();
    socket.on('error', onFailure);
    socket.on('close', onClose);
    socket.once('open', () => {
      socket.off('error', onFailure);
      socket.off('close', onClose);
      const timeoutMs = Math.max(1, limits.handshakeTimeoutMs - (performance.now() - startedAtMs));
      const connection = this.owner.adopt(socket, tls as TLSSocket, this, timeoutMs);
      connection.dial().catch(() => connection.drop('BAD_HELLO'));
    });
  }
}
