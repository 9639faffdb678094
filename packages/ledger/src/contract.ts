/** The public shapes of a running ledger. */
import type { Block, BoundaryRecord, Checkpoint, Genesis, Header, StateReader } from '@radledger/chain';
import type { DutyEvent, HaltProof, SignedRecovery, VotingReason } from '@radledger/consensus';
import type { SignedTransaction } from '@radledger/transactions';
import type { LedgerEventListener } from './event-hub.js';

/** Why this node does not vote now: a reason of the consensus module, or one of the ledger's own. */
export type NotVotingReason = VotingReason | 'STORE_FAILED' | 'STOPPING';

export interface FinalizedStatus {
  readonly height: number;
  readonly id: Uint8Array;
  readonly timestampMs: number;
  readonly stateRoot: Uint8Array;
  /** View age (design D11): own clock now minus the moment of the newest verified finality proof; see docs/spec/node-api.md, section 2. */
  readonly proofAgeMs: number;
}

export interface LedgerStatus {
  readonly chainId: Uint8Array;
  readonly name: string;
  /** Consensus module id. */
  readonly module: string;
  readonly finalized: FinalizedStatus;
  /** The newest boundary: what others may start from. */
  readonly checkpoint: Checkpoint;
  /** All blocks from here on are there with their bodies; 0 unless this node pruned, or joined by snapshot. */
  readonly lowestHeight: number;
  readonly peers: number;
  readonly pendingTransactions: number;
  /** The key that this node votes with in the open epoch, if it votes; undefined for a node that only follows. */
  readonly nodeKey: Uint8Array | undefined;
  /** The key of its random proofs in the open epoch, likewise. */
  readonly vrfKey: Uint8Array | undefined;
  readonly voting: { readonly allowed: true } | { readonly allowed: false; readonly reason: NotVotingReason };
  /** Proof that voters of more than half of the weight stand still at this node's height. */
  readonly halted: HaltProof | undefined;
  /** What the consensus module counts since the start, by name. */
  readonly figures?: Readonly<Record<string, number>>;
  readonly nowMs: number;
}

export type TransactionStatus =
  | { readonly status: 'unknown' }
  | { readonly status: 'seen' }
  | { readonly status: 'finalized'; readonly height: number }
  | { readonly status: 'refused'; readonly rule: string; readonly message: string };

/** The newest finalized state, as a snapshot for one reader. */
export interface FinalizedView {
  readonly height: number;
  readonly id: Uint8Array;
  readonly header: Header;
  readonly state: StateReader;
  /** The module's finality proof of `header`; undefined at height 0, which genesis itself proves. */
  readonly finality: Uint8Array | undefined;
}

export interface HeaderEntry {
  readonly id: Uint8Array;
  readonly header: Header;
  readonly finality: Uint8Array | undefined;
  /** In block order. */
  readonly transactionIds: readonly Uint8Array[];
}

export interface Range {
  /** First height, included. */
  readonly from: number;
  /** Most entries, at least 1. */
  readonly limit: number;
}

/** A running node. Everything it answers is finalized unless it says otherwise. */
export interface Ledger {
  readonly chainId: Uint8Array;
  readonly genesis: Genesis;
  /** Recoveries that this node was told to follow, ascending by height. */
  readonly recoveries: readonly SignedRecovery[];
  status(): LedgerStatus;
  /**
   * Admits signed transaction bytes and sends them to peers. Resolves again for bytes that wait or are finalized already.
   * @returns the transaction's id
   * @throws {LedgerError} `TRANSACTION_REFUSED` | `MEMPOOL_FULL` | `MEMPOOL_CELL_FULL` | `BUSY` | `CLOSED` | `STORE_FAILED`
   */
  submit(bytes: Uint8Array): Promise<Uint8Array>;
  transactionStatus(txId: Uint8Array): Promise<TransactionStatus>;
  /** Admitted and not finalized yet, in order of arrival. */
  pending(): readonly SignedTransaction[];
  /** Runs a reader on one finalized state, which stays what it is meanwhile. @throws {LedgerError} `CLOSED` | `STORE_FAILED` */
  read<T>(reader: (view: FinalizedView) => Promise<T>): Promise<T>;
  /** Finalized headers in ascending order, from height 0. */
  headers(range: Range): Promise<readonly HeaderEntry[]>;
  /** A finalized block; undefined above the newest, and below `lowestHeight` except for genesis. */
  block(height: number): Promise<(HeaderEntry & { readonly block: Block }) | undefined>;
  /**
   * Ends of epochs, ascending from that of `fromEpoch` - 1 (0: genesis), each with the proof of who votes next; at most 2 MiB, so fewer
   * than `limit` is no end: ask on.
   */
  boundaries(range: { readonly fromEpoch: number; readonly limit: number }): Promise<readonly BoundaryRecord[]>;
  /**
   * Places of the state tree (8 hex digits of hashed names) whose cells changed after one height, up to another.
   * @returns undefined when this node does not know: too long ago, pruned, or before it joined
   */
  changedPlaces(range: { readonly after: number; readonly to: number }): Promise<ReadonlySet<string> | undefined>;
  /** What finalized blocks say about the leaders of views, ascending by height; `limit` counts heights. */
  duties(range: Range): Promise<readonly DutyEvent[]>;
  /** Listens from now on; the result stops listening. */
  subscribe(listener: LedgerEventListener): () => void;
  /** Stops voting, ends connections, and resolves when everything is written and released. Repeatable. */
  close(): Promise<void>;
}
