import { CodedError } from '@radledger/primitives';

export type NetworkErrorInfo =
  | { readonly code: 'BAD_OPTIONS'; readonly option: string }
  | { readonly code: 'LISTEN_FAILED'; readonly host: string; readonly port: number; readonly systemCode: string }
  | { readonly code: 'UNKNOWN_TOPIC'; readonly topic: string }
  | { readonly code: 'TOPIC_TAKEN'; readonly topic: string }
  | { readonly code: 'MESSAGE_TOO_LARGE'; readonly topic: string; readonly bytes: number; readonly bytesMax: number }
  | { readonly code: 'NOT_CONNECTED'; readonly peerId: string }
  | { readonly code: 'REQUEST_TIMEOUT'; readonly peerId: string; readonly topic: string; readonly timeoutMs: number }
  | { readonly code: 'REQUEST_REFUSED'; readonly peerId: string; readonly topic: string; readonly reason: string }
  | { readonly code: 'REQUEST_ABORTED'; readonly peerId: string; readonly topic: string }
  | { readonly code: 'RESPONSE_TOO_LARGE'; readonly peerId: string; readonly topic: string; readonly bytesMax: number }
  | { readonly code: 'TOO_MANY_REQUESTS'; readonly peerId: string; readonly requestsMax: number }
  | { readonly code: 'PEER_GONE'; readonly peerId: string }
  | { readonly code: 'CLOSED' };

/** Thrown by calls on a network. What a peer does wrong is never thrown: it costs that peer score and is reported. */
export class NetworkError extends CodedError<NetworkErrorInfo> {
  override readonly name = 'NetworkError';
}
