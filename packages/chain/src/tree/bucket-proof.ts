/** Proofs over all cells whose hashed key starts with some nibbles. Browser-safe. Spec: docs/spec/state.md, section 7. */
import { compareBytes, equalBytes, fromHex } from '@radledger/primitives';
import { hashedKeyOf } from '../cell-names.js';
import { ChainError } from '../errors.js';
import type { StateReader } from '../state-reader.js';
import { type CellProof, descend, endsBesideCells, foldSiblings, isWellFormed, otherLeaf } from './cell-proof.js';
import { EMPTY_SUBTREE, bitOf, leafHashOf, sharesBits, valueHashOf } from './hashing.js';
import { decodeNode, encodeNodePath, joinSubtrees, type Subtree } from './node.js';

/** Longest prefix of a bucket, in nibbles. */
export const BUCKET_NIBBLES_MAX = 8;

export interface BucketCell {
  readonly name: Uint8Array;
  readonly value: Uint8Array;
}

export interface Bucket {
  /** In the order of hashed keys. */
  readonly cells: readonly BucketCell[];
  /** From the root to the bucket's subtree; encoded like a cell proof. */
  readonly proof: CellProof;
}

/**
 * All cells whose hashed key starts with `prefix` (0 to 8 lower-case hex digits), and the proof that these are all.
 * @param options.cellsMax - default 4,096
 * @throws {ChainError} `BUCKET_TOO_LARGE` | `STATE_BROKEN` | `PROOF_INVALID` for a prefix that is none
 */
export async function proveBucket(
  state: StateReader,
  prefix: string,
  options: { readonly cellsMax?: number } = {},
): Promise<Bucket> {
  const cellsMax = options.cellsMax ?? 4_096;
  const bits = prefix.length * 4;
  const path = pathOfPrefix(prefix);
  if (path === undefined) throw new ChainError({ code: 'PROOF_INVALID' }, 'expected 0 to 8 lower-case hex digits');
  const { siblings, end } = await descend(state, path, bits);
  if (end?.name !== undefined && !sharesBits(hashedKeyOf(end.name), path, bits)) {
    return { cells: [], proof: { siblings, other: await otherLeaf(state, end.name) } };
  }
  const names =
    end?.name !== undefined
      ? [end.name]
      : end === undefined
        ? []
        : await namesBelow(state, path, prefix.length, cellsMax);
  const values = await state.getMany(names);
  const cells = names.map((name, index) => {
    const value = values[index];
    if (value === undefined) {
      throw new ChainError({ code: 'STATE_BROKEN', cell: 'tree leaf' }, 'expected a value for every leaf of the tree');
    }
    return { name, value };
  });
  return { cells, proof: { siblings, other: undefined } };
}

/** Whether `cells` are exactly the cells of the bucket under the root. Never throws. */
export function verifyBucket(input: {
  readonly stateRoot: Uint8Array;
  readonly prefix: string;
  readonly cells: readonly BucketCell[];
  readonly proof: CellProof;
}): boolean {
  const { prefix, proof, cells } = input;
  const bits = prefix.length * 4;
  const path = pathOfPrefix(prefix);
  if (path === undefined || cells.some(({ name }) => name.length > 255) || !isBucketShape(proof, bits)) return false;
  const leaves = cells
    .map(({ name, value }) => {
      const key = hashedKeyOf(name);
      return { key, name, hash: leafHashOf(key, valueHashOf(value)) };
    })
    .sort((a, b) => compareBytes(a.key, b.key));
  const allInside = leaves.every(({ key }, index) => {
    const previous = leaves[index - 1];
    return sharesBits(key, path, bits) && (previous === undefined || !equalBytes(previous.key, key));
  });
  if (!allInside) return false;
  const depth = proof.siblings.length;
  if (depth < bits && leaves.length > 1) return false;
  let end = subtreeOver(leaves, depth)?.hash ?? EMPTY_SUBTREE;
  if (proof.other !== undefined) {
    const { key, valueHash } = proof.other;
    if (leaves.length > 0 || !sharesBits(key, path, depth) || sharesBits(key, path, bits)) return false;
    end = leafHashOf(key, valueHash);
  }
  return equalBytes(foldSiblings(path, proof.siblings, end), input.stateRoot);
}

function isBucketShape(proof: CellProof, bits: number): boolean {
  // At its full depth a bucket of many cells may lie beside a gap; above it a leaf or gap is what the proof ends in.
  return isWellFormed(proof, bits) && (proof.siblings.length === bits || endsBesideCells(proof));
}

interface Leaf extends Subtree {
  readonly key: Uint8Array;
}

/** The subtree over sorted leaves that share their first `depth` bits. */
export function subtreeOver(leaves: readonly Leaf[], depth: number): Subtree | undefined {
  if (leaves.length <= 1) return leaves[0];
  const split = leaves.findIndex(({ key }) => bitOf(key, depth) === 1);
  const middle = split === -1 ? leaves.length : split;
  return joinSubtrees(subtreeOver(leaves.slice(0, middle), depth + 1), subtreeOver(leaves.slice(middle), depth + 1));
}

/** Names of all cells below a node, by hashed key. @throws {ChainError} `BUCKET_TOO_LARGE` */
export async function namesBelow(
  state: Pick<StateReader, 'getNodes'>,
  path: Uint8Array,
  depth: number,
  cellsMax: number,
): Promise<Uint8Array[]> {
  const found: { key: Uint8Array; name: Uint8Array }[] = [];
  let frontier = [{ path, depth }];
  while (frontier.length > 0) {
    const encoded = await state.getNodes(frontier.map((entry) => encodeNodePath(entry.path, entry.depth)));
    const next: typeof frontier = [];
    frontier.forEach((entry, index) => {
      const bytes = encoded[index];
      if (bytes === undefined) {
        throw new ChainError(
          { code: 'STATE_BROKEN', cell: 'tree node' },
          'expected the store to hold every node its parent names',
        );
      }
      decodeNode(bytes).children.forEach((child, nibble) => {
        if (child?.name !== undefined) found.push({ key: hashedKeyOf(child.name), name: child.name });
        else if (child !== undefined)
          next.push({ path: extendPath(entry.path, entry.depth, nibble), depth: entry.depth + 1 });
      });
    });
    if (found.length > cellsMax || next.length > cellsMax) {
      const cells = Math.max(found.length, next.length);
      throw new ChainError(
        { code: 'BUCKET_TOO_LARGE', cells, cellsMax },
        `expected at most ${cellsMax} cells: ask for a longer prefix`,
      );
    }
    frontier = next;
  }
  return found.sort((a, b) => compareBytes(a.key, b.key)).map(({ name }) => name);
}

function extendPath(path: Uint8Array, depth: number, nibble: number): Uint8Array {
  const extended = path.slice();
  const byte = extended[depth >> 1] as number;
  extended[depth >> 1] = depth % 2 === 0 ? (byte & 0x0f) | (nibble << 4) : (byte & 0xf0) | nibble;
  return extended;
}

/** A prefix as the front of a 32-byte key; undefined when it is not 0 to 8 lower-case hex digits. */
function pathOfPrefix(prefix: string): Uint8Array | undefined {
  return /^[0-9a-f]{0,8}$/.test(prefix) ? fromHex(prefix.padEnd(64, '0')) : undefined;
}
