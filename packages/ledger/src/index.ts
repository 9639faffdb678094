export type {
  FinalizedStatus,
  FinalizedView,
  HeaderEntry,
  Ledger,
  LedgerStatus,
  NotVotingReason,
  Range,
  TransactionStatus,
} from './contract.js';
export { LedgerError, type LedgerErrorInfo, type RefusalStage } from './errors.js';
export type { LedgerEvent, LedgerEventListener } from './event-hub.js';
export { joinBySnapshot, type Joined, type JoinOptions } from './join/join-by-snapshot.js';
export type { LedgerLogger } from './logger.js';
export { defaultMempoolLimits, type Lane, type LaneLimits, type MempoolLimits } from './mempool.js';
export { openLedger } from './open-ledger.js';
export type { Keeping, LedgerIdentity, LedgerOptions, NetworkFactory, NetworkRequirements } from './options.js';
