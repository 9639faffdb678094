/** What is looked at before a database is trusted. Spec: docs/spec/storage.md, section 4. */
import {
  blockIdOf,
  cellKey,
  decodeHeader,
  type Header,
  proveCell,
  type StateReader,
  verifyCellProof,
} from '@radledger/chain';
import { equalBytes } from '@radledger/primitives';
import type { ByteDatabase } from './byte-database.js';
import type { StoredTip } from './contract.js';
import { StorageError } from './errors.js';
import { decodeHeight, heightKey, heightOfKey, heightRange, idKey, LOWEST_KEY, META_KEY } from './keys.js';
import type { RecentBlocks } from './recent-blocks.js';
import { readImport } from './state-import.js';
import { corruptDatabase, decodeMeta } from './store-meta.js';

/**
 * Blocks whose links are followed. LevelDB drops damaged records of its write-ahead log without a word; two logs of 4 MiB
 * hold fewer blocks than this, so a block lost from the middle of one is noticed.
 */
const LINKED_BLOCKS = 8_192;

/** What a database holds, as far as it was looked at. */
export interface Inspected {
  /** Undefined for an empty database, and for one that is being imported. */
  readonly tip: StoredTip | undefined;
  readonly lowestHeight: number;
  readonly isImporting: boolean;
}

/**
 * @param input.recent - filled with the newest blocks
 * @throws {StorageError} see `openStore`
 */
export async function inspectDatabase(input: {
  readonly database: ByteDatabase;
  readonly chainId: Uint8Array;
  readonly recentBlocks: number;
  readonly recent: RecentBlocks;
}): Promise<Inspected> {
  const { database, chainId } = input;
  const encodedMeta = await database.get(META_KEY);
  if (encodedMeta === undefined) {
    const [entry] = await database.range({ gte: new Uint8Array(0), limit: 1 });
    const isImporting = entry !== undefined && (await readImport(database, chainId)) !== undefined;
    if (entry === undefined || isImporting) return { tip: undefined, lowestHeight: 0, isImporting };
    throw new StorageError({ code: 'FOREIGN_DATABASE' }, 'this folder holds something else: choose another one');
  }
  const { tipHeight, tipId } = decodeMeta(encodedMeta, chainId);
  const [extra] = await database.range({ ...heightRange('header', tipHeight + 1, Number.MAX_SAFE_INTEGER), limit: 1 });
  if (extra !== undefined) throw corruptDatabase('blocks above the newest');
  const lowest = await database.get(LOWEST_KEY);
  const lowestHeight = lowest === undefined ? 0 : decodeHeight(lowest);
  const header = await followLinks(database, { lowestHeight, tipHeight, tipId });
  await inspectTip(database, header, tipId);
  await loadRecent(input, tipHeight);
  await inspectState(database, header);
  return { tip: { height: tipHeight, id: tipId, header }, lowestHeight, isImporting: false };
}

/** @returns the header of the tip */
async function followLinks(
  database: ByteDatabase,
  {
    lowestHeight,
    tipHeight,
    tipId,
  }: { readonly lowestHeight: number; readonly tipHeight: number; readonly tipId: Uint8Array },
): Promise<Header> {
  const from = Math.max(lowestHeight, tipHeight - LINKED_BLOCKS + 1);
  let previous: { readonly height: number; readonly id: Uint8Array; readonly header: Header } | undefined;
  for await (const page of database.pages(heightRange('header', from, tipHeight))) {
    for (const [key, encoded] of page) {
      const height = heightOfKey(key);
      const header = headerOf(encoded);
      const isLinked =
        previous === undefined
          ? height === from
          : height === previous.height + 1 && equalBytes(header.parentId, previous.id);
      if (!isLinked || header.height !== height) throw corruptDatabase('the links between blocks');
      previous = { height, id: blockIdOf(encoded), header };
    }
  }
  if (previous === undefined || previous.height !== tipHeight || !equalBytes(previous.id, tipId)) {
    throw corruptDatabase('the newest block');
  }
  return previous.header;
}

async function inspectTip(database: ByteDatabase, header: Header, tipId: Uint8Array): Promise<void> {
  const [body, proof, at] = await database.getMany([
    heightKey('body', header.height),
    heightKey('finalityProof', header.height),
    idKey('heightOfBlock', tipId),
  ]);
  const isWhole =
    body?.length === header.bodyBytes && proof !== undefined && at?.length === 8 && decodeHeight(at) === header.height;
  if (!isWhole) throw corruptDatabase('the newest block');
}

async function loadRecent(
  { database, recentBlocks, recent }: Parameters<typeof inspectDatabase>[0],
  tipHeight: number,
): Promise<void> {
  const from = Math.max(0, tipHeight - recentBlocks + 1);
  const headers = await database.range(heightRange('header', from, tipHeight));
  const lists = await database.range(heightRange('transactionIds', from, tipHeight));
  if (lists.length !== headers.length) throw corruptDatabase('the transaction ids');
  headers.forEach(([key, encoded], i) => {
    const [listKey, joined] = lists[i] as [Uint8Array, Uint8Array];
    if (heightOfKey(listKey) !== heightOfKey(key) || joined.length % 32 !== 0) {
      throw corruptDatabase('the transaction ids');
    }
    const ids = Array.from({ length: joined.length / 32 }, (_, n) => joined.slice(n * 32, (n + 1) * 32));
    recent.push(heightOfKey(key), blockIdOf(encoded), ids);
  });
}

/** A proof of any cell, present or absent, starts at the root of the tree: it holds only when the roots agree. */
async function inspectState(database: ByteDatabase, header: Header): Promise<void> {
  const name = cellKey.params;
  const state: StateReader = {
    getMany: (names) => database.getMany(names.map((cell) => idKey('cell', cell))),
    getNodes: (paths) => database.getMany(paths.map((path) => idKey('node', path))),
    scan: () => Promise.resolve([]),
  };
  let holds: boolean;
  try {
    const [value] = await state.getMany([name]);
    holds = verifyCellProof({ stateRoot: header.stateRoot, name, value, proof: await proveCell(state, name) });
  } catch (cause) {
    if (cause instanceof StorageError) throw cause;
    throw corruptDatabase('the state tree', cause);
  }
  if (!holds) throw corruptDatabase('the state tree');
}

function headerOf(encoded: Uint8Array): Header {
  try {
    return decodeHeader(encoded);
  } catch (cause) {
    throw corruptDatabase('a header', cause);
  }
}
