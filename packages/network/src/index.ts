export type {
  ListenOptions,
  MessageListener,
  MessageVerdict,
  Network,
  NetworkEvents,
  NetworkOptions,
  NetworkReport,
  PeerAddress,
  PeerId,
  PeerInfo,
  PeerMessage,
  RequestHandler,
  RequestOptions,
  TopicOptions,
} from './contract.js';
export { NetworkError, type NetworkErrorInfo } from './errors.js';
export { defaultLimits, type NetworkLimits } from './limits.js';
export { createNetwork } from './network.js';
