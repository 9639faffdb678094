/** Hashes of the state tree. Spec: docs/spec/state.md, section 3. */
import { concatBytes, encodeCanonical, sha256 } from '@radledger/primitives';
import { bytesHasher } from '../bytes-hasher.js';

/** The hash of a subtree without cells, and the state root of an empty state: 32 zero bytes. */
export const EMPTY_SUBTREE: Uint8Array = new Uint8Array(32);

const hashValue = bytesHasher('radledger/value/1');

/** H('radledger/value/1', value): what a leaf holds of a cell's value. */
export function valueHashOf(value: Uint8Array): Uint8Array {
  return hashValue(value);
}

// Inner hashes are most of the work of a block, so both layouts are written once and only the 32-byte fields replaced.
// That is safe because hashing is synchronous and copies its input.
const leafTemplate = pairTemplate('radledger/leaf/1');
const branchTemplate = pairTemplate('radledger/branch/1');

/** H('radledger/leaf/1', hashed key, value hash). */
export function leafHashOf(key: Uint8Array, valueHash: Uint8Array): Uint8Array {
  return hashPair(leafTemplate, key, valueHash);
}

/** H('radledger/branch/1', left, right): the root of two subtrees that hold at least two cells together. */
export function branchHashOf(left: Uint8Array, right: Uint8Array): Uint8Array {
  return hashPair(branchTemplate, left, right);
}

interface PairTemplate {
  readonly buffer: Uint8Array;
  readonly left: number;
  readonly right: number;
}

function pairTemplate(tag: string): PairTemplate {
  const head = concatBytes(Uint8Array.of(0x93), encodeCanonical(tag));
  const binary = Uint8Array.of(0xc4, 32);
  const gap = new Uint8Array(32);
  return {
    buffer: concatBytes(head, binary, gap, binary, gap),
    left: head.length + 2,
    right: head.length + 2 + 32 + 2,
  };
}

function hashPair({ buffer, left, right }: PairTemplate, a: Uint8Array, b: Uint8Array): Uint8Array {
  buffer.set(a, left);
  buffer.set(b, right);
  return sha256(buffer);
}

/** Bit `index` (0 = first) of a hashed key. */
export function bitOf(key: Uint8Array, index: number): 0 | 1 {
  return (((key[index >> 3] as number) >> (7 - (index & 7))) & 1) as 0 | 1;
}

/** Nibble `index` (0 = first) of a hashed key. */
export function nibbleOf(key: Uint8Array, index: number): number {
  const byte = key[index >> 1] as number;
  return index % 2 === 0 ? byte >> 4 : byte & 0x0f;
}

/** Whether two hashed keys agree in their first `bits` bits. */
export function sharesBits(a: Uint8Array, b: Uint8Array, bits: number): boolean {
  for (let i = 0; i < bits >> 3; i++) if (a[i] !== b[i]) return false;
  for (let i = bits & ~7; i < bits; i++) if (bitOf(a, i) !== bitOf(b, i)) return false;
  return true;
}
