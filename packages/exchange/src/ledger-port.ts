/** What the exchange reads from and sends to the ledger, in decoded form. The adapters over a node: ./node-ledger.ts, ./proven-ledger.ts. */
import type { GrantCell, SourceCell, StudyCell } from '@radledger/chain';

/** Newest finalized state a node tells of. */
export interface FinalizedHead {
  readonly height: number;
  /** Timestamp of that block. */
  readonly timestampMs: number;
}

export interface LedgerHead extends FinalizedHead {
  readonly chainId: Uint8Array;
  readonly blockId: Uint8Array;
  /** Time since the node verified its newest finality proof. */
  readonly proofAgeMs: number;
  /** Whether the node holds proof, signed by more than half of the stake, that the network stands still at this height. */
  readonly halted: boolean;
}

/** What happens on the ledger, as the operator's own node tells it. */
export type LedgerEvent =
  | ({ readonly kind: 'finalized' } & FinalizedHead)
  /** A transaction that the node admitted: signed bytes. Not finalized, maybe never. */
  | { readonly kind: 'seen'; readonly transaction: Uint8Array }
  /** The node's sign of life: how old its newest finality proof is. */
  | { readonly kind: 'heartbeat'; readonly height: number; readonly proofAgeMs: number; readonly halted: boolean };

export type TransactionOutcome =
  | { readonly status: 'unknown' | 'seen' }
  | { readonly status: 'finalized'; readonly height: number }
  | { readonly status: 'refused'; readonly code: string };

/**
 * Swap-in point: the ledger as seen from a gateway. All reads are of finalized state, each checked against the state
 * root of a header; `undefined` is a proven absence, never a failure. A node that does not answer is an error
 * (`NODE_UNREACHABLE`), so is a proof that does not hold (`SOURCE_UNPROVEN`).
 */
export interface LedgerPort {
  head(): Promise<LedgerHead>;
  /** @throws {ExchangeError} `TRANSACTION_REFUSED` with the rule it breaks | `NODE_UNREACHABLE` */
  submit(transaction: Uint8Array): Promise<void>;
  outcome(txId: Uint8Array): Promise<TransactionOutcome>;
  study(source: Uint8Array, studyId: Uint8Array): Promise<StudyCell | undefined>;
  grant(source: Uint8Array, studyId: Uint8Array, tag: Uint8Array): Promise<GrantCell | undefined>;
  source(id: Uint8Array): Promise<SourceCell | undefined>;
  /** Signed bytes of the transactions in a finalized block; undefined for one so long ago that nothing proves it any more. */
  transactionsAt(height: number): Promise<readonly Uint8Array[] | undefined>;
  /** Everything from `fromHeight` on, with reconnection; ends when `signal` aborts. */
  events(options: { readonly fromHeight: number; readonly signal: AbortSignal }): AsyncIterable<LedgerEvent>;
}
