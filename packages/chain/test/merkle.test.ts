import { hash, toHex, utf8 } from '@radledger/primitives';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { merkleRootInSlices } from '../src/merkle.js';
import { EMPTY_MERKLE_ROOT, merkleRoot, proveInclusion, verifyInclusion } from '../src/index.js';

/** RFC 9162, section 2.1.1, word for word with our tags: split at the largest power of two below n. */
function definition(leaves: readonly Uint8Array[]): Uint8Array {
  const [first] = leaves;
  if (first === undefined) return hash('radledger/merkle-empty/1');
  if (leaves.length === 1) return hash('radledger/merkle-leaf/1', first);
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return hash('radledger/merkle-node/1', definition(leaves.slice(0, split)), definition(leaves.slice(split)));
}

const leavesOf = (count: number): Uint8Array[] => Array.from({ length: count }, (_, index) => utf8(`leaf ${index}`));

describe('merkleRoot', () => {
  test('follows the definition for every size', () => {
    for (let count = 0; count <= 70; count++) {
      expect(toHex(merkleRoot(leavesOf(count)))).toBe(toHex(definition(leavesOf(count))));
    }
    expect(merkleRoot([])).toEqual(EMPTY_MERKLE_ROOT);
    expect(toHex(merkleRoot([new Uint8Array(9_000)]))).toBe(toHex(definition([new Uint8Array(9_000)])));
    expect(toHex(merkleRoot([new Uint8Array(70_000)]))).toBe(toHex(definition([new Uint8Array(70_000)])));
  });

  test('in slices it is the same root, with pauses', async () => {
    for (const count of [0, 1, 511, 512, 513, 1_024, 1_537, 3_001]) {
      let pauses = 0;
      const pause = (): Promise<void> => {
        pauses += 1;
        return Promise.resolve();
      };
      expect(toHex(await merkleRootInSlices(leavesOf(count), pause))).toBe(toHex(merkleRoot(leavesOf(count))));
      expect(pauses > 0).toBe(count > 512);
    }
  });

  test('a doubled last leaf gives another root', () => {
    const leaves = leavesOf(5);
    expect(toHex(merkleRoot([...leaves, leaves[4] as Uint8Array]))).not.toBe(toHex(merkleRoot(leaves)));
  });
});

test('inclusion is proven for every leaf, and for nothing else', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 60 }), fc.nat(), fc.nat(), fc.nat(255), (count, at, where, flip) => {
      const leaves = leavesOf(count);
      const root = merkleRoot(leaves);
      const index = at % count;
      const leaf = leaves[index] as Uint8Array;
      const proof = proveInclusion(leaves, index);
      expect(verifyInclusion({ root, leaf, proof })).toBe(true);
      expect(verifyInclusion({ root, leaf: utf8('other'), proof })).toBe(false);
      expect(verifyInclusion({ root, leaf, proof: { ...proof, index: index + count } })).toBe(false);
      if (count > 1)
        expect(verifyInclusion({ root, leaf, proof: { ...proof, index: (index + 1) % count } })).toBe(false);
      expect(verifyInclusion({ root, leaf, proof: { ...proof, path: [...proof.path, root] } })).toBe(false);
      if (proof.path.length === 0) return;
      expect(verifyInclusion({ root, leaf, proof: { ...proof, path: proof.path.slice(1) } })).toBe(false);
      const step = where % proof.path.length;
      const bent = proof.path.map((hashed, level) =>
        level === step ? hashed.map((byte) => byte ^ (flip || 1)) : hashed,
      );
      expect(verifyInclusion({ root, leaf, proof: { ...proof, path: bent } })).toBe(false);
    }),
    { seed: 23, numRuns: 200 },
  );
});
