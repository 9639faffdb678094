/** One connection: handshake, then envelopes, under the limits of its peer. Spec: docs/spec/peer-protocol.md. */
import type { TLSSocket } from 'node:tls';
import { compareBytes, type Signer, toHex } from '@radledger/primitives';
import type { WebSocket } from 'ws';
import { addressGroupOf } from './address-group.js';
import { closeCodeOf, closeNameOf, type RefusalCode } from './close-codes.js';
import type { PeerId } from './contract.js';
import { decodeEnvelope, type Envelope } from './envelope.js';
import { encodeHello, HELLO_BYTES_MAX, type Role, sessionValueOf, verifyHello } from './handshake.js';
import type { NetworkLimits } from './limits.js';
import type { Misbehaviour } from './penalties.js';
import { PendingRequests } from './pending-requests.js';
import { TokenBucket } from './token-bucket.js';

/** How long the other side has to answer a close frame before the socket is cut. */
const CLOSE_TIMEOUT_MS = 1_000;

export interface ConnectionOwner {
  readonly chainId: Uint8Array;
  readonly signer: Signer;
  readonly limits: NetworkLimits;
  /** Judges a proven node key, and makes the connection the peer's one unless it is refused. Synchronous. */
  admit(connection: Connection, identity: PeerIdentity): RefusalCode | undefined;
  /** After both hellos: the peer may be told to others. */
  ready(connection: Connection): void;
  envelope(connection: Connection, envelope: Envelope): void;
  misbehaved(connection: Connection, code: Misbehaviour): void;
  /** The connection is no longer used. */
  ended(connection: Connection, code: string): void;
  /** Its socket is gone as well: last call for each connection. */
  closed(connection: Connection): void;
}

export interface PeerIdentity {
  readonly nodeKey: Uint8Array;
  readonly peerId: PeerId;
}

type PauseReason = 'rate' | 'work' | 'handshake';

export class Connection {
  /** Set once the other side has proven its node key. */
  identity: PeerIdentity | undefined;
  requests: PendingRequests | undefined;
  /** Messages of this peer in handlers. */
  private inWork = 0;
  /** Requests of this peer in handlers. */
  requestsInWork = 0;

  private state: 'hello' | 'verifying' | 'ready' | 'ended' = 'hello';
  /** Frames that came with the hello in one piece; delivered once it is verified. */
  private readonly early: Uint8Array[] = [];
  private readonly pausedFor = new Set<PauseReason>();
  private readonly bytesBucket: TokenBucket;
  private readonly framesBucket: TokenBucket;
  private handshakeTimer: NodeJS.Timeout | undefined;
  private rateTimer: NodeJS.Timeout | undefined;
  private closeTimer: NodeJS.Timeout | undefined;
  private pingTimer: NodeJS.Timeout | undefined;
  private heard = false;
  private pinged = false;

  constructor(
    private readonly owner: ConnectionOwner,
    private readonly socket: WebSocket,
    private readonly tls: TLSSocket,
    readonly role: Role,
    /** Of the other end, for reports. */
    readonly address: string,
    /** What is left of the handshake's time. */
    handshakeTimeoutMs: number,
  ) {
    const { limits } = owner;
    const nowMs = performance.now();
    this.bytesBucket = new TokenBucket(limits.bytesPerSecond, limits.bytesBurst, nowMs);
    this.framesBucket = new TokenBucket(limits.messagesPerSecond, limits.messagesBurst, nowMs);
    this.handshakeTimer = setTimeout(() => this.close('HANDSHAKE_TIMEOUT'), handshakeTimeoutMs);
    socket.on('message', (data, isBinary) => this.onFrame(data as Buffer, isBinary));
    socket.on('ping', (data) => this.charge(data.length));
    socket.on('pong', (data) => this.charge(data.length));
    // The socket reports a broken frame (too large, bad UTF-8, bad length) here, and closes itself.
    socket.on('error', (error) => this.onSocketError(error));
    socket.on('close', (code) => this.onClose(code));
    if (role === 'listener') this.boundHandshakeBytes();
  }

  /** As `addressGroupOf`. */
  get addressGroup(): string {
    return addressGroupOf(this.tls.remoteAddress);
  }

  get direction(): 'inbound' | 'outbound' {
    return this.role === 'listener' ? 'inbound' : 'outbound';
  }

  get isReady(): boolean {
    return this.state === 'ready';
  }

  /** Says hello first: the dialler's part. */
  async dial(): Promise<void> {
    const { chainId, signer } = this.owner;
    const sessionValue = sessionValueOf(this.tls, chainId);
    this.send(await encodeHello({ chainId, sessionValue, role: 'dialler', signer }));
  }

  /** Queues one frame. A peer that takes its bytes too slowly is dropped instead. */
  send(frame: Uint8Array): void {
    if (this.state === 'ended' || this.socket.readyState !== this.socket.OPEN) return;
    if (this.socket.bufferedAmount + frame.length > this.owner.limits.sendBufferBytesMax) {
      this.drop('SLOW');
      return;
    }
    this.socket.send(frame, { binary: true });
  }

  /** Ends the connection and tells the other side why. */
  close(code: RefusalCode): void {
    if (this.state === 'ended') return;
    this.end(code);
    // A paused socket would not see the answer.
    if (this.socket.isPaused) this.socket.resume();
    this.socket.close(closeCodeOf(code), code);
    this.closeTimer = setTimeout(() => this.socket.terminate(), CLOSE_TIMEOUT_MS);
  }

  /** Ends the connection at once: the other side does not read, so it cannot be told. */
  drop(code: RefusalCode): void {
    if (this.state === 'ended') return;
    this.end(code);
    this.socket.terminate();
  }

  /** Counts a message that is being handled; beyond the limit the peer is read no further until some are done. */
  beginWork(): void {
    this.inWork++;
    if (this.inWork >= this.owner.limits.messagesInWorkMax) this.pause('work');
  }

  endWork(): void {
    this.inWork--;
    if (this.inWork < this.owner.limits.messagesInWorkMax) this.resume('work');
  }

  private onFrame(data: Buffer, isBinary: boolean): void {
    if (this.state === 'ended') return;
    this.heard = true;
    if (!isBinary) {
      this.misbehave('TEXT_FRAME');
      return;
    }
    if (this.state === 'hello') {
      this.state = 'verifying';
      this.pause('handshake');
      this.verify(data).catch(() => this.close('BAD_HELLO'));
    } else if (this.state === 'verifying') {
      this.early.push(data);
    } else {
      this.charge(data.length);
      this.deliver(data);
    }
  }

  private async verify(hello: Uint8Array): Promise<void> {
    const { owner, role } = this;
    const { chainId, signer } = owner;
    const sessionValue = sessionValueOf(this.tls, chainId);
    const verdict = await verifyHello(hello, {
      chainId,
      sessionValue,
      role: role === 'listener' ? 'dialler' : 'listener',
    });
    if (this.state !== 'verifying') return;
    if ('refusal' in verdict) {
      this.close(verdict.refusal);
      return;
    }
    const answer = role === 'listener' ? await encodeHello({ chainId, sessionValue, role, signer }) : undefined;
    if (this.state !== 'verifying') return;
    const identity = { nodeKey: verdict.nodeKey, peerId: toHex(verdict.nodeKey) };
    const refusal = compareBytes(identity.nodeKey, signer.publicKey) === 0 ? 'SELF' : owner.admit(this, identity);
    if (refusal !== undefined) {
      this.close(refusal);
      return;
    }
    this.identity = identity;
    this.requests = new PendingRequests(identity.peerId, owner.limits.requestsPendingMax);
    if (answer !== undefined) this.send(answer);
    this.begin();
  }

  private begin(): void {
    clearTimeout(this.handshakeTimer);
    this.tls.off('data', this.countHandshakeBytes);
    this.state = 'ready';
    this.pingTimer = setInterval(() => this.checkAlive(), this.owner.limits.pingIntervalMs);
    this.owner.ready(this);
    for (const frame of this.early.splice(0)) {
      this.charge(frame.length);
      this.deliver(frame);
    }
    this.resume('handshake');
  }

  private deliver(frame: Uint8Array): void {
    if (this.state !== 'ready') return;
    let envelope: Envelope;
    try {
      envelope = decodeEnvelope(frame, this.owner.limits.frameBytesMax);
    } catch {
      this.misbehave('MALFORMED_ENVELOPE');
      return;
    }
    this.owner.envelope(this, envelope);
  }

  private misbehave(code: Misbehaviour): void {
    if (this.identity === undefined) this.close('BAD_HELLO');
    else this.owner.misbehaved(this, code);
  }

  /** Pays for what was received; in debt, the peer is read no further until the debt is paid. */
  private charge(bytes: number): void {
    this.heard = true;
    const nowMs = performance.now();
    const waitMs = Math.max(this.bytesBucket.take(bytes, nowMs), this.framesBucket.take(1, nowMs));
    if (waitMs === 0 || this.state === 'ended') return;
    this.pause('rate');
    clearTimeout(this.rateTimer);
    this.rateTimer = setTimeout(() => this.resume('rate'), waitMs);
  }

  private pause(reason: PauseReason): void {
    this.pausedFor.add(reason);
    this.socket.pause();
  }

  private resume(reason: PauseReason): void {
    this.pausedFor.delete(reason);
    if (this.pausedFor.size === 0 && this.state !== 'ended') this.socket.resume();
  }

  private checkAlive(): void {
    // Silence that this side causes by not reading says nothing about the peer.
    if (this.heard || this.pausedFor.size > 0) {
      this.heard = false;
      this.pinged = false;
    } else if (this.pinged) {
      this.drop('UNRESPONSIVE');
    } else {
      this.pinged = true;
      if (this.socket.readyState === this.socket.OPEN) this.socket.ping();
    }
  }

  private onSocketError(error: Error & { code?: unknown }): void {
    const isFrameError = typeof error.code === 'string' && error.code.startsWith('WS_ERR_');
    if (!isFrameError || this.state !== 'ready') return;
    this.misbehave(error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' ? 'FRAME_TOO_LARGE' : 'MALFORMED_FRAME');
  }

  private onClose(code: number): void {
    clearTimeout(this.closeTimer);
    this.end(closeNameOf(code));
    this.owner.closed(this);
  }

  /** Stops everything of this connection but the closing of its socket. */
  private end(code: string): void {
    if (this.state === 'ended') return;
    this.state = 'ended';
    this.early.length = 0;
    clearTimeout(this.handshakeTimer);
    clearTimeout(this.rateTimer);
    clearInterval(this.pingTimer);
    this.tls.off('data', this.countHandshakeBytes);
    this.requests?.end();
    this.owner.ended(this, code);
  }

  private handshakeBytes = 0;
  private readonly countHandshakeBytes = (chunk: Buffer): void => {
    this.handshakeBytes += chunk.length;
    if (this.handshakeBytes > HELLO_BYTES_MAX) this.drop('BAD_HELLO');
  };

  /** A stranger may not make this side collect a frame of the full size. */
  private boundHandshakeBytes(): void {
    this.tls.on('data', this.countHandshakeBytes);
  }
}
