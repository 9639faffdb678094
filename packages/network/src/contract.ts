/** The public shapes of a peer network. Bytes and rules: docs/spec/peer-protocol.md. */
import type { Signer } from '@radledger/primitives';
import type { NetworkLimits } from './limits.js';

/** A peer's node key as 64 lower-case hexadecimal digits. */
export type PeerId = string;

/** What a node expects of one topic. Both ends register the same topics; a message on an unknown topic costs score. */
export interface TopicOptions {
  /**
   * `true`: equal bytes are delivered once, whoever sends them, and go on to other peers when the subscriber says so.
   * `false`: each message is delivered, and never forwarded.
   */
  readonly relay: boolean;
  /** Largest payload of a message or request, in bytes. At most `frameBytesMax` less the envelope (64 bytes). */
  readonly bytesMax: number;
}

export interface ListenOptions {
  readonly host: string;
  /** 0 lets the system choose; read it back from `Network.address`. */
  readonly port: number;
  /** PEM. Self-signed is fine: peers know each other by node key, never by certificate. */
  readonly tls: { readonly key: string; readonly cert: string };
}

export interface PeerAddress {
  /** `wss://host:port` */
  readonly url: string;
  /** 32 bytes; when given, another node at that address is refused. */
  readonly nodeKey?: Uint8Array;
}

export interface NetworkOptions {
  /** 32 bytes; peers of another chain are refused. */
  readonly chainId: Uint8Array;
  readonly nodeSigner: Signer;
  /** Left out: the node only dials. */
  readonly listen?: ListenOptions;
  /** Addresses to stay connected with. */
  readonly peers: readonly PeerAddress[];
  readonly topics: Readonly<Record<string, TopicOptions>>;
  /** Keys that are not known share `unknownPeersMax` slots. Asked at each handshake, so the answer may change. */
  readonly isKnownKey: (nodeKey: Uint8Array) => boolean;
  readonly limits?: Partial<NetworkLimits>;
}

export interface PeerInfo {
  readonly peerId: PeerId;
  readonly nodeKey: Uint8Array;
  /** Who opened the connection. */
  readonly direction: 'inbound' | 'outbound';
  readonly known: boolean;
  /** Penalty points, decayed to now. */
  readonly penalty: number;
}

export interface PeerMessage {
  readonly peerId: PeerId;
  readonly bytes: Uint8Array;
}

/**
 * Answer of a subscriber. `relay` sends the bytes on to the peers that have not shown them yet; `forget` delivers equal bytes
 * again when they come again: they were not judged.
 */
export type MessageVerdict = 'relay' | 'forget' | undefined;
/**
 * May return a promise; a peer whose handlers lag is read no further until they settle, so never await a request to the
 * same peer in here. What it throws is reported as `HANDLER_FAILED` and costs the sender nothing.
 */
export type MessageListener = (message: PeerMessage) => MessageVerdict | void | Promise<MessageVerdict | void>;
/** Answers one request. A throw answers with a refusal that carries no text. */
export type RequestHandler = (request: PeerMessage) => Uint8Array | Promise<Uint8Array>;

export interface RequestOptions {
  readonly timeoutMs: number;
  /** A longer response ends in `RESPONSE_TOO_LARGE` and costs the peer score. */
  readonly responseBytesMax: number;
  readonly signal?: AbortSignal;
}

/** Something that an operator may want in the log. Holds no payload. */
export interface NetworkReport {
  readonly code: string;
  readonly peerId?: PeerId;
  /** Address that was dialled, or that dialled. */
  readonly address?: string;
}

export interface NetworkEvents {
  /** A peer passed the handshake. A peer that reconnects is announced again, after its `gone`. */
  peer: (peer: PeerInfo) => void;
  gone: (peer: PeerInfo, code: string) => void;
  report: (report: NetworkReport) => void;
}

export interface Network {
  readonly nodeKey: Uint8Array;
  /** Where it listens. */
  readonly address: { readonly host: string; readonly port: number } | undefined;
  /** Connected peers, in the order of their ids. */
  peers(): readonly PeerInfo[];
  /** Listens to an event; the result stops listening. */
  on<Event extends keyof NetworkEvents>(event: Event, listener: NetworkEvents[Event]): () => void;
  /** Receives the messages of a topic: one subscriber a topic. @throws {NetworkError} `UNKNOWN_TOPIC` | `TOPIC_TAKEN` */
  subscribe(topic: string, listener: MessageListener): void;
  /** Answers the requests of a topic: one handler a topic. @throws {NetworkError} `UNKNOWN_TOPIC` | `TOPIC_TAKEN` */
  handle(topic: string, handler: RequestHandler): void;
  /**
   * Sends to each connected peer (on a `relay` topic: to each that has not shown these bytes).
   * @returns how many peers it was queued for
   * @throws {NetworkError} `UNKNOWN_TOPIC` | `MESSAGE_TOO_LARGE`
   */
  broadcast(topic: string, bytes: Uint8Array): number;
  /** @returns false when that peer is not connected. @throws {NetworkError} `UNKNOWN_TOPIC` | `MESSAGE_TOO_LARGE` */
  send(peerId: PeerId, topic: string, bytes: Uint8Array): boolean;
  /**
   * Asks one peer.
   * @throws {NetworkError} `NOT_CONNECTED` | `REQUEST_TIMEOUT` | `REQUEST_REFUSED` | `RESPONSE_TOO_LARGE` |
   *   `REQUEST_ABORTED` | `PEER_GONE` | `TOO_MANY_REQUESTS` | `UNKNOWN_TOPIC` | `MESSAGE_TOO_LARGE`
   */
  request(peerId: PeerId, topic: string, bytes: Uint8Array, options: RequestOptions): Promise<Uint8Array>;
  /**
   * Adds penalty points to a peer; at `penaltyMax` it is disconnected and kept away for a while. Points halve every
   * `penaltyHalfLifeMs`. `code` names the rule that was broken, for the report.
   */
  penalise(peerId: PeerId, points: number, code: string): void;
  /** Ends every connection, timer and pending request. Resolves when nothing is left; repeatable. */
  close(): Promise<void>;
}
