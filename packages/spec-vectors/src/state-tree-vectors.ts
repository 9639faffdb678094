import {
  type BucketCell,
  cellKey,
  decodeCellProof,
  encodeCellProof,
  hashedKeyOf,
  proveBucket,
  proveCell,
  updateTree,
  verifyBucket,
  verifyCellProof,
} from '@radledger/chain';
import { createMemoryState, type MemoryState } from '@radledger/chain/testing';
import { compareBytes, decodeCanonical, encodeCanonical, fromHex, sha256, toHex, utf8 } from '@radledger/primitives';
import { cellsAsJson } from './genesis-vectors.js';
import { asJson, type VectorCase, type VectorFile } from './vector-file.js';

type Cells = readonly BucketCell[];

export async function stateTreeVectors(): Promise<VectorFile[]> {
  return [
    { name: 'state-tree', spec: 'state.md', cases: await Promise.all(keySets().map(keySetVector)) },
    { name: 'state-nodes', spec: 'state.md', cases: await Promise.all(keySets().slice(0, 5).map(nodesVector)) },
    { name: 'state-proofs-judged', spec: 'state.md', cases: [...(await cellProofs()), ...(await buckets())] },
  ];
}

interface KeySet {
  readonly name: string;
  readonly cells: Cells;
  readonly names: readonly Uint8Array[];
  readonly prefixes: readonly string[];
}

function cellsOf(count: number): Cells {
  return Array.from({ length: count }, (_, index) => cellOf(`cell ${index}`));
}

function cellOf(label: string): BucketCell {
  return { name: nameOf(label), value: utf8(label) };
}

function nameOf(label: string): Uint8Array {
  return cellKey.owner(sha256(utf8(label)));
}

function keySets(): KeySet[] {
  const absent = Array.from({ length: 6 }, (_, index) => nameOf(`absent ${index}`));
  const deep = sharingBits(18);
  const many = cellsOf(200);
  const prefixesOf = (cells: Cells): string[] =>
    cells.flatMap(({ name }) => [1, 2, 3, 8].map((length) => toHex(hashedKeyOf(name)).slice(0, length)));
  return [
    { name: 'empty', cells: [], names: absent.slice(0, 1), prefixes: ['', '0', '01234567'] },
    { name: 'one cell', cells: cellsOf(1), names: [nameOf('cell 0'), ...absent.slice(0, 2)], prefixes: ['', 'f'] },
    { name: 'two cells', cells: cellsOf(2), names: [nameOf('cell 1'), ...absent], prefixes: ['', '0', '8'] },
    {
      name: 'two neighbours among others',
      cells: [...cellsOf(3), ...deep],
      names: [...deep.map(({ name }) => name), ...absent],
      prefixes: ['', ...prefixesOf(deep.slice(0, 1))],
    },
    {
      name: 'names of every length',
      cells: ['', 'a', 'params', 'x'.repeat(107), 'y'.repeat(255)].map((name) => ({
        name: utf8(name),
        value: utf8(name.repeat(3)),
      })),
      names: ['', 'params', 'y'.repeat(255), 'seed'].map(utf8),
      prefixes: [''],
    },
    {
      name: '200 cells',
      cells: many,
      names: [...many.slice(0, 8).map(({ name }) => name), ...absent],
      prefixes: [...prefixesOf(many.slice(8, 10)), 'abcdef01'],
    },
  ];
}

/** Two cells whose hashed keys begin alike: the first pair found, so the same in every run. */
function sharingBits(bits: number): Cells {
  const seen = new Map<number, string>();
  for (let index = 0; ; index++) {
    const label = `neighbour ${index}`;
    const key = hashedKeyOf(nameOf(label));
    const start = new DataView(key.buffer, key.byteOffset).getUint32(0) >>> (32 - bits);
    const other = seen.get(start);
    if (other !== undefined) return [cellOf(other), cellOf(label)];
    seen.set(start, label);
  }
}

interface BuiltState {
  readonly state: MemoryState;
  readonly root: Uint8Array;
  readonly nodes: ReadonlyMap<string, Uint8Array | undefined>;
}

async function stateOf(cells: Cells): Promise<BuiltState> {
  const state = createMemoryState();
  const changes = cells
    .map(({ name, value }) => ({ key: hashedKeyOf(name), name, value: () => value }))
    .sort((a, b) => compareBytes(a.key, b.key));
  const { root, nodes } = await updateTree(state, changes);
  state.commit({ cells: new Map(cells.map(({ name, value }) => [toHex(name), value])), nodes, stateRoot: root });
  return { state, root, nodes };
}

async function keySetVector({ name, cells, names, prefixes }: KeySet): Promise<VectorCase> {
  const { state, root } = await stateOf(cells);
  const pairs = (some: Cells): string[][] => some.map((cell) => [toHex(cell.name), toHex(cell.value)]);
  return {
    name,
    input: asJson({ cells: pairs(cells), names, prefixes }),
    output: asJson({
      root,
      proofs: await Promise.all(
        names.map(async (wanted) => ({
          value: (await state.getMany([wanted]))[0] ?? null,
          proof: encodeCellProof(await proveCell(state, wanted)),
        })),
      ),
      buckets: await Promise.all(
        prefixes.map(async (prefix) => {
          const bucket = await proveBucket(state, prefix);
          return { cells: pairs(bucket.cells), proof: encodeCellProof(bucket.proof) };
        }),
      ),
    }),
  };
}

/** What a store keeps of a tree that is written at once. */
async function nodesVector({ name, cells }: KeySet): Promise<VectorCase> {
  const { nodes } = await stateOf(cells);
  const pairs = cells.map((cell) => [toHex(cell.name), toHex(cell.value)]);
  return { name, input: { cells: pairs }, output: cellsAsJson(nodes) };
}

/** True when the bytes are a proof and it holds. */
function holds(encoded: Uint8Array, verify: (proof: ReturnType<typeof decodeCellProof>) => boolean): boolean {
  try {
    return verify(decodeCellProof(encoded));
  } catch {
    return false;
  }
}

type ProofParts = [depth: number, bitmap: Uint8Array, siblings: Uint8Array[], other: [] | [[Uint8Array, Uint8Array]]];

/** A proof with its parts changed, however wrong the result. */
function changed(proof: Uint8Array, change: (...parts: ProofParts) => ProofParts): Uint8Array {
  const parts = decodeCanonical(proof, { bytesMax: 10_000 }) as unknown as ProofParts;
  return encodeCanonical(change(...parts));
}

async function cellProofs(): Promise<VectorCase[]> {
  const cells = cellsOf(40);
  const { state, root } = await stateOf(cells);
  const { name, value } = cells[0] as BucketCell;
  const proof = encodeCellProof(await proveCell(state, name));
  const absences = await Promise.all(
    Array.from({ length: 40 }, async (_, index) => {
      const absent = nameOf(`absent ${index}`);
      return { absent, found: await proveCell(state, absent) };
    }),
  );
  const pick = (withOther: boolean): { absent: Uint8Array; encoded: Uint8Array } => {
    const found = absences.find((entry) => (entry.found.other !== undefined) === withOther);
    if (found === undefined) throw new Error('forty absent names end in a gap and beside a leaf');
    return { absent: found.absent, encoded: encodeCellProof(found.found) };
  };
  const [beside, gap] = [pick(true), pick(false)];
  const own: [Uint8Array, Uint8Array] = [hashedKeyOf(name), sha256(value)];
  const judged = (
    title: string,
    cell: Uint8Array,
    claimed: Uint8Array | undefined,
    encoded: Uint8Array,
    under = root,
  ): VectorCase => ({
    name: title,
    input: asJson({ root: under, name: cell, value: claimed ?? null, proof: encoded }),
    output: holds(encoded, (read) => verifyCellProof({ stateRoot: under, name: cell, value: claimed, proof: read })),
  });
  return [
    judged('presence', name, value, proof),
    judged('absence, another leaf there', beside.absent, undefined, beside.encoded),
    judged('absence, nothing there', gap.absent, undefined, gap.encoded),
    judged('another value', name, utf8('cell 1'), proof),
    judged('another name', nameOf('cell 1'), value, proof),
    judged('another root', name, value, proof, sha256(root)),
    judged('a present cell as absent', name, undefined, proof),
    judged('an absent cell as present', gap.absent, utf8('x'), gap.encoded),
    judged(
      'absence shown by the very cell',
      name,
      undefined,
      changed(proof, (depth, bitmap, siblings) => [depth, bitmap, siblings, [own]]),
    ),
    judged(
      'presence with another leaf beside it',
      name,
      value,
      changed(proof, (depth, bitmap, siblings) => [depth, bitmap, siblings, [[sha256(root), sha256(value)]]]),
    ),
    judged(
      'absence by a leaf of another branch',
      gap.absent,
      undefined,
      changed(gap.encoded, (depth, bitmap, siblings) => [depth, bitmap, siblings, [own]]),
    ),
    judged(
      'siblings swapped',
      name,
      value,
      changed(proof, (depth, bitmap, siblings, other) => [depth, bitmap, siblings.toReversed(), other]),
    ),
    judged(
      'a sibling missing',
      name,
      value,
      changed(proof, (depth, bitmap, siblings, other) => [depth, bitmap, siblings.slice(1), other]),
    ),
    judged(
      'a sibling too many',
      name,
      value,
      changed(proof, (depth, bitmap, siblings, other) => [depth, bitmap, [...siblings, root], other]),
    ),
    judged(
      'bits behind the depth',
      name,
      value,
      changed(proof, (depth, bitmap, siblings, other) => [depth, Uint8Array.of(...bitmap, 0), siblings, other]),
    ),
    judged(
      'an empty subtree written out',
      name,
      value,
      changed(proof, (depth, _bitmap, siblings, other) => [
        depth + 1,
        Uint8Array.of(0xff),
        [...siblings, new Uint8Array(32)].slice(0, depth + 1),
        other,
      ]),
    ),
    judged(
      'a level that would have collapsed',
      name,
      value,
      changed(proof, (depth, bitmap, siblings, other) => [depth + 1, bitmap, siblings, other]),
    ),
    judged(
      'deeper than a key',
      name,
      value,
      changed(proof, (_depth, _bitmap, siblings, other) => [257, new Uint8Array(33), siblings, other]),
    ),
    judged('no proof at all', name, value, fromHex('c0')),
  ];
}

async function buckets(): Promise<VectorCase[]> {
  const { state, root } = await stateOf(cellsOf(40));
  const all = await proveBucket(state, '');
  const prefix = toHex(hashedKeyOf((all.cells[0] as BucketCell).name)).slice(0, 1);
  const bucket = await proveBucket(state, prefix);
  const proof = encodeCellProof(bucket.proof);
  const judged = (title: string, wanted: string, cells: Cells, encoded: Uint8Array): VectorCase => ({
    name: title,
    input: asJson({
      root,
      prefix: wanted,
      cells: cells.map((cell) => [toHex(cell.name), toHex(cell.value)]),
      proof: encoded,
    }),
    output: holds(encoded, (read) => verifyBucket({ stateRoot: root, prefix: wanted, cells, proof: read })),
  });
  const elsewhere = all.cells.at(-1) as BucketCell;
  return [
    judged('bucket', prefix, bucket.cells, proof),
    judged('bucket in another order', prefix, bucket.cells.toReversed(), proof),
    judged('bucket of everything', '', all.cells, encodeCellProof(all.proof)),
    judged('bucket that lacks a cell', prefix, bucket.cells.slice(1), proof),
    judged('bucket with a cell of another', prefix, [...bucket.cells, elsewhere], proof),
    judged('bucket with a cell twice', prefix, [...bucket.cells, ...bucket.cells.slice(0, 1)], proof),
    judged('bucket with another value', prefix, [{ name: elsewhere.name, value: utf8('x') }], proof),
    judged('bucket under another prefix', prefix === '0' ? '1' : '0', bucket.cells, proof),
    judged('bucket said to be empty', prefix, [], proof),
    judged('bucket by the proof of everything', prefix, bucket.cells, encodeCellProof(all.proof)),
  ];
}
