export { WalletError, type WalletErrorInfo } from './errors.js';
export { type GatewayPort, locateGateway } from './gateway-locator.js';
export { branchOf, deriveWalletKeys, GAP_LIMIT, PURPOSE, type WalletKeys } from './keys.js';
export {
  type ConsentReceipt,
  consentReceiptHash,
  createConsentReceipt,
  readConsentReceipt,
} from './consent-receipt.js';
export type { AllowInput } from './granting.js';
export type { Contact } from './contacts.js';
export type { DirectorySource, WalletNode } from './ledger-view.js';
export type { RequestOrigin } from './request-origin.js';
export type { SeenReadings } from './news.js';
export { GRANT_SPREAD_MS } from './outbox.js';
export type { OpenMailbox, PlainOrder, SourceStanding } from './ordering.js';
export type { Overview, StudyOverview } from './overview.js';
export type { StudyReader } from './reading.js';
export { roleAnswerWords } from './role-exchange.js';
export type { RestoreProgress } from './restoring.js';
export type {
  CallOptions,
  Finalized,
  GrantStatus,
  GrantView,
  LongOptions,
  NewDevice,
  PendingView,
  ReadingView,
  StudyStatus,
  StudyView,
  WalletProgress,
} from './views.js';
export { endOfDay, GRANT_MS_MAX } from './usable-study.js';
export { createWallet, openWallet, Wallet } from './wallet.js';
export type { WalletPorts } from './wallet-ports.js';
export { createMemoryStore, type WalletStore } from './wallet-store.js';
export { entropyOf, generateEntropy, looksLikeWords, seedOf, wordsOf } from './words.js';
export { wordsOfHelperCards } from './vault/helper-cards.js';
export type { HelperCards } from './vault/kept-cards.js';
export type { OpenVault, Profile } from './vault/open-vault.js';
export type { PasskeyPort, PasskeySecret } from './vault/passkeys.js';
export { type CarriedProfile, createPhoneOffer, type PhoneOffer, readPhoneOffer } from './vault/phone-transfer.js';
export { createBrowserVault, createVault, type Vault, type VaultPorts } from './vault/vault.js';
export type { VaultLock } from './vault/vault-lock.js';
export { createMemoryVaultStorage, type VaultRecord, type VaultStorage } from './vault/vault-storage.js';
export { wrappersInBrowser } from './vault/wrapper-kinds.js';
export type { WrapperKind } from './vault/wraps.js';
