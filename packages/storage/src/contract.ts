/** The public shapes of the ledger's store. Keys and values: docs/spec/storage.md. */
import type { Block, Header, StateReader, WriteSet } from '@radledger/chain';

/** One finalized block with all that follows from it: the unit of a commit. */
export interface FinalizedBlock {
  readonly block: Block;
  /** Effect of the block on the state of its parent; `stateRoot` equals the header's. */
  readonly writeSet: WriteSet;
  /** Opaque; the module's. Empty for the genesis block, and for a block that only a descendant's proof finalizes. */
  readonly finalityProof: Uint8Array;
  /** Encoded duty events of the views that this block closes, in their order; opaque here, the consensus package's. */
  readonly dutyEvents: readonly Uint8Array[];
  /** 32 bytes each, in block order. */
  readonly transactionIds: readonly Uint8Array[];
  /** Of a block that ends an epoch, and of genesis: the next epoch's cell with its proof under this block; opaque here, the ledger's. */
  readonly epochProof?: Uint8Array;
}

/** A block of the replay window, as an import writes it. */
export type ImportedBlock = Omit<FinalizedBlock, 'writeSet'>;

/** The end of an epoch that a new node knows of without its body. */
export interface ImportedBoundary {
  readonly id: Uint8Array;
  readonly header: Header;
  readonly finalityProof: Uint8Array;
  readonly epochProof: Uint8Array;
}

/**
 * An empty store on its way to the state after one block. What was written survives a restart; nothing of it is seen as state before
 * `finish`. Calls are made one after another.
 */
export interface StateImport {
  /** What the last `write` or `writeBlocks` gave; undefined at the beginning. */
  readonly progress: Uint8Array | undefined;
  /** Values of cells that were written. */
  getMany(names: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]>;
  /** Cells, each once, and how far the import is; durable together. @throws {StorageError} `WRITE_FAILED` | `CLOSED` */
  write(
    cells: readonly { readonly name: Uint8Array; readonly value: Uint8Array }[],
    progress: Uint8Array,
  ): Promise<void>;
  /** Root of the tree over all cells written so far, from this store's own hashes. */
  root(): Promise<Uint8Array>;
  /** Blocks of the replay window, in any order. */
  writeBlocks(blocks: readonly ImportedBlock[], progress: Uint8Array): Promise<void>;
  /** Forgets everything that was written. */
  discard(): Promise<void>;
  /**
   * Makes it the store's state: `tip` is its newest block, all blocks from `lowestHeight` to it were written.
   * @throws {StorageError} `STATE_ROOT_MISMATCH` when the cells are not exactly those of the tip
   */
  finish(input: {
    readonly tip: StoredTip;
    readonly lowestHeight: number;
    readonly boundaries: readonly ImportedBoundary[];
  }): Promise<void>;
}

export interface StoredTip {
  readonly height: number;
  readonly id: Uint8Array;
  readonly header: Header;
}

export interface HeightRange {
  /** First height, included. */
  readonly from: number;
  /** Most entries to give; 1 to 10 000. */
  readonly limit: number;
}

export interface StoredDuties {
  readonly height: number;
  readonly dutyEvents: readonly Uint8Array[];
}

/**
 * The state after one block, unmoved by later commits; of nodes, those that its tree has. While it is held, commits keep what they displace.
 */
export interface StateSnapshot extends StateReader {
  /** The block whose state it is; undefined: the empty state before genesis. */
  readonly tip: StoredTip | undefined;
  close(): Promise<void>;
}

/**
 * Everything finalized, and nothing else. As a `StateReader` it reads the state after `tip`, each call that of its own
 * moment: fine under overlays of the blocks being finalized, but several reads that must agree need a `snapshot`.
 * Reads that start after a commit has resolved see it; a commit is seen whole or not at all.
 */
export interface LedgerStore extends StateReader {
  readonly chainId: Uint8Array;
  /** Newest finalized block; undefined until the genesis block is committed. */
  readonly tip: StoredTip | undefined;
  /** All blocks from this height to the tip have their bodies; 0 unless the store was imported or pruned. */
  readonly lowestHeight: number;
  /**
   * Makes one block durable: one atomic batch, synced to the disk before this resolves. Commits are carried out in the
   * order of the calls. The first is the genesis block, height 0.
   * @throws {StorageError} `NOT_NEXT_BLOCK` | `BLOCK_MISMATCH` | `STATE_ROOT_MISMATCH` (nothing written) | `WRITE_FAILED` (unknown whether
   *   written: the store refuses everything after; close it and open it again) | `CLOSED`
   */
  commit(finalized: FinalizedBlock): Promise<void>;
  /** The state after one finalized block, the newest at that moment. @throws {StorageError} `CLOSED` */
  snapshot(): Promise<StateSnapshot>;
  header(height: number): Promise<Header | undefined>;
  /** Headers in ascending order; stops at the tip. */
  headers(range: HeightRange): Promise<readonly Header[]>;
  block(height: number): Promise<Block | undefined>;
  finalityProof(height: number): Promise<Uint8Array | undefined>;
  /** What was committed as `epochProof` with the block of that height. */
  epochProof(height: number): Promise<Uint8Array | undefined>;
  /** Height of a finalized block. */
  heightOf(blockId: Uint8Array): Promise<number | undefined>;
  /** Height of the block that holds a transaction; undefined also when the index was pruned past it. */
  transactionHeight(txId: Uint8Array): Promise<number | undefined>;
  /** Ids of the transactions of one block, in block order. */
  transactionIds(height: number): Promise<readonly Uint8Array[] | undefined>;
  /**
   * Whether a transaction is among the finalized ones of the 512 bodies before `height` (default: the tip's successor).
   * Answered from memory. A block above other unfinalized blocks needs their transactions looked at as well.
   */
  isRecentTransaction(txId: Uint8Array, height?: number): boolean;
  /** Id of a finalized block among the newest 512. Answered from memory. */
  recentBlockIdAt(height: number): Uint8Array | undefined;
  /** Heights that closed at least one view, ascending. */
  duties(range: HeightRange): Promise<readonly StoredDuties[]>;
  /**
   * Forgets which block holds a transaction, for blocks below `belowHeight`; bodies stay, and so do the last 512.
   * @returns how many entries went
   */
  pruneTransactionIndex(options: { readonly belowHeight: number }): Promise<number>;
  /**
   * Forgets bodies (with what is kept of their transactions) below one height, and finality proofs below another except those of every
   * `proofsEvery`-th height. Headers, duties and genesis stay, and so do the last 512 bodies and proofs, whatever is asked. Works off at most 256
   * heights of each a call.
   */
  prune(options: {
    readonly bodiesBelow: number;
    readonly proofsBelow: number;
    readonly proofsEvery: number;
  }): Promise<void>;
  /**
   * Begins, or goes on with, filling an empty store with a state from elsewhere. An unfinished one ends with the commit of genesis.
   * @throws {StorageError} `NOT_EMPTY` when the store has a tip
   */
  importState(): Promise<StateImport>;
  /**
   * Places of the state tree (8 lower-case hex digits of hashed names) whose cells changed after one height, up to another.
   * @param range.to - at most 10 000 above `after`
   * @returns undefined when that is no longer, or never was, kept
   */
  changedPlaces(range: { readonly after: number; readonly to: number }): Promise<ReadonlySet<string> | undefined>;
  /** Waits for commits under way and closes the database. Repeatable. */
  close(): Promise<void>;
}

/** A vote or proposal of this node, as the host hands it over before the signature leaves. Opaque here. */
export interface SignLog {
  /** Records of earlier runs, in order, as read at opening. */
  readonly records: readonly Uint8Array[];
  /** From `createSignLog`. */
  readonly header: SignLogHeader;
  /** Bytes of an unfinished last record that were set aside at opening; 0 when it ended cleanly. */
  readonly tornBytes: number;
  /** Appends one record; resolves after it is synced to the disk. Calls made together share one sync, order kept. */
  append(record: Uint8Array): Promise<void>;
  /**
   * Replaces all records by the given ones, in turn with the appends around it: how records go that no rule needs any
   * more (those of epochs that are over). A crash leaves either the old file or the new one. `records` stays what it was
   * at opening.
   */
  rewrite(records: readonly Uint8Array[]): Promise<void>;
  /** Waits for appends under way, gives the file free. Repeatable. */
  close(): Promise<void>;
}

export interface SignLogHeader {
  /** 32 bytes; the only key whose signatures this file records. */
  readonly nodeKey: Uint8Array;
  /** Unix ms. */
  readonly createdAtMs: number;
}
