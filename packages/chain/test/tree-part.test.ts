// Goal: a state that travels in parts is exactly the one its root names, and every part shows by itself whether it is true.
import { fromHex, toHex, utf8 } from '@radledger/primitives';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  type BucketCell,
  hashedKeyOf,
  leafHashOf,
  type PartPlace,
  readRoot,
  readTreePart,
  type TreePart,
  updateTree,
  valueHashOf,
  verifyTreePart,
} from '../src/index.js';
import { createMemoryState, type MemoryState } from '../src/testing/index.js';

let state: MemoryState;
let root: Uint8Array;
const LIMITS = { cellsMax: 20, bytesMax: 100_000 };

async function stateOf(count: number): Promise<MemoryState> {
  const made = createMemoryState();
  const cells = new Map(
    Array.from({ length: count }, (_, index) => [toHex(utf8(`cell ${index}`)), utf8(`value ${index}`)] as const),
  );
  const changes = [...cells].map(([hex, value]) => {
    const name = fromHex(hex);
    return { key: hashedKeyOf(name), name, value: () => value };
  });
  const { nodes, root: stateRoot } = await updateTree(made, changes);
  made.commit({ cells, nodes, stateRoot });
  return made;
}

beforeAll(async () => {
  state = await stateOf(500);
  root = await readRoot(state);
});

async function partAt(prefix: string, from: MemoryState = state): Promise<TreePart> {
  const part = await readTreePart(from, prefix, LIMITS);
  if (part === undefined) throw new Error(`expected a part at ${prefix}`);
  return part;
}

test.each([1, 2, 3, 16, 500])('all cells of a state of %i arrive', async (count) => {
  const from = await stateOf(count);
  const pending: PartPlace[] = [{ prefix: '', hash: await readRoot(from) }];
  const arrived: BucketCell[] = [];
  for (let place = pending.pop(); place; place = pending.pop()) {
    const { cells, places } = verifyTreePart(place, await partAt(place.prefix, from));
    arrived.push(...cells);
    pending.push(...places);
  }
  expect(arrived.map(({ name }) => toHex(name)).sort()).toEqual([...from.cells.keys()].sort());
});

test('a place without a cell has no part', async () => {
  expect(await readTreePart(state, 'f'.repeat(64), LIMITS)).toBeUndefined();
});

// The hash of a cell that has a neighbour proves the same root as the cell itself: whoever was told it must get the cell elsewhere.
test('a place that is only a cell has that cell as its part', async () => {
  const part = await partAt('');
  if (part.kind !== 'split') throw new Error('expected a split');
  const places = part.children.flatMap((_, nibble) => nibble.toString(16));
  const alone: { readonly place: PartPlace; readonly cell: BucketCell }[] = [];
  for (const first of places) {
    for (const second of places) {
      const prefix = first + second;
      const below = [...state.cells.keys()].filter((hex) => toHex(hashedKeyOf(fromHex(hex))).startsWith(prefix));
      const [only] = below;
      if (below.length !== 1 || !only) continue;
      const cell = { name: fromHex(only), value: state.cells.get(only)! };
      alone.push({ place: { prefix, hash: leafHashOf(hashedKeyOf(cell.name), valueHashOf(cell.value)) }, cell });
    }
  }
  expect(alone.length).toBeGreaterThan(10);
  for (const { place, cell } of alone) {
    const own = await partAt(place.prefix);
    expect(own).toEqual({ kind: 'cells', cells: [cell] });
    expect(verifyTreePart(place, own)).toEqual({ cells: [cell], places: [] });
  }
});

test('a place with few but large cells is split', async () => {
  const part = await readTreePart(state, '0', { cellsMax: 1_000, bytesMax: 100 });
  expect(part?.kind).toBe('split');
});

describe('refused', () => {
  const refuse = (place: PartPlace, part: TreePart): void =>
    expect(() => verifyTreePart(place, part)).toThrowError(expect.objectContaining({ code: 'PROOF_INVALID' }) as Error);

  async function leafPlace(): Promise<{ readonly place: PartPlace; readonly cells: readonly BucketCell[] }> {
    const { places } = verifyTreePart({ prefix: '', hash: root }, await partAt(''));
    const pending = [...places];
    for (let place = pending.pop(); place; place = pending.pop()) {
      const part = await partAt(place.prefix);
      if (part.kind === 'cells') return { place, cells: part.cells };
      pending.push(...verifyTreePart(place, part).places);
    }
    throw new Error('expected a part with cells');
  }

  test('an altered leaf', async () => {
    const { place, cells } = await leafPlace();
    const [first, ...rest] = cells;
    refuse(place, { kind: 'cells', cells: [{ ...first!, value: utf8('mine') }, ...rest] });
  });

  test('a truncated part, a part with a cell twice, and one with a cell from elsewhere', async () => {
    const { place, cells } = await leafPlace();
    refuse(place, { kind: 'cells', cells: cells.slice(1) });
    refuse(place, { kind: 'cells', cells: [] });
    refuse(place, { kind: 'cells', cells: [...cells, cells[0]!] });
    const stranger = (await stateOf(501)).cells.get(toHex(utf8('cell 500')))!;
    refuse(place, { kind: 'cells', cells: [...cells, { name: utf8('cell 500'), value: stranger }] });
  });

  // BNB bridge, October 2022: an IAVL range proof was believed although a hash beside the path entered nothing that was checked.
  test('a forged range: hashes beside the true ones, a hidden child, a leaf that takes the place of a branch', async () => {
    const part = await partAt('');
    if (part.kind !== 'split') throw new Error('expected a split');
    const place = { prefix: '', hash: root };
    const { children } = part;
    const at = children.findIndex((child) => child !== undefined);
    const without = children.map((child, index) => (index === at ? undefined : child));
    refuse(place, { kind: 'split', children: without });
    refuse(place, { kind: 'split', children: [...children, { hash: root }] });
    refuse(place, { kind: 'split', children: children.slice(0, 15) });
    const swapped = children.map((child, index) => (index === at ? children[at + 1] : child));
    refuse(place, { kind: 'split', children: swapped });
    refuse(place, { kind: 'split', children: children.map((child, index) => (index === at ? { hash: root } : child)) });
    // The whole tree as one child: a lone branch does not rise, so the hash of its parent is another.
    refuse(place, { kind: 'split', children: children.map((_, index) => (index === 3 ? { hash: root } : undefined)) });
    // A cell of the attacker's as the only one: it would rise to the root if it had the root's hash.
    const name = utf8('cell 0');
    const nibble = Number.parseInt(toHex(hashedKeyOf(name))[0]!, 16);
    const alone = Array.from({ length: 16 }, (_, index) =>
      index === nibble ? { cell: { name, value: utf8('x') } } : undefined,
    );
    refuse(place, { kind: 'split', children: alone });
    expect(leafHashOf(hashedKeyOf(name), valueHashOf(utf8('x')))).not.toEqual(root);
  });

  test('nothing as a place of its own: what lies beside a branch hashes like 32 zero bytes', async () => {
    const lone = await stateOf(0);
    const names = Array.from({ length: 4_000 }, (_, index) => utf8(`name ${index}`)).filter((name) =>
      toHex(hashedKeyOf(name)).startsWith('2'),
    );
    const changes = names.map((name) => ({ key: hashedKeyOf(name), name, value: () => utf8('x') }));
    const { nodes, root: stateRoot } = await updateTree(lone, changes);
    lone.commit({ cells: new Map(names.map((name) => [toHex(name), utf8('x')])), nodes, stateRoot });
    const part = await partAt('', lone);
    if (part.kind !== 'split') throw new Error('expected a split');
    expect(part.children[3]).toBeUndefined();
    const children = part.children.map((child, nibble) => (nibble === 3 ? { hash: new Uint8Array(32) } : child));
    verifyTreePart({ prefix: '', hash: stateRoot }, part);
    refuse({ prefix: '', hash: stateRoot }, { kind: 'split', children });
  });

  test('a split below the last digit', () => {
    const place = { prefix: '0'.repeat(64), hash: root };
    refuse(place, { kind: 'split', children: new Array<undefined>(16).fill(undefined) });
  });
});
