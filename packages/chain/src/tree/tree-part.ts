/**
 * The state tree in parts that are checked one by one, from the root down: how a state travels. Browser-safe.
 * Spec: docs/spec/state.md, section 7a.
 */
import { compareBytes, equalBytes, fromHex } from '@radledger/primitives';
import { hashedKeyOf } from '../cell-names.js';
import { ChainError } from '../errors.js';
import type { StateReader } from '../state-reader.js';
import { type BucketCell, namesBelow, subtreeOver } from './bucket-proof.js';
import { descend } from './cell-proof.js';
import { EMPTY_SUBTREE, leafHashOf, sharesBits, valueHashOf } from './hashing.js';
import { createNode, decodeNode, encodeNodePath, setChild, subtreeOf } from './node.js';

/** Longest prefix of a part, in nibbles: the whole key. */
export const PART_NIBBLES_MAX = 64;

/** A child of a place that is split: nothing, the hash of a place with cells, or its only cell. */
export type PartChild = undefined | { readonly hash: Uint8Array } | { readonly cell: BucketCell };

/** All cells whose hashed key begins with a prefix, or, when these are too many, what hangs at the 16 longer prefixes. */
export type TreePart =
  | { readonly kind: 'cells'; readonly cells: readonly BucketCell[] }
  | { readonly kind: 'split'; readonly children: readonly PartChild[] };

/** A place of the tree that holds a cell or more, and the hash that it must have. */
export interface PartPlace {
  /** 0 to 64 lower-case hex digits. */
  readonly prefix: string;
  readonly hash: Uint8Array;
}

/**
 * The part at a prefix; undefined when no cell is there. Where one cell is all there is, it is that cell: a part above may have
 * told its hash alone.
 * @param limits.cellsMax - a place with more cells, or with more than `bytesMax` of names and values, is split
 * @throws {ChainError} `STATE_BROKEN`
 */
export async function readTreePart(
  state: StateReader,
  prefix: string,
  limits: { readonly cellsMax: number; readonly bytesMax: number },
): Promise<TreePart | undefined> {
  const key = fromHex(prefix.padEnd(64, '0'));
  const [encoded] = await state.getNodes([encodeNodePath(key, prefix.length)]);
  if (encoded === undefined) {
    const { end } = await descend(state, key, prefix.length * 4);
    if (end?.name === undefined || !sharesBits(hashedKeyOf(end.name), key, prefix.length * 4)) return undefined;
    return { kind: 'cells', cells: await cellsOf(state, [end.name]) };
  }
  const names = await namesOrNone(state, key, prefix.length, limits.cellsMax);
  if (names !== undefined) {
    const cells = await cellsOf(state, names);
    const bytes = cells.reduce((sum, { name, value }) => sum + name.length + value.length, 0);
    if (bytes <= limits.bytesMax) return { kind: 'cells', cells };
  }
  const { children } = decodeNode(encoded);
  const alone = await cellsOf(
    state,
    children.flatMap((child) => (child?.name === undefined ? [] : [child.name])),
  );
  let next = 0;
  return {
    kind: 'split',
    children: children.map((child) =>
      child === undefined
        ? undefined
        : child.name === undefined
          ? { hash: child.hash }
          : { cell: alone[next++] as BucketCell },
    ),
  };
}

/**
 * Checks a part against the hash that the part above it, or the state root, gives its place.
 * @returns the cells that are proven, and the places still to be fetched
 * @throws {ChainError} `PROOF_INVALID`
 */
export function verifyTreePart(
  place: PartPlace,
  part: TreePart,
): { readonly cells: readonly BucketCell[]; readonly places: readonly PartPlace[] } {
  const { prefix, hash } = place;
  if (part.kind === 'cells') {
    const leaves = part.cells.map((cell) => leafOf(cell, prefix)).sort((a, b) => compareBytes(a.key, b.key));
    const hasTwice = leaves.some(({ key }, index) => index > 0 && equalBytes(key, leaves[index - 1]?.key ?? key));
    if (hasTwice || !isSame(subtreeOver(leaves, prefix.length * 4)?.hash, hash)) throw invalidPart();
    return { cells: part.cells, places: [] };
  }
  if (part.children.length !== 16 || prefix.length >= PART_NIBBLES_MAX) throw invalidPart();
  const node = createNode();
  const cells: BucketCell[] = [];
  const places: PartPlace[] = [];
  for (const [nibble, child] of part.children.entries()) {
    if (child === undefined) continue;
    const below = prefix + nibble.toString(16);
    if ('hash' in child) {
      // Beside a branch, nothing hashes like 32 zero bytes: as a place it would never be answered for.
      if (child.hash.length !== 32 || equalBytes(child.hash, EMPTY_SUBTREE)) throw invalidPart();
      setChild(node, nibble, { hash: child.hash });
      places.push({ prefix: below, hash: child.hash });
    } else {
      // The cell itself, not its hash: a single cell rises to where it stands, and a bare hash cannot.
      const { hash: leaf, name } = leafOf(child.cell, below);
      setChild(node, nibble, { hash: leaf, name });
      cells.push(child.cell);
    }
  }
  if (!isSame(subtreeOf(node, 0, 16)?.hash, hash)) throw invalidPart();
  return { cells, places };
}

function leafOf({ name, value }: BucketCell, prefix: string) {
  if (name.length > 255) throw invalidPart();
  const key = hashedKeyOf(name);
  if (!sharesBits(key, fromHex(prefix.padEnd(64, '0')), prefix.length * 4)) throw invalidPart();
  return { key, name, hash: leafHashOf(key, valueHashOf(value)) };
}

async function namesOrNone(
  state: StateReader,
  key: Uint8Array,
  depth: number,
  cellsMax: number,
): Promise<readonly Uint8Array[] | undefined> {
  try {
    return await namesBelow(state, key, depth, cellsMax);
  } catch (error) {
    if (error instanceof ChainError && error.info.code === 'BUCKET_TOO_LARGE') return undefined;
    throw error;
  }
}

async function cellsOf(state: StateReader, names: readonly Uint8Array[]): Promise<BucketCell[]> {
  const values = await state.getMany(names);
  return names.map((name, index) => {
    const value = values[index];
    if (value === undefined) {
      throw new ChainError({ code: 'STATE_BROKEN', cell: 'tree leaf' }, 'expected a value for every leaf of the tree');
    }
    return { name, value };
  });
}

function isSame(actual: Uint8Array | undefined, expected: Uint8Array): boolean {
  return actual !== undefined && equalBytes(actual, expected);
}

function invalidPart(): ChainError {
  return new ChainError({ code: 'PROOF_INVALID' }, 'expected the part of the tree that has this hash');
}
