/** Proofs that a cell has a value, or is absent, under a state root. Browser-safe. Spec: docs/spec/state.md, section 6. */
import { bytes, encodeWith, equalBytes, list, optional, struct, uint } from '@radledger/primitives';
import { hashedKeyOf } from '../cell-names.js';
import { decodeFormat } from '../decoding.js';
import { ChainError } from '../errors.js';
import type { StateReader } from '../state-reader.js';
import { bitOf, branchHashOf, EMPTY_SUBTREE, leafHashOf, nibbleOf, sharesBits, valueHashOf } from './hashing.js';
import { decodeNode, encodeNodePath, type Subtree, subtreeOf } from './node.js';

/** The leaf that stands where the absent cell would. */
export interface OtherLeaf {
  readonly key: Uint8Array;
  readonly valueHash: Uint8Array;
}

/** The siblings on the way from the root (first) to the leaf or gap; undefined for a sibling without cells. */
export interface CellProof {
  readonly siblings: readonly (Uint8Array | undefined)[];
  /** Only in proofs of absence. */
  readonly other: OtherLeaf | undefined;
}

/**
 * Proof of a cell's value or of its absence.
 * @throws {ChainError} `STATE_BROKEN`
 */
export async function proveCell(state: StateReader, name: Uint8Array): Promise<CellProof> {
  const key = hashedKeyOf(name);
  const { siblings, end } = await descend(state, key, 256);
  if (end?.name === undefined || equalBytes(end.name, name)) return { siblings, other: undefined };
  return { siblings, other: await otherLeaf(state, end.name) };
}

/** Whether the cell has exactly this value (undefined: is absent) under the root. Never throws. */
export function verifyCellProof(input: {
  readonly stateRoot: Uint8Array;
  readonly name: Uint8Array;
  readonly value: Uint8Array | undefined;
  readonly proof: CellProof;
}): boolean {
  const { name, value, proof } = input;
  if (name.length > 255 || !isWellFormed(proof, 256) || !endsBesideCells(proof)) return false;
  const key = hashedKeyOf(name);
  const depth = proof.siblings.length;
  let end: Uint8Array;
  if (value !== undefined) {
    if (proof.other !== undefined) return false;
    end = leafHashOf(key, valueHashOf(value));
  } else if (proof.other !== undefined) {
    if (equalBytes(proof.other.key, key) || !sharesBits(proof.other.key, key, depth)) return false;
    end = leafHashOf(proof.other.key, proof.other.valueHash);
  } else {
    end = EMPTY_SUBTREE;
  }
  return equalBytes(foldSiblings(key, proof.siblings, end), input.stateRoot);
}

const proofSchema = struct({
  depth: uint(256),
  /** One bit a level, from the root, 1 = the sibling holds cells; the last byte filled up with zeros. */
  bitmap: bytes({ max: 32 }),
  siblings: list(bytes({ length: 32 }), { max: 256 }),
  other: optional(struct({ key: bytes({ length: 32 }), valueHash: bytes({ length: 32 }) })),
});

/** Longest encoded proof, in bytes. */
export const CELL_PROOF_BYTES_MAX = 9_000;

/** Canonical bytes: about 34 bytes a level that has a sibling. */
export function encodeCellProof(proof: CellProof): Uint8Array {
  const depth = proof.siblings.length;
  const bitmap = new Uint8Array((depth + 7) >> 3);
  proof.siblings.forEach((sibling, level) => {
    if (sibling !== undefined) bitmap[level >> 3] = (bitmap[level >> 3] as number) | (0x80 >> (level & 7));
  });
  const siblings = proof.siblings.filter((sibling) => sibling !== undefined);
  return encodeWith(proofSchema, { depth, bitmap, siblings, other: proof.other });
}

/** @throws {ChainError} `TOO_LARGE` | `MALFORMED` | `PROOF_INVALID` */
export function decodeCellProof(encoded: Uint8Array): CellProof {
  const { depth, bitmap, siblings, other } = decodeFormat('cell proof', proofSchema, encoded, {
    bytesMax: CELL_PROOF_BYTES_MAX,
    depthMax: 3,
  });
  const spread: (Uint8Array | undefined)[] = [];
  let used = 0;
  for (let level = 0; level < depth; level++) {
    const isPresent = bitmap.length === (depth + 7) >> 3 && bitOf(bitmap, level) === 1;
    spread.push(isPresent ? siblings[used++] : undefined);
  }
  const proof: CellProof = { siblings: spread, other };
  if (used !== siblings.length || !isWellFormed(proof, 256) || !equalBytes(encodeCellProof(proof), encoded)) {
    throw new ChainError({ code: 'PROOF_INVALID' }, 'expected a proof with one hash for each bit of its map');
  }
  return proof;
}

/** The way from the root towards `key`, at most `depthMax` bits down. */
export async function descend(
  state: Pick<StateReader, 'getNodes'>,
  key: Uint8Array,
  depthMax: number,
): Promise<{ siblings: (Uint8Array | undefined)[]; end: Subtree | undefined }> {
  const siblings: (Uint8Array | undefined)[] = [];
  for (let depth = 0; ; depth++) {
    const [encoded] = await state.getNodes([encodeNodePath(key, depth)]);
    if (encoded === undefined) {
      if (depth === 0) return { siblings, end: undefined };
      throw new ChainError(
        { code: 'STATE_BROKEN', cell: 'tree node' },
        'expected the store to hold every node its parent names',
      );
    }
    const node = decodeNode(encoded);
    const nibble = nibbleOf(key, depth);
    for (let width = 16; ; width /= 2) {
      const first = nibble - (nibble % width);
      const current = subtreeOf(node, first, width);
      // A single leaf stands as high as it can, so nothing lies below it; the same for a gap.
      if (current === undefined || current.name !== undefined || siblings.length === depthMax)
        return { siblings, end: current };
      if (width === 1) break;
      const half = width / 2;
      const siblingFirst = nibble % width < half ? first + half : first;
      siblings.push(subtreeOf(node, siblingFirst, half)?.hash);
    }
  }
}

/** The root that a subtree at the end of `siblings` gives. */
export function foldSiblings(
  key: Uint8Array,
  siblings: readonly (Uint8Array | undefined)[],
  end: Uint8Array,
): Uint8Array {
  let current = end;
  for (let level = siblings.length - 1; level >= 0; level--) {
    const sibling = siblings[level] ?? EMPTY_SUBTREE;
    current = bitOf(key, level) === 0 ? branchHashOf(current, sibling) : branchHashOf(sibling, current);
  }
  return current;
}

/** The leaf of a cell as an absence proof shows it. */
export async function otherLeaf(state: StateReader, name: Uint8Array): Promise<OtherLeaf> {
  const [value] = await state.getMany([name]);
  if (value === undefined) {
    throw new ChainError({ code: 'STATE_BROKEN', cell: 'tree leaf' }, 'expected a value for every leaf of the tree');
  }
  return { key: hashedKeyOf(name), valueHash: valueHashOf(value) };
}

/** Shapes: at most `depthMax` levels, hashes of 32 bytes, and no empty subtree given as a hash. */
export function isWellFormed({ siblings, other }: CellProof, depthMax: number): boolean {
  return (
    siblings.length <= depthMax &&
    siblings.every(
      (sibling) => sibling === undefined || (sibling.length === 32 && !equalBytes(sibling, EMPTY_SUBTREE)),
    ) &&
    (other === undefined || (other.key.length === 32 && other.valueHash.length === 32))
  );
}

/** A leaf or gap hangs beside other cells, or it would have collapsed upwards. */
export function endsBesideCells({ siblings }: CellProof): boolean {
  return siblings.length === 0 || siblings[siblings.length - 1] !== undefined;
}
