/** What executing and building blocks is given, and what comes of it. Spec: docs/spec/blocks.md, section 4. */
import type { SignedTransaction } from '@radledger/transactions';
import type { Block, Body } from './body.js';
import type { DutyEvent } from './duty-event.js';
import type { BlockRefusalCode, TransactionRefusalCode } from './errors.js';
import type { Header } from './header.js';
import type { ChainRules } from './rules.js';
import type { StateReader, WriteSet } from './state-reader.js';

/**
 * What a transaction may depend on besides cells: the newest `expiryHeightsMax` (512) ancestors of the block that is
 * executed, unfinalized ones included, its parent first.
 */
export interface RecentBlocks {
  /** Whether the transaction stands in one of these bodies. */
  isRecentTransaction(txId: Uint8Array): boolean;
  /** Id of the ancestor at that height when it is one of these blocks; undefined otherwise. */
  blockIdAt(height: number): Uint8Array | undefined;
}

/**
 * Lets other work run: awaited after every few milliseconds of synchronous work. A node gives one that resolves through
 * its event loop (`setImmediate`); a simulation in virtual time gives none.
 */
export type Pause = () => Promise<void>;

/** The pause of who needs none. */
export const noPause: Pause = () => Promise.resolve();

export interface ExecutionContext {
  readonly chainId: Uint8Array;
  readonly parent: Header;
  /** The state after `parent`. */
  readonly state: StateReader;
  readonly rules: ChainRules;
  readonly recent: RecentBlocks;
  /** Default: none. */
  readonly pause?: Pause;
}

export interface ExecuteBlockInput extends ExecutionContext {
  readonly block: Pick<Block, 'header' | 'body'>;
  /**
   * The body's transactions when they have been decoded already (to verify their signatures): used where its `bytes` is
   * the very array in the body, decoded again otherwise.
   */
  readonly decoded?: readonly SignedTransaction[];
}

/** A verdict, never an exception: what peers send can be wrong in any way. */
export type ExecutionResult =
  | {
      readonly status: 'valid';
      readonly writeSet: WriteSet;
      readonly transactions: readonly SignedTransaction[];
      /** What the block shows of leaders. */
      readonly duties: readonly DutyEvent[];
    }
  | {
      readonly status: 'invalid';
      readonly code: BlockRefusalCode;
      readonly message: string;
      /** Where the offending transaction stands, if it is one. */
      readonly transactionIndex?: number;
    };

/** A candidate that was left out, and why. */
export interface LeftOut {
  readonly transaction: SignedTransaction;
  /** `NO_ROOM`: the block holds as many bytes, or reports of misconduct, as one may. */
  readonly code: TransactionRefusalCode | 'NO_ROOM';
  readonly message: string;
  /** True when it can never stand in a later block of this chain. */
  readonly permanent: boolean;
}

export interface SelectTransactionsInput extends ExecutionContext {
  /** In order of preference: the first get the room. Signatures verified. */
  readonly candidates: readonly SignedTransaction[];
  readonly timestampMs: number;
  /** Room for transactions in the encoded body, in bytes; default: what `blockBytesMax` and the justification leave. */
  readonly transactionBytesMax?: number;
  /** Length of the justification that shares the body; default 0. */
  readonly justificationBytes?: number;
}

export interface SelectionResult {
  /** In block order; they apply one after another. */
  readonly selected: readonly SignedTransaction[];
  readonly left: readonly LeftOut[];
}

export interface BuildBlockInput extends SelectTransactionsInput {
  readonly proposer: Uint8Array;
  readonly seal: { readonly kind: number; readonly bytes: Uint8Array };
  readonly justification: Body['justification'];
}

export interface BuildBlockResult extends SelectionResult {
  readonly block: Block;
  readonly writeSet: WriteSet;
  readonly duties: readonly DutyEvent[];
}

export interface CheckTransactionInput {
  readonly chainId: Uint8Array;
  readonly state: StateReader;
  readonly recent: RecentBlocks;
  /** Height and timestamp of the next block, as far as they are known. */
  readonly height: number;
  readonly timestampMs: number;
  readonly rules: Pick<ChainRules, 'evidence'>;
}

/** Whether a transaction could stand in the next block. Signatures are the caller's (`signatureClaims`). */
export type CheckResult =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly code: TransactionRefusalCode;
      readonly message: string;
      readonly permanent: boolean;
    };
