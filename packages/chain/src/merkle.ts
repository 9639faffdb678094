/** Merkle tree over a list, as in RFC 9162, section 2.1, with our tagged hashes. Spec: docs/spec/blocks.md, section 3. */
import { equalBytes, hash } from '@radledger/primitives';
import { bytesHasher } from './bytes-hasher.js';
import type { Pause } from './execution-input.js';

/** Root of the tree without leaves. */
export const EMPTY_MERKLE_ROOT: Uint8Array = hash('radledger/merkle-empty/1');

/** Proof that a leaf stands at `index` of `size` leaves: the sibling of each step, lowest first. */
export interface InclusionProof {
  readonly index: number;
  readonly size: number;
  readonly path: readonly Uint8Array[];
}

/** Root over the leaves' bytes; leaves and inner nodes are hashed under different tags, and nothing is duplicated. */
export function merkleRoot(leaves: readonly Uint8Array[]): Uint8Array {
  let level = leaves.map(merkleLeafHash);
  while (level.length > 1) level = parentLevel(level);
  return level[0] ?? EMPTY_MERKLE_ROOT;
}

/**
 * `merkleRoot` for the transactions of a block: lets other work run after every 512 hashes.
 */
export async function merkleRootInSlices(leaves: readonly Uint8Array[], pause: Pause): Promise<Uint8Array> {
  let level: Uint8Array[] = [];
  for (let start = 0; start < leaves.length; start += SLICE) {
    if (start > 0) await pause();
    level.push(...leaves.slice(start, start + SLICE).map(merkleLeafHash));
  }
  while (level.length > 1) {
    const parents: Uint8Array[] = [];
    for (let start = 0; start < level.length; start += SLICE) {
      if (start > 0) await pause();
      parents.push(...parentLevel(level.slice(start, start + SLICE)));
    }
    level = parents;
  }
  return level[0] ?? EMPTY_MERKLE_ROOT;
}

/** Even, so that a slice of a level pairs as the whole level does. */
const SLICE = 512;

/** The proof of `leaves[index]`. `index` is below the number of leaves. */
export function proveInclusion(leaves: readonly Uint8Array[], index: number): InclusionProof {
  const path: Uint8Array[] = [];
  let level = leaves.map(merkleLeafHash);
  let at = index;
  while (level.length > 1) {
    const sibling = level[at ^ 1];
    if (sibling !== undefined) path.push(sibling);
    level = parentLevel(level);
    at >>>= 1;
  }
  return { index, size: leaves.length, path };
}

/** Whether `leaf` is what `root` holds at `proof.index` of `proof.size`. */
export function verifyInclusion(input: { root: Uint8Array; leaf: Uint8Array; proof: InclusionProof }): boolean {
  const { index, size, path } = input.proof;
  if (!Number.isInteger(index) || !Number.isInteger(size) || index < 0 || index >= size || size > 0x7fffffff)
    return false;
  let current = merkleLeafHash(input.leaf);
  let at = index;
  let last = size - 1;
  let step = 0;
  for (; last > 0; at >>>= 1, last >>>= 1) {
    if (at === last && at % 2 === 0) continue; // a last node without sibling rises unchanged
    const sibling = path[step++];
    if (sibling === undefined || sibling.length !== 32) return false;
    current = at % 2 === 0 ? nodeHash(current, sibling) : nodeHash(sibling, current);
  }
  return step === path.length && equalBytes(current, input.root);
}

/** H('radledger/merkle-leaf/1', leaf). */
export const merkleLeafHash: (leaf: Uint8Array) => Uint8Array = bytesHasher('radledger/merkle-leaf/1');

function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return hash('radledger/merkle-node/1', left, right);
}

function parentLevel(level: readonly Uint8Array[]): Uint8Array[] {
  const parents: Uint8Array[] = [];
  for (let i = 0; i < level.length; i += 2) {
    const left = level[i] as Uint8Array;
    const right = level[i + 1];
    parents.push(right === undefined ? left : nodeHash(left, right));
  }
  return parents;
}
