export { ExchangeError, type ExchangeErrorCode, type ExchangeErrorInfo } from './errors.js';
export type { ExchangeDatabase } from './exchange-store.js';
export type { FinalizedHead, LedgerEvent, LedgerHead, LedgerPort, TransactionOutcome } from './ledger-port.js';
export { HALTED_MS_MAX, type LedgerView, VIEW_AGE_MS_MAX, type ViewStanding } from './ledger-view.js';
export { createNodeLedger } from './node-ledger.js';
export type { CellPair } from './pair-cache.js';
export { type BlockName, createProvenLedger, type ProvenLedgerOptions } from './proven-ledger.js';
export { createSecretBox, type SecretBox } from './secret-box.js';
