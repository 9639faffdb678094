/** Filling an empty store with the state after one block, bit by bit, across restarts. Spec: docs/spec/storage.md, section 6. */
import { encodeHeader, hashedKeyOf, leavesOf, readRoot, updateTree } from '@radledger/chain';
import {
  bytes,
  decodeWith,
  encodeWith,
  equalBytes,
  fromHex,
  type Infer,
  literal,
  optional,
  struct,
} from '@radledger/primitives';
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
  /** None once its removal has begun: what is left of it is no state. */
  progress: optional(bytes({ max: PROGRESS_BYTES_MAX })),
});

/** What an unfinished import left; undefined when there is none. Without progress it was about to be removed. */
export async function readImport(
  database: ByteDatabase,
  chainId: Uint8Array,
): Promise<{ readonly progress: Uint8Array | undefined } | undefined> {
  const encoded = await database.get(IMPORT_KEY);
  if (encoded === undefined) return undefined;
  const found = decodeImport(encoded);
  if (equalBytes(found.chainId, chainId)) return found;
  throw new StorageError({ code: 'FOREIGN_DATABASE' }, 'this folder holds something else: choose another one');
}

function decodeImport(encoded: Uint8Array): Infer<typeof importSchema> {
  try {
    return decodeWith(importSchema, encoded, { bytesMax: PROGRESS_BYTES_MAX + 256 });
  } catch (cause) {
    throw corruptDatabase('the unfinished import', cause);
  }
}

function importEntry(chainId: Uint8Array, progress: Uint8Array | undefined): BatchOperation {
  const value = encodeWith(importSchema, { tag: 'radledger/import/1', chainId, progress });
  return { type: 'put', key: IMPORT_KEY, value };
}

/** Removes every entry of an unfinished import; first, for good, its claim to have any. */
export async function discardImport(database: ByteDatabase, chainId: Uint8Array): Promise<void> {
  await database.writeSynced([importEntry(chainId, undefined)]);
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
      await database.writeSynced([...operations, importEntry(chainId, next)]);
      progress = next;
    },
    root: () => readRoot(nodes),
    async writeBlocks(blocks, next) {
      await database.writeSynced([...blocks.flatMap((block) => options.entriesOf(block)), importEntry(chainId, next)]);
      progress = next;
    },
    async discard() {
      await discardImport(database, chainId);
      progress = undefined;
    },
    async finish({ tip, lowestHeight, boundaries }) {
      const isWhole = equalBytes(await readRoot(nodes), tip.header.stateRoot) && (await isEveryCellThere(database));
      if (!isWhole) {
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

/** Whether there are as many cells as the tree has leaves. */
async function isEveryCellThere(database: ByteDatabase): Promise<boolean> {
  let missing = 0;
  for await (const page of database.pages(rangeOfKind('node'))) {
    for (const [, node] of page) missing += leavesOf(node);
  }
  for await (const page of database.pages(rangeOfKind('cell'))) missing -= page.length;
  return missing === 0;
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
