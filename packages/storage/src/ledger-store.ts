/** The ledger's store over any abstract-level database. Spec: docs/spec/storage.md. */
import {
  type Block,
  blockIdOf,
  decodeBody,
  decodeHeader,
  encodeBody,
  encodeHeader,
  type Header,
} from '@radledger/chain';
import { bytes, concatBytes, decodeWith, encodeWith, equalBytes, fromHex, list } from '@radledger/primitives';
import { type AnyLevel, type BatchOperation, ByteDatabase, storageErrorOf } from './byte-database.js';
import { decodePlaces, encodePlaces } from './changed-places.js';
import type {
  FinalizedBlock,
  HeightRange,
  ImportedBlock,
  LedgerStore,
  StateImport,
  StateSnapshot,
  StoredDuties,
  StoredTip,
} from './contract.js';
import { StorageError } from './errors.js';
import { HeldStates } from './held-states.js';
import {
  decodeHeight,
  type DisplacedKind,
  encodeHeight,
  heightKey,
  heightOfKey,
  heightRange,
  idKey,
  LOWEST_KEY,
  META_KEY,
  prefixRange,
} from './keys.js';
import { RecentBlocks } from './recent-blocks.js';
import { corruptDatabase, encodeMeta } from './store-meta.js';
import { type Inspected, inspectDatabase } from './inspection.js';
import { createStateImport, discardImport, readImport } from './state-import.js';

/** Bodies that a transaction id must not be repeated from, and so how far back the newest ids are kept in memory. */
const RECENT_BLOCKS = 512;
const RANGE_LIMIT_MAX = 10_000;
/** Heights that one pruning works off, so that a commit behind it waits a moment only. */
const PRUNED_AT_ONCE = 256;
const DUTY_BYTES_MAX = 64 * 1024;
const DUTIES_BYTES_MAX = 64 * 1024 * 1024;
const dutiesSchema = list(bytes({ max: DUTY_BYTES_MAX }), { max: 1_000_000 });

export interface StoreOptions {
  /** 32 bytes; a database of another chain is refused. */
  readonly chainId: Uint8Array;
}

/**
 * Opens the store and checks that it is whole, as far as that is cheap: format, chain, the links of the newest 8,192
 * blocks, and that the tree of the state hashes to the root in the tip's header. An empty database becomes a new store.
 * The store takes the database over: it is closed with it, also when it is refused.
 * @throws {StorageError} `DATABASE_LOCKED` | `DATABASE_CORRUPT` | `DATABASE_UNREADABLE` | `FOREIGN_DATABASE` |
 *   `FOREIGN_CHAIN` | `NEWER_FORMAT` | `UNSUITABLE_DATABASE`; nothing is changed
 */
export async function openStore(database: AnyLevel, options: StoreOptions): Promise<LedgerStore> {
  const { chainId } = options;
  if (chainId.length !== 32) throw new StorageError({ code: 'OUT_OF_RANGE', what: 'chainId' }, 'expected 32 bytes');
  const byteDatabase = new ByteDatabase(database);
  try {
    await byteDatabase.open();
    const recent = new RecentBlocks(RECENT_BLOCKS);
    const inspected = await inspectDatabase({ database: byteDatabase, chainId, recentBlocks: RECENT_BLOCKS, recent });
    return new LevelStore(byteDatabase, chainId.slice(), recent, inspected);
  } catch (error) {
    await database.close().catch(() => undefined);
    throw storageErrorOf(error);
  }
}

class LevelStore implements LedgerStore {
  private readonly states: HeldStates;
  private queue: Promise<void> = Promise.resolve();
  private failedAt: number | undefined;
  private closing: Promise<void> | undefined;
  private storedTip: StoredTip | undefined;
  private lowest: number;
  /** Proofs below were looked at by pruning, since this process started. */
  private proofsFrom = 1;
  /** Whether the database holds an import that is not finished. */
  private importing: boolean;

  constructor(
    private readonly database: ByteDatabase,
    readonly chainId: Uint8Array,
    private recent: RecentBlocks,
    { tip, lowestHeight, isImporting }: Inspected,
  ) {
    this.storedTip = tip;
    this.lowest = lowestHeight;
    this.importing = isImporting;
    this.states = new HeldStates(database);
    this.forgetDisplaced({ below: labelOf(tip) });
  }

  get tip(): StoredTip | undefined {
    return this.storedTip;
  }

  get lowestHeight(): number {
    return this.lowest;
  }

  // The state.

  getMany(names: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    return readCells(this.database, names);
  }

  scan(prefix: Uint8Array): Promise<readonly [Uint8Array, Uint8Array][]> {
    return scanCells(this.database, prefix);
  }

  getNodes(paths: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    return readNodes(this.database, paths);
  }

  snapshot(): Promise<StateSnapshot> {
    return this.enqueue(() => {
      const tip = this.storedTip;
      const label = labelOf(tip);
      const { states } = this;
      states.hold(label);
      let isOpen = true;
      return Promise.resolve({
        tip,
        getMany: (names) => states.getMany(label, 'cell', names),
        scan: (prefix) => states.scan(label, prefix),
        getNodes: (paths) => states.getMany(label, 'node', paths),
        close: () => {
          if (isOpen) for (const gone of states.release(label)) this.forgetDisplaced({ label: gone });
          isOpen = false;
          return Promise.resolve();
        },
      });
    });
  }

  // Blocks.

  async header(height: number): Promise<Header | undefined> {
    const encoded = await this.readAt('header', height);
    return encoded === undefined ? undefined : decodeStored('header', () => decodeHeader(encoded));
  }

  async headers(range: HeightRange): Promise<readonly Header[]> {
    const entries = await this.database.range({ ...this.rangeOf('header', range), limit: range.limit });
    return entries.map(([, encoded]) => decodeStored('header', () => decodeHeader(encoded)));
  }

  async block(height: number): Promise<Block | undefined> {
    if (!isHeight(height)) return undefined;
    const [header, body] = await this.database.getMany([heightKey('header', height), heightKey('body', height)]);
    if (header === undefined || body === undefined) return undefined;
    return decodeStored('block', () => ({
      header: decodeHeader(header),
      body: decodeBody(body, { bytesMax: body.length }),
      id: blockIdOf(header),
    }));
  }

  finalityProof(height: number): Promise<Uint8Array | undefined> {
    return this.readAt('finalityProof', height);
  }

  epochProof(height: number): Promise<Uint8Array | undefined> {
    return this.readAt('epochProof', height);
  }

  async heightOf(blockId: Uint8Array): Promise<number | undefined> {
    const encoded = await this.database.get(idKey('heightOfBlock', blockId));
    return encoded === undefined ? undefined : decodeHeight(encoded);
  }

  async transactionHeight(txId: Uint8Array): Promise<number | undefined> {
    const encoded = await this.database.get(idKey('heightOfTransaction', txId));
    return encoded === undefined ? undefined : decodeHeight(encoded);
  }

  async transactionIds(height: number): Promise<readonly Uint8Array[] | undefined> {
    const joined = await this.readAt('transactionIds', height);
    return joined === undefined ? undefined : splitIds(joined);
  }

  isRecentTransaction(txId: Uint8Array, height = (this.tip?.height ?? -1) + 1): boolean {
    return this.recent.has(txId, height);
  }

  recentBlockIdAt(height: number): Uint8Array | undefined {
    return this.recent.idAt(height);
  }

  async duties(range: HeightRange): Promise<readonly StoredDuties[]> {
    const entries = await this.database.range({ ...this.rangeOf('duties', range), limit: range.limit });
    return entries.map(([key, encoded]) => ({
      height: heightOfKey(key),
      dutyEvents: decodeStored('duties', () => decodeWith(dutiesSchema, encoded, { bytesMax: DUTIES_BYTES_MAX })),
    }));
  }

  async changedPlaces({ after, to }: { readonly after: number; readonly to: number }) {
    if (!isHeight(after) || to < after || to - after > RANGE_LIMIT_MAX) return undefined;
    const entries = await this.database.range(heightRange('changes', after + 1, to));
    if (entries.length !== to - after) return undefined;
    return new Set(entries.flatMap(([, encoded]) => decodePlaces(encoded)));
  }

  // Changes.

  commit(finalized: FinalizedBlock): Promise<void> {
    return this.enqueue(() => this.write(finalized));
  }

  pruneTransactionIndex({ belowHeight }: { readonly belowHeight: number }): Promise<number> {
    return this.enqueue(() => this.pruneIndex(belowHeight));
  }

  prune(options: Parameters<LedgerStore['prune']>[0]): Promise<void> {
    return this.enqueue(async () => {
      const end = (this.storedTip?.height ?? 0) - RECENT_BLOCKS + 1;
      await this.pruneBodies(Math.min(options.bodiesBelow, end));
      await this.pruneProofs(Math.min(options.proofsBelow, end), options.proofsEvery);
    });
  }

  async importState(): Promise<StateImport> {
    if (this.storedTip) throw new StorageError({ code: 'NOT_EMPTY' }, 'expected a store without a block');
    const { database, chainId } = this;
    const found = await readImport(database, chainId);
    this.importing = true;
    if (found && !found.progress) await discardImport(database, chainId);
    return createStateImport({
      database,
      chainId,
      progress: found?.progress,
      entriesOf: (block) => blockEntries(block, encodeHeader(block.block.header), encodeBody(block.block.body)),
      finished: async () => {
        this.recent = new RecentBlocks(RECENT_BLOCKS);
        const input = { database, chainId, recentBlocks: RECENT_BLOCKS, recent: this.recent };
        const { tip, lowestHeight } = await inspectDatabase(input);
        this.storedTip = tip;
        this.lowest = lowestHeight;
        this.importing = false;
      },
    });
  }

  close(): Promise<void> {
    this.closing ??= this.queue.then(() => this.database.close());
    return this.closing;
  }

  /** Page by page, so that commits go between; what a crash or an early end leaves is forgotten after the next start. */
  private forgetDisplaced(which: { readonly label: number } | { readonly below: number }): void {
    if (this.closing !== undefined) return;
    this.enqueue(() => this.states.forget(which)).then(
      (mayHaveMore) => mayHaveMore && this.forgetDisplaced(which),
      () => undefined,
    );
  }

  /** Runs a change after those before it, whatever became of them. */
  private enqueue<T>(change: () => Promise<T>): Promise<T> {
    if (this.closing !== undefined) return Promise.reject(closedError());
    const result = this.queue.then(change);
    this.queue = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  }

  private async write(finalized: FinalizedBlock): Promise<void> {
    const { header, body, id } = finalized.block;
    const { height } = header;
    if (this.failedAt !== undefined) throw writeFailed(this.failedAt);
    const encodedHeader = encodeHeader(header);
    const encodedBody = encodeBody(body);
    this.validateNext(finalized, encodedHeader, encodedBody);
    if (this.importing) {
      await discardImport(this.database, this.chainId);
      this.importing = false;
    }
    const { cells, nodes } = finalized.writeSet;
    const operations = [
      ...(await this.states.displacing([...entriesOf('cell', cells), ...entriesOf('node', nodes)])),
      ...blockEntries(finalized, encodedHeader, encodedBody),
      put(heightKey('changes', height), encodePlaces(finalized.writeSet)),
      put(META_KEY, encodeMeta({ chainId: this.chainId, tipHeight: height, tipId: id })),
    ];
    for (const [kind, entries] of [
      ['cell', cells],
      ['node', nodes],
    ] as const) {
      for (const [hex, value] of entries) {
        const key = idKey(kind, fromHex(hex));
        operations.push(value === undefined ? { type: 'del', key } : put(key, value));
      }
    }
    try {
      await this.database.writeSynced(operations);
    } catch (cause) {
      // The batch may or may not be on the disk: only opening the database again can tell.
      this.failedAt = height;
      throw writeFailed(height, cause);
    }
    this.storedTip = { height, id: id.slice(), header };
    this.recent.push(height, id.slice(), finalized.transactionIds);
  }

  private validateNext(finalized: FinalizedBlock, encodedHeader: Uint8Array, encodedBody: Uint8Array): void {
    const { header, id } = finalized.block;
    const { height } = header;
    const tip = this.storedTip;
    const isNext = tip === undefined ? height === 0 : height === tip.height + 1 && equalBytes(header.parentId, tip.id);
    if (!isNext) {
      const info = { code: 'NOT_NEXT_BLOCK', height, tipHeight: tip?.height ?? -1 } as const;
      throw new StorageError(info, 'expected the child of the newest finalized block, or genesis in an empty store');
    }
    const wrong = !equalBytes(id, blockIdOf(encodedHeader))
      ? 'id'
      : !equalBytes(header.chainId, this.chainId)
        ? 'chainId'
        : header.bodyBytes !== encodedBody.length
          ? 'body'
          : finalized.transactionIds.length !== finalized.block.body.transactions.length ||
              finalized.transactionIds.some(({ length }) => length !== 32)
            ? 'transactionIds'
            : undefined;
    if (wrong !== undefined) {
      throw new StorageError({ code: 'BLOCK_MISMATCH', height, what: wrong }, 'expected parts of one block');
    }
    if (!equalBytes(finalized.writeSet.stateRoot, header.stateRoot)) {
      const message = 'expected the write set of this very block';
      throw new StorageError({ code: 'STATE_ROOT_MISMATCH', height }, message);
    }
  }

  private async pruneIndex(belowHeight: number): Promise<number> {
    const end = Math.min(belowHeight, (this.storedTip?.height ?? 0) - RECENT_BLOCKS + 1);
    let count = 0;
    if (end <= 0) return count;
    for await (const page of this.database.pages(heightRange('transactionIds', 0, end - 1))) {
      const keys = page.flatMap(([, joined]) => splitIds(joined).map((txId) => idKey('heightOfTransaction', txId)));
      const present = await this.database.getMany(keys);
      const gone = keys.filter((_key, i) => {
        const at = present[i];
        return at !== undefined && decodeHeight(at) < end;
      });
      if (gone.length > 0) await this.database.writeSynced(gone.map((key) => ({ type: 'del', key })));
      count += gone.length;
    }
    return count;
  }

  private async pruneBodies(below: number): Promise<void> {
    const from = Math.max(1, this.lowest);
    const end = Math.min(below, from + PRUNED_AT_ONCE);
    if (end <= from) return;
    const operations: BatchOperation[] = [put(LOWEST_KEY, encodeHeight(end))];
    for await (const page of this.database.pages(heightRange('transactionIds', from, end - 1))) {
      for (const [key, joined] of page) {
        const height = heightOfKey(key);
        operations.push({ type: 'del', key }, { type: 'del', key: heightKey('body', height) });
        operations.push({ type: 'del', key: heightKey('changes', height) });
        for (const txId of splitIds(joined)) operations.push({ type: 'del', key: idKey('heightOfTransaction', txId) });
      }
    }
    await this.database.writeSynced(operations);
    this.lowest = end;
  }

  private async pruneProofs(below: number, keptEvery: number): Promise<void> {
    const from = this.proofsFrom;
    const end = Math.min(below, from + PRUNED_AT_ONCE);
    if (end <= from) return;
    const entries = await this.database.range(heightRange('finalityProof', from, end - 1));
    const gone = entries.map(([key]) => key).filter((key) => heightOfKey(key) % keptEvery !== 0);
    if (gone.length > 0) await this.database.writeSynced(gone.map((key) => ({ type: 'del', key })));
    this.proofsFrom = end;
  }

  private async readAt(kind: Parameters<typeof heightKey>[0], height: number): Promise<Uint8Array | undefined> {
    return isHeight(height) ? this.database.get(heightKey(kind, height)) : undefined;
  }

  private rangeOf(kind: Parameters<typeof heightKey>[0], { from, limit }: HeightRange) {
    if (!isHeight(from) || !Number.isInteger(limit) || limit < 1 || limit > RANGE_LIMIT_MAX) {
      const message = `expected a height and a limit of 1 to ${RANGE_LIMIT_MAX}`;
      throw new StorageError({ code: 'OUT_OF_RANGE', what: 'range' }, message);
    }
    return heightRange(kind, from, Number.MAX_SAFE_INTEGER);
  }
}

function put(key: Uint8Array, value: Uint8Array): BatchOperation {
  return { type: 'put', key, value };
}

/** Entries of a block beside the state. */
function blockEntries(block: ImportedBlock, encodedHeader: Uint8Array, encodedBody: Uint8Array): BatchOperation[] {
  const { height } = block.block.header;
  const at = encodeHeight(height);
  const entries = [
    put(heightKey('header', height), encodedHeader),
    put(heightKey('body', height), encodedBody),
    put(heightKey('finalityProof', height), block.finalityProof),
    put(heightKey('transactionIds', height), concatBytes(...block.transactionIds)),
    put(idKey('heightOfBlock', block.block.id), at),
    ...block.transactionIds.map((txId) => put(idKey('heightOfTransaction', txId), at)),
  ];
  if (block.epochProof !== undefined) entries.push(put(heightKey('epochProof', height), block.epochProof));
  if (block.dutyEvents.length > 0) {
    entries.push(put(heightKey('duties', height), encodeWith(dutiesSchema, block.dutyEvents)));
  }
  return entries;
}

/** Number of blocks that the state after `tip` has behind it. */
function labelOf(tip: StoredTip | undefined): number {
  return tip === undefined ? 0 : tip.height + 1;
}

function entriesOf(kind: DisplacedKind, written: ReadonlyMap<string, unknown>) {
  return Array.from(written.keys(), (hex) => ({ kind, id: fromHex(hex) }));
}

function readCells(database: ByteDatabase, names: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
  return database.getMany(names.map((name) => idKey('cell', name)));
}

async function scanCells(database: ByteDatabase, prefix: Uint8Array): Promise<[Uint8Array, Uint8Array][]> {
  const entries = await database.range(prefixRange('cell', prefix));
  return entries.map(([key, value]) => [key.subarray(1), value]);
}

function readNodes(database: ByteDatabase, paths: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
  return database.getMany(paths.map((path) => idKey('node', path)));
}

function isHeight(height: number): boolean {
  return Number.isSafeInteger(height) && height >= 0;
}

function splitIds(joined: Uint8Array): Uint8Array[] {
  return Array.from({ length: joined.length / 32 }, (_, i) => joined.slice(i * 32, (i + 1) * 32));
}

function decodeStored<T>(what: string, decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    throw corruptDatabase(what, cause);
  }
}

function closedError(): StorageError {
  return new StorageError({ code: 'CLOSED' }, 'the store is closed');
}

function writeFailed(height: number, cause?: unknown): StorageError {
  const message = 'close the store, look after the disk, open it again: it then holds all of this block or nothing';
  return new StorageError({ code: 'WRITE_FAILED', height }, message, { cause });
}
