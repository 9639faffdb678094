export { WalletError, type WalletErrorInfo } from './errors.js';
export { type GatewayPort, locateGateway } from './gateway-locator.js';
export { branchOf, deriveWalletKeys, PURPOSE, type WalletKeys } from './keys.js';
export type { DirectorySource, WalletNode } from './ledger-view.js';
export { GAP_LIMIT, type RestoreProgress } from './restoring.js';
export type {
  CallOptions,
  Finalized,
  GrantStatus,
  GrantView,
  LongOptions,
  ReadingView,
  StudyStatus,
  StudyView,
  WalletProgress,
} from './views.js';
export { GRANT_MS_MAX } from './usable-study.js';
export { createWallet, openWallet, Wallet } from './wallet.js';
export type { WalletPorts } from './wallet-ports.js';
export { createMemoryStore, type WalletStore } from './wallet-store.js';
export { entropyOf, generateEntropy, looksLikeWords, seedOf, wordsOf } from './words.js';
