/** The 16-way nodes in which a store keeps the state tree. Spec: docs/spec/state.md, section 5. */
import { ChainError } from '../errors.js';
import { branchHashOf, EMPTY_SUBTREE } from './hashing.js';

/** A subtree: its hash, and the cell's name when it is a single leaf. */
export interface Subtree {
  readonly hash: Uint8Array;
  readonly name?: Uint8Array;
}

/** One node: 16 children, and the hashes over groups of four that are branches, so that one change costs six hashes. */
export interface TreeNode {
  readonly children: (Subtree | undefined)[];
  readonly quarters: (Uint8Array | undefined)[];
}

export function createNode(): TreeNode {
  return { children: new Array<undefined>(16).fill(undefined), quarters: new Array<undefined>(4).fill(undefined) };
}

/** Puts a child and forgets the hash of its group. */
export function setChild(node: TreeNode, nibble: number, child: Subtree | undefined): void {
  node.children[nibble] = child;
  node.quarters[nibble >> 2] = undefined;
}

/** Two halves as one subtree: nothing, the single leaf as it is, or a branch. */
export function joinSubtrees(left: Subtree | undefined, right: Subtree | undefined): Subtree | undefined {
  if (left === undefined && (right === undefined || right.name !== undefined)) return right;
  if (right === undefined && left?.name !== undefined) return left;
  return { hash: branchHashOf(left?.hash ?? EMPTY_SUBTREE, right?.hash ?? EMPTY_SUBTREE) };
}

/** The subtree over `width` (1, 2, 4, 8 or 16) children from `first`. */
export function subtreeOf(node: TreeNode, first: number, width: number): Subtree | undefined {
  if (width === 1) return node.children[first];
  const quarter = width === 4 ? node.quarters[first >> 2] : undefined;
  if (quarter !== undefined) return { hash: quarter };
  const half = width / 2;
  const joined = joinSubtrees(subtreeOf(node, first, half), subtreeOf(node, first + half, half));
  if (width === 4 && joined !== undefined && joined.name === undefined) node.quarters[first >> 2] = joined.hash;
  return joined;
}

/**
 * Bytes of a node: two 16-bit masks, big-endian (children present, children that are leaves; the first child is the
 * highest bit); per child its hash and, for a leaf, the length of the name in one byte and the name; then the hash of
 * each group of four that is a branch.
 */
export function encodeNode(node: TreeNode, allocate: (length: number) => Uint8Array): Uint8Array {
  let present = 0;
  let leaves = 0;
  let length = 4;
  for (let i = 0; i < 16; i++) {
    const child = node.children[i];
    present = (present << 1) | (child === undefined ? 0 : 1);
    leaves = (leaves << 1) | (child?.name === undefined ? 0 : 1);
    if (child !== undefined) length += 32 + (child.name === undefined ? 0 : 1 + child.name.length);
  }
  const groups = [0, 4, 8, 12].map((first) => subtreeOf(node, first, 4)).filter((group) => isBranch(group));
  const out = allocate(length + groups.length * 32);
  out[0] = present >> 8;
  out[1] = present & 0xff;
  out[2] = leaves >> 8;
  out[3] = leaves & 0xff;
  let offset = 4;
  for (const child of node.children) {
    if (child === undefined) continue;
    out.set(child.hash, offset);
    offset += 32;
    if (child.name === undefined) continue;
    out[offset] = child.name.length;
    out.set(child.name, offset + 1);
    offset += 1 + child.name.length;
  }
  for (const group of groups) {
    out.set((group as Subtree).hash, offset);
    offset += 32;
  }
  return out;
}

/** How many children of an encoded node are single cells; 0 to 16. Over all nodes of a tree: its cells. */
export function leavesOf(encoded: Uint8Array): number {
  let leaves = 0;
  for (let mask = ((encoded[2] ?? 0) << 8) | (encoded[3] ?? 0); mask !== 0; mask &= mask - 1) leaves += 1;
  return leaves;
}

/** @throws {ChainError} `STATE_BROKEN` */
export function decodeNode(encoded: Uint8Array): TreeNode {
  const node = createNode();
  const present = ((encoded[0] ?? 0) << 8) | (encoded[1] ?? 0);
  const leaves = ((encoded[2] ?? 0) << 8) | (encoded[3] ?? 0);
  let offset = 4;
  const take = (length: number): Uint8Array => {
    if (offset + length > encoded.length) throw brokenNode();
    offset += length;
    return encoded.subarray(offset - length, offset);
  };
  for (let i = 0; i < 16; i++) {
    const bit = 0x8000 >> i;
    if ((present & bit) === 0) continue;
    const hash = take(32);
    node.children[i] = (leaves & bit) === 0 ? { hash } : { hash, name: take(take(1)[0] as number) };
  }
  for (let group = 0; group < 4; group++) {
    const children = node.children.slice(group * 4, group * 4 + 4).filter((child) => child !== undefined);
    if (children.length > 1 || isBranch(children[0])) node.quarters[group] = take(32);
  }
  if (offset !== encoded.length) throw brokenNode();
  return node;
}

/**
 * Hands out slices of large buffers: the nodes of one block are written, kept and dropped together, and thousands of
 * small buffers would cost more to collect than to hash.
 */
export function createSlab(): (length: number) => Uint8Array {
  let slab = new Uint8Array(0);
  let used = 0;
  return (length) => {
    if (used + length > slab.length) {
      slab = new Uint8Array(Math.max(SLAB_BYTES, length));
      used = 0;
    }
    used += length;
    return slab.subarray(used - length, used);
  };
}

const SLAB_BYTES = 65_536;

/** Path of the node at `depth` nibbles above `key`: the depth in one byte, then the nibbles, the last half byte zero. */
export function encodeNodePath(key: Uint8Array, depth: number): Uint8Array {
  const out = new Uint8Array(1 + ((depth + 1) >> 1));
  out[0] = depth;
  out.set(key.subarray(0, out.length - 1), 1);
  if (depth % 2 === 1) out[out.length - 1] = (out[out.length - 1] as number) & 0xf0;
  return out;
}

/** `encodeNodePath` as hex, from the hex of the key. */
export function nodePathHex(keyHex: string, depth: number): string {
  return `${DEPTH_HEX[depth] as string}${keyHex.slice(0, depth)}${depth % 2 === 1 ? '0' : ''}`;
}

const DEPTH_HEX = Array.from({ length: 65 }, (_, depth) => depth.toString(16).padStart(2, '0'));

function isBranch(subtree: Subtree | undefined): boolean {
  return subtree !== undefined && subtree.name === undefined;
}

function brokenNode(): ChainError {
  return new ChainError({ code: 'STATE_BROKEN', cell: 'tree node' }, 'expected a tree node as it was written');
}
