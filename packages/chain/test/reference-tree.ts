/** The state tree as docs/spec/state.md, section 3, words it: no nodes, no caches, one recursive definition. */
import { hash } from '@radledger/primitives';

export interface ReferenceCell {
  readonly name: Uint8Array;
  readonly value: Uint8Array;
}

export function referenceRoot(cells: readonly ReferenceCell[]): Uint8Array {
  return rootOver(
    cells.map(({ name, value }) => ({ key: hash('radledger/cell-key/1', name), value })),
    0,
  );
}

function rootOver(cells: readonly { key: Uint8Array; value: Uint8Array }[], depth: number): Uint8Array {
  const [first] = cells;
  if (first === undefined) return new Uint8Array(32);
  if (cells.length === 1) return hash('radledger/leaf/1', first.key, hash('radledger/value/1', first.value));
  const isRight = ({ key }: { key: Uint8Array }): boolean =>
    (((key[depth >> 3] as number) >> (7 - (depth % 8))) & 1) === 1;
  const left = cells.filter((cell) => !isRight(cell));
  return hash('radledger/branch/1', rootOver(left, depth + 1), rootOver(cells.filter(isRight), depth + 1));
}
