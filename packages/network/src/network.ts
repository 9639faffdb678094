/** The peer network of one node. Spec: docs/spec/peer-protocol.md. */
import type { TLSSocket } from 'node:tls';
import { fromUtf8, type Signer, toHex, utf8 } from '@radledger/primitives';
import type { WebSocket } from 'ws';
import type { RefusalCode } from './close-codes.js';
import { Connection, type ConnectionOwner, type PeerIdentity } from './connection.js';
import type {
  MessageListener,
  MessageVerdict,
  Network,
  NetworkEvents,
  NetworkOptions,
  PeerId,
  PeerInfo,
  RequestHandler,
  RequestOptions,
  TopicOptions,
} from './contract.js';
import { Dialler, type DiallerOwner } from './dialler.js';
import { ENVELOPE_BYTES_MAX, type Envelope, encodeEnvelope, envelopeKind, TOPIC_BYTES_MAX } from './envelope.js';
import { NetworkError } from './errors.js';
import { defaultLimits, type NetworkLimits } from './limits.js';
import { type Listener, listen } from './listener.js';
import { type Misbehaviour, penalties } from './penalties.js';
import { SeenMessages } from './seen-messages.js';
import { Standings } from './standing.js';

/** Why a request is refused: all that a refusal says. */
const refusalReasons = ['BUSY', 'FAILED', 'NOT_HANDLED'] as const;
type RefusalReason = (typeof refusalReasons)[number];

/**
 * Starts to listen and to dial.
 * @throws {NetworkError} `BAD_OPTIONS` | `LISTEN_FAILED`
 */
export async function createNetwork(options: NetworkOptions): Promise<Network> {
  const network = new PeerNetwork(options);
  await network.start();
  return network;
}

class PeerNetwork implements Network, ConnectionOwner, DiallerOwner {
  readonly chainId: Uint8Array;
  readonly signer: Signer;
  readonly limits: NetworkLimits;
  private readonly ownPeerId: PeerId;
  private readonly topics: ReadonlyMap<string, TopicOptions>;
  private readonly listeners = new Map<string, MessageListener>();
  private readonly handlers = new Map<string, RequestHandler>();
  private readonly events: { [Event in keyof NetworkEvents]: Set<NetworkEvents[Event]> } = {
    peer: new Set(),
    gone: new Set(),
    report: new Set(),
  };
  /** Every connection whose socket is not gone yet, with the address that was dialled for it. */
  private readonly connections = new Map<Connection, Dialler | undefined>();
  /** The one connection of each peer, and whether `peer` was told. */
  private readonly byPeer = new Map<PeerId, Connection>();
  private readonly standings: Standings;
  private readonly seen: SeenMessages;
  private readonly diallers: readonly Dialler[];
  private listener: Listener | undefined;
  private closing: Promise<void> | undefined;
  private noteAllClosed: (() => void) | undefined;

  constructor(private readonly options: NetworkOptions) {
    this.chainId = options.chainId;
    this.signer = options.nodeSigner;
    this.ownPeerId = toHex(this.signer.publicKey);
    this.limits = { ...defaultLimits, ...options.limits };
    this.topics = new Map(Object.entries(options.topics));
    validateOptions(options, this.limits);
    this.standings = new Standings(this.limits);
    this.seen = new SeenMessages(this.limits.seenMax, this.limits.seenForMs);
    this.diallers = options.peers.map((address) => new Dialler(this, address));
  }

  get nodeKey(): Uint8Array {
    return this.signer.publicKey;
  }

  get address(): Network['address'] {
    return this.listener?.address;
  }

  async start(): Promise<void> {
    const { listen: listenOptions } = this.options;
    if (listenOptions !== undefined) {
      const hasRoom = (addressGroup: string) => this.closing === undefined && this.hasHandshakeSlot(addressGroup);
      this.listener = await listen(listenOptions, this.limits, hasRoom, (socket, tls) => {
        const address = `${tls.remoteAddress}:${tls.remotePort}`;
        const connection = new Connection(this, socket, tls, 'listener', address, this.limits.handshakeTimeoutMs);
        this.connections.set(connection, undefined);
      });
    }
    for (const dialler of this.diallers) dialler.start();
  }

  // The calls of the node.

  peers(): readonly PeerInfo[] {
    return [...this.byPeer.keys()].sort().flatMap((peerId) => {
      const connection = this.byPeer.get(peerId);
      return connection?.identity === undefined ? [] : [this.infoOf(connection, connection.identity)];
    });
  }

  on<Event extends keyof NetworkEvents>(event: Event, listener: NetworkEvents[Event]): () => void {
    this.events[event].add(listener);
    return () => this.events[event].delete(listener);
  }

  subscribe(topic: string, listener: MessageListener): void {
    this.topicOf(topic);
    if (this.listeners.has(topic)) throw topicTaken(topic);
    this.listeners.set(topic, listener);
  }

  handle(topic: string, handler: RequestHandler): void {
    this.topicOf(topic);
    if (this.handlers.has(topic)) throw topicTaken(topic);
    this.handlers.set(topic, handler);
  }

  broadcast(topic: string, payload: Uint8Array): number {
    const { relay } = this.checkPayload(topic, payload);
    if (!relay) return this.spread(topic, payload, new Set());
    const key = SeenMessages.keyOf(topic, payload);
    this.seen.note(key, undefined, performance.now());
    return this.spread(topic, payload, this.seen.settle(key));
  }

  send(peerId: PeerId, topic: string, payload: Uint8Array): boolean {
    this.checkPayload(topic, payload);
    const connection = this.byPeer.get(peerId);
    if (connection?.isReady !== true) return false;
    connection.send(encodeEnvelope({ topic, kind: envelopeKind.message, requestId: 0, payload }));
    return connection.isReady;
  }

  async request(peerId: PeerId, topic: string, payload: Uint8Array, options: RequestOptions): Promise<Uint8Array> {
    this.checkPayload(topic, payload);
    const connection = this.byPeer.get(peerId);
    if (connection?.isReady !== true || connection.requests === undefined) {
      throw new NetworkError({ code: 'NOT_CONNECTED', peerId }, 'ask a peer that is connected');
    }
    return connection.requests.add(topic, options, (requestId) => {
      connection.send(encodeEnvelope({ topic, kind: envelopeKind.request, requestId, payload }));
    });
  }

  penalise(peerId: PeerId, points: number, code: string): void {
    const banned = this.standings.penalise(peerId, points, performance.now());
    this.emit('report', { code, peerId });
    if (banned) this.byPeer.get(peerId)?.close('PENALISED');
  }

  close(): Promise<void> {
    this.closing ??= this.closeAll();
    return this.closing;
  }

  private async closeAll(): Promise<void> {
    for (const dialler of this.diallers) dialler.stop();
    const allClosed = new Promise<void>((resolve) => {
      this.noteAllClosed = resolve;
    });
    for (const connection of this.connections.keys()) connection.close('CLOSED');
    if (this.connections.size > 0) await allClosed;
    await this.listener?.close();
  }

  // What connections and diallers ask and tell.

  adopt(socket: WebSocket, tls: TLSSocket, dialler: Dialler, timeoutMs: number): Connection {
    const connection = new Connection(this, socket, tls, 'dialler', dialler.url, timeoutMs);
    this.connections.set(connection, dialler);
    return connection;
  }

  isConnected(peerId: PeerId): boolean {
    return this.byPeer.has(peerId);
  }

  unreachable(address: string, code: string): void {
    this.emit('report', { code, address });
  }

  admit(connection: Connection, identity: PeerIdentity): RefusalCode | undefined {
    const { peerId, nodeKey } = identity;
    const dialler = this.connections.get(connection);
    if (dialler?.expects(identity) === false) return 'WRONG_NODE';
    dialler?.learn(peerId);
    if (this.standings.isBanned(peerId, performance.now())) return 'BANNED';
    const present = this.byPeer.get(peerId);
    if (present === undefined && dialler === undefined && !this.hasSlot(nodeKey)) return 'NO_SLOT';
    if (present !== undefined) {
      // Both sides keep the connection that the lower key dialled; of two in one direction, the newer.
      const keptDirection = this.ownPeerId < peerId ? 'outbound' : 'inbound';
      if (present.direction !== connection.direction && connection.direction !== keptDirection) return 'DUPLICATE';
      present.close('DUPLICATE');
    }
    this.byPeer.set(peerId, connection);
    return undefined;
  }

  ready(connection: Connection): void {
    const { identity } = connection;
    if (identity === undefined) return;
    this.connections.get(connection)?.ready();
    this.emit('peer', this.infoOf(connection, identity));
  }

  envelope(connection: Connection, envelope: Envelope): void {
    const topic = this.topics.get(envelope.topic);
    if (topic === undefined) this.misbehaved(connection, 'UNKNOWN_TOPIC');
    else if (envelope.kind === envelopeKind.response || envelope.kind === envelopeKind.refusal) {
      this.onAnswer(connection, envelope);
    } else if (envelope.payload.length > topic.bytesMax) this.misbehaved(connection, 'MESSAGE_TOO_LARGE');
    else if (envelope.kind === envelopeKind.message) this.onMessage(connection, envelope, topic);
    else this.onRequest(connection, envelope);
  }

  misbehaved(connection: Connection, code: Misbehaviour): void {
    if (connection.identity !== undefined) this.penalise(connection.identity.peerId, penalties[code], code);
  }

  ended(connection: Connection, code: string): void {
    const { identity } = connection;
    if (identity !== undefined && this.byPeer.get(identity.peerId) === connection) {
      this.byPeer.delete(identity.peerId);
      this.emit('gone', this.infoOf(connection, identity), code);
      if (this.closing === undefined) for (const dialler of this.diallers) dialler.peerGone(identity.peerId);
    } else {
      this.emit('report', { code, address: connection.address });
    }
  }

  closed(connection: Connection): void {
    const dialler = this.connections.get(connection);
    this.connections.delete(connection);
    dialler?.closed();
    if (this.connections.size === 0) this.noteAllClosed?.();
  }

  // Envelopes.

  private onMessage(connection: Connection, { topic, payload }: Envelope, { relay }: TopicOptions): void {
    const peerId = connection.identity?.peerId;
    const listener = this.listeners.get(topic);
    if (peerId === undefined || listener === undefined) return;
    const key = relay ? SeenMessages.keyOf(topic, payload) : undefined;
    if (key !== undefined && !this.seen.note(key, peerId, performance.now())) return;
    connection.beginWork();
    const settle = (verdict: MessageVerdict | void) => {
      connection.endWork();
      const shownBy = key === undefined ? undefined : this.seen.settle(key);
      if (shownBy !== undefined && verdict === 'relay') this.spread(topic, payload, shownBy);
      if (key !== undefined && verdict === 'forget') this.seen.unsee(key);
    };
    const fail = () => {
      this.emit('report', { code: 'HANDLER_FAILED', peerId });
      settle(undefined);
    };
    try {
      const verdict = listener({ peerId, bytes: payload });
      if (verdict instanceof Promise) verdict.then(settle, fail);
      else settle(verdict);
    } catch {
      fail();
    }
  }

  private onRequest(connection: Connection, { topic, requestId, payload }: Envelope): void {
    const peerId = connection.identity?.peerId;
    const handler = this.handlers.get(topic);
    const refuse = (reason: RefusalReason) =>
      connection.send(encodeEnvelope({ topic, kind: envelopeKind.refusal, requestId, payload: utf8(reason) }));
    if (peerId === undefined) return;
    if (handler === undefined) return refuse('NOT_HANDLED');
    if (connection.requestsInWork >= this.limits.requestsInWorkMax) return refuse('BUSY');
    connection.requestsInWork++;
    // Within the promise, so that a handler which throws at once ends like one that rejects.
    new Promise<Uint8Array>((resolve) => resolve(handler({ peerId, bytes: payload })))
      .then((answer) => {
        if (answer.length + ENVELOPE_BYTES_MAX > this.limits.frameBytesMax) throw new RangeError('answer too large');
        connection.send(encodeEnvelope({ topic, kind: envelopeKind.response, requestId, payload: answer }));
      })
      .catch(() => {
        this.emit('report', { code: 'HANDLER_FAILED', peerId });
        refuse('FAILED');
      })
      .finally(() => {
        connection.requestsInWork--;
      });
  }

  private onAnswer(connection: Connection, { topic, kind, requestId, payload }: Envelope): void {
    const wrong =
      kind === envelopeKind.response
        ? connection.requests?.answer(requestId, topic, payload)
        : connection.requests?.refuse(requestId, topic, reasonOf(payload));
    if (wrong !== undefined) this.misbehaved(connection, wrong);
  }

  /** Sends a message to every peer but some; encoded once for all. */
  private spread(topic: string, payload: Uint8Array, except: ReadonlySet<PeerId>): number {
    const frame = encodeEnvelope({ topic, kind: envelopeKind.message, requestId: 0, payload });
    let count = 0;
    for (const [peerId, connection] of [...this.byPeer]) {
      if (except.has(peerId) || !connection.isReady) continue;
      connection.send(frame);
      if (connection.isReady) count++;
    }
    return count;
  }

  // Slots and the like.

  private hasHandshakeSlot(addressGroup: string): boolean {
    let count = 0;
    let fromAddress = 0;
    for (const [connection, dialler] of this.connections) {
      if (dialler !== undefined || connection.isReady) continue;
      count++;
      if (connection.addressGroup === addressGroup) fromAddress++;
    }
    return count < this.limits.handshakesMax && fromAddress < this.limits.handshakesPerAddressMax;
  }

  private hasSlot(nodeKey: Uint8Array): boolean {
    if (this.byPeer.size >= this.limits.peersMax) return false;
    if (this.options.isKnownKey(nodeKey)) return true;
    let unknown = 0;
    for (const connection of this.byPeer.values()) {
      const { identity, direction } = connection;
      if (direction === 'inbound' && identity !== undefined && !this.options.isKnownKey(identity.nodeKey)) unknown++;
    }
    return unknown < this.limits.unknownPeersMax;
  }

  private infoOf(connection: Connection, { peerId, nodeKey }: PeerIdentity): PeerInfo {
    const known = this.options.isKnownKey(nodeKey);
    const penalty = this.standings.penaltyOf(peerId, performance.now());
    return { peerId, nodeKey, direction: connection.direction, known, penalty };
  }

  private topicOf(topic: string): TopicOptions {
    const options = this.topics.get(topic);
    if (options === undefined) throw new NetworkError({ code: 'UNKNOWN_TOPIC', topic }, 'name a topic of the options');
    return options;
  }

  private checkPayload(topic: string, payload: Uint8Array): TopicOptions {
    const options = this.topicOf(topic);
    if (payload.length > options.bytesMax) {
      const info = { code: 'MESSAGE_TOO_LARGE', topic, bytes: payload.length, bytesMax: options.bytesMax } as const;
      throw new NetworkError(info, `expected at most ${options.bytesMax} bytes`);
    }
    return options;
  }

  private emit<Event extends keyof NetworkEvents>(event: Event, ...args: Parameters<NetworkEvents[Event]>): void {
    for (const listener of [...this.events[event]]) (listener as (...values: typeof args) => void)(...args);
  }
}

function topicTaken(topic: string): NetworkError {
  return new NetworkError({ code: 'TOPIC_TAKEN', topic }, 'one listener and one handler a topic');
}

function reasonOf(payload: Uint8Array): RefusalReason {
  const known = (text: string): RefusalReason => refusalReasons.find((reason) => reason === text) ?? 'FAILED';
  try {
    return payload.length > TOPIC_BYTES_MAX ? 'FAILED' : known(fromUtf8(payload));
  } catch {
    return 'FAILED';
  }
}

function validateOptions(options: NetworkOptions, limits: NetworkLimits): void {
  const refuse = (option: string, message: string): never => {
    throw new NetworkError({ code: 'BAD_OPTIONS', option }, message);
  };
  if (options.chainId.length !== 32) refuse('chainId', 'expected 32 bytes');
  for (const [name, { bytesMax }] of Object.entries(options.topics)) {
    const nameBytes = utf8(name).length;
    if (nameBytes === 0 || nameBytes > TOPIC_BYTES_MAX)
      refuse('topics', `expected names of 1 to ${TOPIC_BYTES_MAX} bytes`);
    if (bytesMax + ENVELOPE_BYTES_MAX > limits.frameBytesMax) refuse('topics', 'expected bytesMax to fit into a frame');
  }
  for (const { url, nodeKey } of options.peers) {
    if (!URL.canParse(url) || new URL(url).protocol !== 'wss:') refuse('peers', 'expected URLs like wss://host:port');
    if (nodeKey !== undefined && nodeKey.length !== 32) refuse('peers', 'expected node keys of 32 bytes');
  }
  for (const [name, value] of Object.entries(limits)) {
    if (!(Number.isFinite(value) && value > 0)) refuse(`limits.${name}`, 'expected a positive number');
  }
}
