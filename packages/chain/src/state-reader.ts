/** What execution reads of a state, and what it hands back. Spec: docs/spec/state.md. */
import { compareBytes, fromHex, toHex } from '@radledger/primitives';

/**
 * Swap-in point: a state after one block. Every implementation must
 * - answer from one unchanging snapshot, whatever is committed meanwhile;
 * - answer in the order asked, `undefined` for what is absent;
 * - give back bytes that nobody changes.
 */
export interface StateReader {
  /** Values of cells by name (see `cellKey`). */
  getMany(names: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]>;
  /** All cells whose name starts with `prefix`, in bytewise order of names. */
  scan(prefix: Uint8Array): Promise<readonly (readonly [name: Uint8Array, value: Uint8Array])[]>;
  /** Nodes of the state tree by path (see `encodeNodePath`). */
  getNodes(paths: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]>;
}

/** What a block changes; `undefined` deletes. Keys are lower-case hex of cell names and node paths. */
export interface WriteSet {
  readonly cells: ReadonlyMap<string, Uint8Array | undefined>;
  readonly nodes: ReadonlyMap<string, Uint8Array | undefined>;
  readonly stateRoot: Uint8Array;
}

/** The state of nothing: what genesis is executed on. */
export const emptyState: StateReader = {
  getMany: (names) => Promise.resolve(names.map(() => undefined)),
  scan: () => Promise.resolve([]),
  getNodes: (paths) => Promise.resolve(paths.map(() => undefined)),
};

/** The state after unfinalized blocks: `base` seen through write sets, the oldest first. */
export function overlayReader(base: StateReader, writeSets: readonly WriteSet[]): StateReader {
  const newestFirst = [...writeSets].reverse();
  const read = async (
    which: 'cells' | 'nodes',
    keys: readonly Uint8Array[],
    readBase: (keys: readonly Uint8Array[]) => Promise<(Uint8Array | undefined)[]>,
  ): Promise<(Uint8Array | undefined)[]> => {
    const found = new Array<Uint8Array | undefined>(keys.length).fill(undefined);
    const missing: number[] = [];
    keys.forEach((key, index) => {
      const hex = toHex(key);
      const writeSet = newestFirst.find((candidate) => candidate[which].has(hex));
      if (writeSet === undefined) missing.push(index);
      else found[index] = writeSet[which].get(hex);
    });
    if (missing.length === 0) return found;
    const rest = await readBase(missing.map((index) => keys[index] as Uint8Array));
    missing.forEach((index, at) => {
      found[index] = rest[at];
    });
    return found;
  };
  return {
    getMany: (names) => read('cells', names, (rest) => base.getMany(rest)),
    getNodes: (paths) => read('nodes', paths, (rest) => base.getNodes(rest)),
    async scan(prefix) {
      const hexPrefix = toHex(prefix);
      const merged = new Map((await base.scan(prefix)).map(([name, value]) => [toHex(name), value] as const));
      for (const { cells } of writeSets) {
        for (const [hex, value] of cells) {
          if (!hex.startsWith(hexPrefix)) continue;
          if (value === undefined) merged.delete(hex);
          else merged.set(hex, value);
        }
      }
      return [...merged].map(([hex, value]) => [fromHex(hex), value] as const).sort((a, b) => compareBytes(a[0], b[0]));
    },
  };
}
