/** A state in memory, for tests of this package and of those that use it. */
import { compareBytes, fromHex, toHex } from '@radledger/primitives';
import type { StateReader, WriteSet } from '../state-reader.js';

/** A reader whose content grows with each `commit`; readers taken before see the change, so commit between blocks only. */
export interface MemoryState extends StateReader {
  commit(writeSet: WriteSet): void;
  /** Cells by hex of their names. */
  readonly cells: ReadonlyMap<string, Uint8Array>;
  /** Tree nodes by hex of their paths. */
  readonly nodes: ReadonlyMap<string, Uint8Array>;
}

/** An empty state. Every answer comes through the microtask queue. */
export function createMemoryState(): MemoryState {
  const cells = new Map<string, Uint8Array>();
  const nodes = new Map<string, Uint8Array>();
  const apply = (to: Map<string, Uint8Array>, writes: WriteSet['cells']): void => {
    for (const [hex, value] of writes) {
      if (value === undefined) to.delete(hex);
      else to.set(hex, value);
    }
  };
  return {
    cells,
    nodes,
    getMany: (names) => Promise.resolve(names.map((name) => cells.get(toHex(name)))),
    getNodes: (paths) => Promise.resolve(paths.map((path) => nodes.get(toHex(path)))),
    scan(prefix) {
      const hexPrefix = toHex(prefix);
      const found = [...cells].filter(([hex]) => hex.startsWith(hexPrefix));
      return Promise.resolve(
        found.map(([hex, value]) => [fromHex(hex), value] as const).sort((a, b) => compareBytes(a[0], b[0])),
      );
    },
    commit(writeSet) {
      apply(cells, writeSet.cells);
      apply(nodes, writeSet.nodes);
    },
  };
}
