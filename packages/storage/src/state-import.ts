/** Filling an empty store with the state after one block, bit by bit, across restarts. Spec: docs/spec/storage.md, section 6. */
import { encodeHeader, hashedKeyOf, readRoot, updateTree } from '@radledger/chain';
import { bytes, decodeWith, encodeWith, equalBytes, fromHex, literal, struct } from '@radledger/primitives';
import type { BatchOperation, ByteDatabase } from './byte-database.js';
import type { ImportedBlock, ImportedBoundary, StateImport, StoredTip } from './contract.js';
import { StorageError } from './errors.js';
import { encodeHeight, heightKey, IMPORT_KEY, idKey, LOWEST_KEY, META_KEY, rangeOfKind } from './keys.js';
import { corruptDatabase, encodeMeta } from './store-meta.js';

const PROGRESS_BYTES_MAX = 64 * 1024 * 1024;
const DELETED_AT_ONCE = 4_096;
const importSchema = struct({
  tag: literal('radledger/import/1'),
  chainId: bytes({ length: 32 }),
  progress: bytes({ max: PROGRESS_BYTES_MAX }),
});

/** What an unfinished import left as its progress; undefined when there is none. */
export async function readImport(database: ByteDatabase, chainId: Uint8Array): Promise<Uint8Array | undefined> {
  const encoded = await database.get(IMPORT_KEY);
  if (encoded === undefined) return undefined;
  const found = decodeImport(encoded);
  if (equalBytes(found.chainId, chainId)) return found.progress;
  throw new StorageError({ code: 'FOREIGN_DATABASE' }, 'this folder holds something else: choose another one');
}

function decodeImport(encoded: Uint8Array): { readonly chainId: Uint8Array; readonly progress: Uint8Array } {
  try {
    return decodeWith(importSchema, encoded, { bytesMax: PROGRESS_BYTES_MAX + 256 });
  } catch (cause) {
    throw corruptDatabase('the unfinished import', cause);
  }
}

/** Removes every entry of an unfinished import. */
export async function discardImport(database: ByteDatabase): Promise<void> {
  for (const range of [
    rangeOfKind('cell'),
    rangeOfKind('node'),
    rangeOfKind('header'),
    ...BLOCK_KINDS.map(rangeOfKind),
  ]) {
    for await (const page of database.pages(range)) {
      for (let from = 0; from < page.length; from += DELETED_AT_ONCE) {
        const operations = page
          .slice(from, from + DELETED_AT_ONCE)
          .map(([key]): BatchOperation => ({ type: 'del', key }));
        await database.writeSynced(operations);
      }
    }
  }
  await database.writeSynced([{ type: 'del', key: IMPORT_KEY }]);
}

const BLOCK_KINDS = [
  'body',
  'finalityProof',
  'epochProof',
  'duties',
  'changes',
  'transactionIds',
  'heightOfBlock',
  'heightOfTransaction',
] as const;

export function createStateImport(options: {
  readonly database: ByteDatabase;
  readonly chainId: Uint8Array;
  readonly progress: Uint8Array | undefined;
  /** The store's own entries of one block. */
  readonly entriesOf: (block: ImportedBlock) => BatchOperation[];
  /** Called when the store is whole. */
  readonly finished: (tip: StoredTip) => Promise<void>;
}): StateImport {
  const { database, chainId } = options;
  let progress = options.progress;
  const nodes = {
    getNodes: (paths: readonly Uint8Array[]) => database.getMany(paths.map((path) => idKey('node', path))),
  };
  const put = (key: Uint8Array, value: Uint8Array): BatchOperation => ({ type: 'put', key, value });
  const progressEntry = (next: Uint8Array): BatchOperation =>
    put(IMPORT_KEY, encodeWith(importSchema, { tag: 'radledger/import/1', chainId, progress: next }));

  return {
    get progress() {
      return progress;
    },
    getMany: (names) => database.getMany(names.map((name) => idKey('cell', name))),
    async write(cells, next) {
      const changes = cells.map(({ name, value }) => ({ name, key: hashedKeyOf(name), value: () => value }));
      const update = await updateTree(nodes, changes);
      const operations = cells.map(({ name, value }) => put(idKey('cell', name), value));
      for (const [hex, value] of update.nodes) {
        const key = idKey('node', fromHex(hex));
        operations.push(value === undefined ? { type: 'del', key } : put(key, value));
      }
      await database.writeSynced([...operations, progressEntry(next)]);
      progress = next;
    },
    root: () => readRoot(nodes),
    async writeBlocks(blocks, next) {
      await database.writeSynced([...blocks.flatMap((block) => options.entriesOf(block)), progressEntry(next)]);
      progress = next;
    },
    async discard() {
      await discardImport(database);
      progress = undefined;
    },
    async finish({ tip, lowestHeight, boundaries }) {
      if (!equalBytes(await readRoot(nodes), tip.header.stateRoot)) {
        const info = { code: 'STATE_ROOT_MISMATCH', height: tip.height } as const;
        throw new StorageError(info, 'expected the whole state of the block that it is imported for');
      }
      await database.writeSynced([
        ...boundaries.flatMap((boundary) => boundaryEntries(boundary)),
        put(LOWEST_KEY, encodeHeight(lowestHeight)),
        put(META_KEY, encodeMeta({ chainId, tipHeight: tip.height, tipId: tip.id })),
        { type: 'del', key: IMPORT_KEY },
      ]);
      progress = undefined;
      await options.finished(tip);
    },
  };
}

function boundaryEntries({ header, id, finalityProof, epochProof }: ImportedBoundary): BatchOperation[] {
  const { height } = header;
  return [
    { type: 'put', key: heightKey('header', height), value: encodeHeader(header) },
    { type: 'put', key: heightKey('finalityProof', height), value: finalityProof },
    { type: 'put', key: heightKey('epochProof', height), value: epochProof },
    { type: 'put', key: idKey('heightOfBlock', id), value: encodeHeight(height) },
  ];
}
