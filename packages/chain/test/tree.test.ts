import { concatBytes, equalBytes, fromHex, toHex, utf8 } from '@radledger/primitives';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type CellProof,
  ChainError,
  decodeCellProof,
  EMPTY_SUBTREE,
  encodeCellProof,
  hashedKeyOf,
  proveBucket,
  proveCell,
  readRoot,
  updateTree,
  verifyBucket,
  verifyCellProof,
} from '../src/index.js';
import { createMemoryState, type MemoryState } from '../src/testing/index.js';
import { type ReferenceCell, referenceRoot } from './reference-tree.js';

const SEED = 20_260_101;
const nameOf = (index: number): Uint8Array => utf8(`cell/${index}`);

/** Writes values (undefined deletes) in one batch, and gives the root. */
async function write(state: MemoryState, values: ReadonlyMap<number, number | undefined>): Promise<Uint8Array> {
  const cells = new Map<string, Uint8Array | undefined>();
  const changes = [...values].map(([index, value]) => {
    const name = nameOf(index);
    const bytes = value === undefined ? undefined : Uint8Array.of(value);
    cells.set(toHex(name), bytes);
    return { key: hashedKeyOf(name), name, value: () => bytes };
  });
  const { root, nodes } = await updateTree(state, changes);
  state.commit({ cells, nodes, stateRoot: root });
  return root;
}

function contentOf(state: MemoryState): ReferenceCell[] {
  return [...state.cells].map(([hex, value]) => ({ name: fromHex(hex), value }));
}

const batches = fc.array(
  fc.array(fc.tuple(fc.nat(60), fc.option(fc.nat(255), { nil: undefined, freq: 3 })), { maxLength: 40 }),
  { maxLength: 6 },
);

describe('updateTree', () => {
  // Goal: the root depends on the content alone. Method: random batches of puts and deletions against the definition.
  test('gives the root of the definition after any history', async () => {
    await fc.assert(
      fc.asyncProperty(batches, async (history) => {
        const state = createMemoryState();
        for (const batch of history) {
          const root = await write(state, new Map(batch));
          expect(toHex(await readRoot(state))).toBe(toHex(batch.length === 0 ? await readRoot(state) : root));
        }
        expect(toHex(await readRoot(state))).toBe(toHex(referenceRoot(contentOf(state))));
      }),
      { seed: SEED, numRuns: 150 },
    );
  });

  test('does not depend on the order or the batches of insertion, and leaves the same nodes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.nat(2_000), { minLength: 1, maxLength: 60 }),
        fc.nat(60),
        async (indexes, cut) => {
          const at = (some: readonly number[]): Map<number, number> =>
            new Map(some.map((index) => [index, index % 256]));
          const [one, two] = [createMemoryState(), createMemoryState()];
          const root = await write(one, at(indexes));
          await write(two, at(indexes.slice(cut)));
          await write(two, at(indexes.slice(0, cut)));
          expect(toHex(await readRoot(two))).toBe(toHex(root));
        },
      ),
      { seed: SEED, numRuns: 60 },
    );
  });

  test('batches larger than a slice give the root of the definition, and deleting all gives the empty root', async () => {
    const state = createMemoryState();
    const indexes = Array.from({ length: 3_000 }, (_, index) => index);
    await write(state, new Map(indexes.map((index) => [index, index % 251])));
    const root = await write(
      state,
      new Map(indexes.slice(0, 2_500).map((index) => [index, index % 2 === 0 ? undefined : 7])),
    );
    expect(toHex(root)).toBe(toHex(referenceRoot(contentOf(state))));
    expect(await write(state, new Map(indexes.map((index) => [index, undefined])))).toEqual(EMPTY_SUBTREE);
    expect(await readRoot(state)).toEqual(EMPTY_SUBTREE);
  });

  test('refuses a store that lost a node', async () => {
    const state = createMemoryState();
    await write(state, new Map(Array.from({ length: 200 }, (_, index) => [index, 1])));
    const torn = {
      ...state,
      getNodes: async (paths: readonly Uint8Array[]) =>
        (await state.getNodes(paths)).map((node, at) => (paths[at]?.[0] === 1 ? undefined : node)),
    };
    const key = hashedKeyOf(nameOf(3));
    const change = { key, name: nameOf(3), value: () => Uint8Array.of(9) };
    await expect(updateTree(torn, [change])).rejects.toMatchObject({ code: 'STATE_BROKEN' });
  });
});

async function filledState(count: number): Promise<{ state: MemoryState; stateRoot: Uint8Array }> {
  const state = createMemoryState();
  const stateRoot = await write(state, new Map(Array.from({ length: count }, (_, index) => [index, index % 256])));
  return { state, stateRoot };
}

describe('cell proofs', () => {
  test.each([0, 1, 2, 17, 500])('prove presence and absence among %i cells', async (count) => {
    const { state, stateRoot } = await filledState(count);
    for (let index = 0; index < count + 40; index++) {
      const name = nameOf(index);
      const [value] = await state.getMany([name]);
      const proof = decodeCellProof(encodeCellProof(await proveCell(state, name)));
      expect(verifyCellProof({ stateRoot, name, value, proof })).toBe(true);
      const wrong = value === undefined ? Uint8Array.of(0) : undefined;
      expect(verifyCellProof({ stateRoot, name, value: wrong, proof })).toBe(false);
      expect(verifyCellProof({ stateRoot, name, value: Uint8Array.of(1, 2), proof })).toBe(false);
    }
  });

  // Goal: no mutated proof is accepted (I17). Method: every byte of an encoded proof changed, cut or added to, and claims
  // about other cells; whatever still decodes must be refused, unless it is the proof itself.
  test('no mutation is accepted', async () => {
    const { state, stateRoot } = await filledState(300);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(400),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        fc.nat(2),
        async (index, at, flip, how) => {
          const name = nameOf(index);
          const [value] = await state.getMany([name]);
          const encoded = encodeCellProof(await proveCell(state, name));
          const mutated =
            how === 0
              ? encoded.map((byte, position) => (position === at % encoded.length ? byte ^ flip : byte))
              : how === 1
                ? encoded.slice(0, at % encoded.length)
                : concatBytes(encoded, Uint8Array.of(flip));
          let proof: CellProof;
          try {
            proof = decodeCellProof(mutated);
          } catch (error) {
            expect(error).toBeInstanceOf(ChainError);
            return;
          }
          expect(verifyCellProof({ stateRoot, name, value, proof })).toBe(false);
        },
      ),
      { seed: SEED, numRuns: 1_500 },
    );
  });

  test('a proof with siblings moved, doubled, dropped or emptied is refused', async () => {
    const { state, stateRoot } = await filledState(300);
    for (let index = 0; index < 320; index += 5) {
      const name = nameOf(index);
      const [value] = await state.getMany([name]);
      const { siblings, other } = await proveCell(state, name);
      const last = siblings.length - 1;
      const forged: CellProof[] = [
        { siblings: siblings.slice(0, last), other },
        { siblings: [...siblings, undefined], other },
        { siblings: [...siblings, EMPTY_SUBTREE], other },
        { siblings: [...siblings, siblings[0]], other },
        { siblings: [undefined, ...siblings.slice(1)], other },
        { siblings: [...siblings].reverse(), other },
        { siblings, other: { key: hashedKeyOf(name), valueHash: new Uint8Array(32) } },
        { siblings: Array.from({ length: 257 }, () => siblings[0]), other },
      ];
      for (const proof of forged) expect(verifyCellProof({ stateRoot, name, value, proof })).toBe(false);
    }
  });
});

describe('bucket proofs', () => {
  test.each([0, 1, 2, 40, 400])('show all cells of every prefix among %i cells', async (count) => {
    const { state, stateRoot } = await filledState(count);
    const all = contentOf(state).map((cell) => ({ ...cell, key: toHex(hashedKeyOf(cell.name)) }));
    for (const prefix of [
      '',
      '0',
      '7',
      'f',
      '3a',
      'c0',
      '1f3',
      '00000000',
      ...all.slice(0, 12).map(({ key }) => key.slice(0, 5)),
    ]) {
      const { cells, proof } = await proveBucket(state, prefix);
      const expected = all.filter(({ key }) => key.startsWith(prefix));
      expect(cells.map(({ name }) => toHex(name)).sort()).toEqual(expected.map(({ name }) => toHex(name)).sort());
      const carried = decodeCellProof(encodeCellProof(proof));
      expect(verifyBucket({ stateRoot, prefix, cells, proof: carried })).toBe(true);
      if (cells.length > 0) expect(verifyBucket({ stateRoot, prefix, cells: cells.slice(1), proof })).toBe(false);
      const extra = { name: utf8('invented'), value: Uint8Array.of(1) };
      expect(verifyBucket({ stateRoot, prefix, cells: [...cells, extra], proof })).toBe(false);
      const changed = cells.map((cell, at) => (at === 0 ? { ...cell, value: Uint8Array.of(1, 1) } : cell));
      if (cells.length > 0) expect(verifyBucket({ stateRoot, prefix, cells: changed, proof })).toBe(false);
      if (cells.length > 0)
        expect(verifyBucket({ stateRoot, prefix, cells: [...cells, ...cells.slice(0, 1)], proof })).toBe(false);
    }
  });

  test('refuses a prefix that is none, and a bucket above the limit', async () => {
    const { state, stateRoot } = await filledState(40);
    await expect(proveBucket(state, 'A')).rejects.toMatchObject({ code: 'PROOF_INVALID' });
    await expect(proveBucket(state, '', { cellsMax: 10 })).rejects.toMatchObject({ code: 'BUCKET_TOO_LARGE' });
    const { cells, proof } = await proveBucket(state, '');
    expect(verifyBucket({ stateRoot, prefix: 'zz', cells, proof })).toBe(false);
    expect(equalBytes(stateRoot, referenceRoot(cells))).toBe(true);
  });
});
