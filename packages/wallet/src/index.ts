export { WalletError, type WalletErrorInfo } from './errors.js';
export { type GatewayPort, locateGateway } from './gateway-locator.js';
export { branchOf, deriveWalletKeys, PURPOSE, type WalletKeys } from './keys.js';
export type { DirectorySource, WalletNode } from './ledger-view.js';
export { GAP_LIMIT, type RestoreProgress } from './restoring.js';
export {
  createWallet,
  type Finalized,
  GRANT_MS_MAX,
  type GrantStatus,
  type GrantView,
  type LongOptions,
  openWallet,
  type StudyStatus,
  type StudyView,
  Wallet,
  type WalletPorts,
  type WalletProgress,
} from './wallet.js';
export { createMemoryStore, type WalletStore } from './wallet-store.js';
export { entropyOf, generateEntropy, looksLikeWords, seedOf, wordsOf } from './words.js';
