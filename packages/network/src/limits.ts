/** Bounds on what peers may cost. Spec: docs/spec/peer-protocol.md, section 5. */
export interface NetworkLimits {
  /** Largest frame, envelope included. */
  readonly frameBytesMax: number;
  /** Peers in all. */
  readonly peersMax: number;
  /** Peers whose node key `isKnownKey` does not know, among `peersMax`. */
  readonly unknownPeersMax: number;
  /** Inbound connections that have not finished the handshake. */
  readonly handshakesMax: number;
  /** The same from one address (IPv6: one /64), so that nobody takes all slots alone. */
  readonly handshakesPerAddressMax: number;
  /** TCP, TLS, HTTP upgrade and hello together. */
  readonly handshakeTimeoutMs: number;
  /** Received bytes: sustained rate a second, and burst. A peer above it is read more slowly. */
  readonly bytesPerSecond: number;
  readonly bytesBurst: number;
  /** Received frames: sustained rate a second, and burst. */
  readonly messagesPerSecond: number;
  readonly messagesBurst: number;
  /** Messages of one peer in handlers at once; above it the peer is read no further. */
  readonly messagesInWorkMax: number;
  /** Requests of one peer being answered at once; above it they are refused. */
  readonly requestsInWorkMax: number;
  /** Requests to one peer waiting for their answer. */
  readonly requestsPendingMax: number;
  /** Bytes waiting to be sent to one peer; above it the peer is dropped as slow. */
  readonly sendBufferBytesMax: number;
  /** Hashes of relayed messages remembered. */
  readonly seenMax: number;
  /** How long they are remembered; the same bytes count as new afterwards. */
  readonly seenForMs: number;
  /** Points at which a peer is disconnected. */
  readonly penaltyMax: number;
  readonly penaltyHalfLifeMs: number;
  /** How long a penalised key stays away: doubles from the first to the second value. */
  readonly banMinMs: number;
  readonly banMaxMs: number;
  /** Silence after which a ping is sent; after as long again without an answer the connection is dropped. */
  readonly pingIntervalMs: number;
  /** Wait before dialling again: doubles from the first to the second value, times a random factor in 0.5 to 1. */
  readonly reconnectMinMs: number;
  readonly reconnectMaxMs: number;
}

const MEBIBYTE = 1024 * 1024;

export const defaultLimits: NetworkLimits = {
  frameBytesMax: 4 * MEBIBYTE,
  peersMax: 160,
  unknownPeersMax: 8,
  handshakesMax: 32,
  handshakesPerAddressMax: 8,
  handshakeTimeoutMs: 5_000,
  bytesPerSecond: 16 * MEBIBYTE,
  bytesBurst: 32 * MEBIBYTE,
  messagesPerSecond: 4_000,
  messagesBurst: 8_000,
  messagesInWorkMax: 256,
  requestsInWorkMax: 16,
  requestsPendingMax: 64,
  sendBufferBytesMax: 32 * MEBIBYTE,
  seenMax: 65_536,
  seenForMs: 60_000,
  penaltyMax: 100,
  penaltyHalfLifeMs: 60_000,
  banMinMs: 10_000,
  banMaxMs: 600_000,
  pingIntervalMs: 15_000,
  reconnectMinMs: 250,
  reconnectMaxMs: 30_000,
};
