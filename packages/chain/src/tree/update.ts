/** Changes many cells of the state tree at once; each node is read once. Spec: docs/spec/state.md, section 3. */
import { equalBytes, toHex } from '@radledger/primitives';
import { hashedKeyOf } from '../cell-names.js';
import { ChainError } from '../errors.js';
import { noPause, type Pause } from '../execution-input.js';
import type { StateReader } from '../state-reader.js';
import { EMPTY_SUBTREE, leafHashOf, nibbleOf, valueHashOf } from './hashing.js';
import {
  createNode,
  createSlab,
  decodeNode,
  encodeNode,
  encodeNodePath,
  nodePathHex,
  type Subtree,
  setChild,
  subtreeOf,
  type TreeNode,
} from './node.js';

/** A cell's new value; `value` is asked once, and undefined deletes. */
export interface CellChange {
  /** `hashedKeyOf(name)`. */
  readonly key: Uint8Array;
  readonly name: Uint8Array;
  value(): Uint8Array | undefined;
}

export interface TreeUpdate {
  readonly root: Uint8Array;
  /** By hex of the path; undefined deletes. */
  readonly nodes: Map<string, Uint8Array | undefined>;
}

/** Most changes hashed without letting the event loop run: about two milliseconds of work. */
const SLICE = 128;

/** What hangs at a key; the hex, from which the paths of nodes are cut, is made for the few keys that name a node. */
abstract class Keyed {
  private hex: string | undefined;

  constructor(
    readonly key: Uint8Array,
    readonly name: Uint8Array,
  ) {}

  get keyHex(): string {
    this.hex ??= toHex(this.key);
    return this.hex;
  }
}

class KeyedChange extends Keyed {
  constructor(private readonly change: CellChange) {
    super(change.key, change.name);
  }

  value(): Uint8Array | undefined {
    return this.change.value();
  }
}

class Leaf extends Keyed implements Subtree {
  constructor(
    key: Uint8Array,
    name: Uint8Array,
    readonly hash: Uint8Array,
  ) {
    super(key, name);
  }
}

/**
 * The tree after `changes`, each key once, in any order. Above a slice's size a node's children are
 * worked off one after another, each with its own reads, and `pause` is awaited after each.
 * @throws {ChainError} `STATE_BROKEN` when the store lacks a node that its parent names
 */
export async function updateTree(
  state: Pick<StateReader, 'getNodes'>,
  changes: readonly CellChange[],
  options: { readonly pause?: Pause } = {},
): Promise<TreeUpdate> {
  const nodes = new Map<string, Uint8Array | undefined>();
  const first = changes[0];
  if (first === undefined) return { root: await readRoot(state), nodes };
  const [encodedRoot] = await state.getNodes([encodeNodePath(first.key, 0)]);
  const root = encodedRoot === undefined ? createNode() : decodeNode(encodedRoot);
  const update = new Update(state, nodes, options.pause ?? noPause);
  const keyed = changes.map((change) => new KeyedChange(change));
  const subtree = await update.changeNode(root, 0, keyed);
  return { root: subtree?.hash ?? EMPTY_SUBTREE, nodes };
}

/** The state root that a store's tree has. @throws {ChainError} `STATE_BROKEN` */
export async function readRoot(state: Pick<StateReader, 'getNodes'>): Promise<Uint8Array> {
  const [encoded] = await state.getNodes([Uint8Array.of(0)]);
  return encoded === undefined ? EMPTY_SUBTREE : (subtreeOf(decodeNode(encoded), 0, 16)?.hash ?? EMPTY_SUBTREE);
}

class Update {
  private readonly allocate = createSlab();

  constructor(
    private readonly state: Pick<StateReader, 'getNodes'>,
    private readonly written: Map<string, Uint8Array | undefined>,
    private readonly pause: Pause,
  ) {}

  /** Applies changes below a node that is in memory; returns what stands in its place. */
  async changeNode(node: TreeNode, depth: number, changes: readonly KeyedChange[]): Promise<Subtree | undefined> {
    if (changes.length <= SLICE) {
      const loaded = await this.load(node, depth, changes);
      return this.applyToNode(node, depth, changes, loaded);
    }
    for (const group of groupsByNibble(changes, depth)) {
      const nibble = nibbleOf((group[0] as KeyedChange).key, depth);
      const child = node.children[nibble];
      let changed: Subtree | undefined;
      if (child !== undefined && child.name === undefined) {
        const path = encodeNodePath((group[0] as KeyedChange).key, depth + 1);
        const [encoded] = await this.state.getNodes([path]);
        changed = await this.changeNode(decodeExisting(encoded), depth + 1, group);
      } else if (group.length > SLICE) {
        const fresh = createNode();
        if (child !== undefined) setChild(fresh, nibbleOf(hashedKeyOf(child.name as Uint8Array), depth + 1), child);
        changed = await this.changeNode(fresh, depth + 1, group);
      } else {
        changed = this.applyToLeaves(child, depth + 1, group);
      }
      setChild(node, nibble, changed);
      await this.pause();
    }
    return this.settle(node, depth, changes[0] as KeyedChange);
  }

  /** Reads, level by level, every node below `node` that the changes touch. */
  private async load(node: TreeNode, depth: number, changes: readonly KeyedChange[]): Promise<Map<string, TreeNode>> {
    const loaded = new Map<string, TreeNode>();
    let frontier = [{ node, depth, changes }];
    while (frontier.length > 0) {
      const wanted = frontier.flatMap((entry) =>
        groupsByNibble(entry.changes, entry.depth)
          .filter((group) => {
            const child = entry.node.children[nibbleOf((group[0] as KeyedChange).key, entry.depth)];
            return child !== undefined && child.name === undefined;
          })
          .map((group) => ({
            depth: entry.depth + 1,
            changes: group,
            path: encodeNodePath((group[0] as KeyedChange).key, entry.depth + 1),
            pathHex: nodePathHex((group[0] as KeyedChange).keyHex, entry.depth + 1),
          })),
      );
      if (wanted.length === 0) break;
      const encoded = await this.state.getNodes(wanted.map(({ path }) => path));
      frontier = wanted.map((entry, index) => {
        const child = decodeExisting(encoded[index]);
        loaded.set(entry.pathHex, child);
        return { node: child, depth: entry.depth, changes: entry.changes };
      });
    }
    return loaded;
  }

  private applyToNode(
    node: TreeNode,
    depth: number,
    changes: readonly KeyedChange[],
    loaded: ReadonlyMap<string, TreeNode>,
  ): Subtree | undefined {
    for (const group of groupsByNibble(changes, depth)) {
      const first = group[0] as KeyedChange;
      const nibble = nibbleOf(first.key, depth);
      const child = node.children[nibble];
      if (child === undefined || child.name !== undefined) {
        setChild(node, nibble, this.applyToLeaves(child, depth + 1, group));
        continue;
      }
      const below = loaded.get(nodePathHex(first.keyHex, depth + 1));
      if (below === undefined) throw missingNode();
      setChild(node, nibble, this.applyToNode(below, depth + 1, group, loaded));
    }
    return this.settle(node, depth, changes[0] as KeyedChange);
  }

  /** Changes where the tree held at most one leaf. */
  private applyToLeaves(
    existing: Subtree | undefined,
    depth: number,
    changes: readonly KeyedChange[],
  ): Subtree | undefined {
    const leaves: Leaf[] = [];
    for (const change of changes) {
      const bytes = change.value();
      if (bytes === undefined) continue;
      leaves.push(new Leaf(change.key, change.name, leafHashOf(change.key, valueHashOf(bytes))));
    }
    if (existing?.name !== undefined) {
      const { hash, name } = existing;
      const key = hashedKeyOf(name);
      if (!changes.some((change) => equalBytes(change.key, key))) {
        leaves.push(new Leaf(key, name, hash));
      }
    }
    return this.plant(leaves, depth);
  }

  /** A fresh subtree over leaves. */
  private plant(leaves: readonly Leaf[], depth: number): Subtree | undefined {
    if (leaves.length <= 1) {
      const leaf = leaves[0];
      return leaf === undefined ? undefined : { hash: leaf.hash, name: leaf.name };
    }
    const node = createNode();
    for (const group of groupsByNibble(leaves, depth)) {
      setChild(node, nibbleOf((group[0] as Leaf).key, depth), this.plant(group, depth + 1));
    }
    return this.settle(node, depth, leaves[0] as Leaf);
  }

  /** Writes a changed node, or removes it when at most one leaf is left; the root node holds even a single leaf. */
  private settle(node: TreeNode, depth: number, { keyHex }: { readonly keyHex: string }): Subtree | undefined {
    const subtree = subtreeOf(node, 0, 16);
    const kept = subtree !== undefined && (subtree.name === undefined || depth === 0);
    this.written.set(nodePathHex(keyHex, depth), kept ? encodeNode(node, this.allocate) : undefined);
    return subtree;
  }
}

/** Items by their nibble at `depth`, in the order of the nibbles. */
function groupsByNibble<T extends { readonly key: Uint8Array }>(items: readonly T[], depth: number): (readonly T[])[] {
  if (items.length <= 1) return items.length === 0 ? [] : [items];
  const groups: (T[] | undefined)[] = new Array<undefined>(16).fill(undefined);
  for (const item of items) {
    const nibble = nibbleOf(item.key, depth);
    const group = groups[nibble];
    if (group === undefined) groups[nibble] = [item];
    else group.push(item);
  }
  return groups.filter((group) => group !== undefined);
}

function decodeExisting(encoded: Uint8Array | undefined): TreeNode {
  if (encoded === undefined) throw missingNode();
  return decodeNode(encoded);
}

function missingNode(): ChainError {
  return new ChainError(
    { code: 'STATE_BROKEN', cell: 'tree node' },
    'expected the store to hold every node its parent names',
  );
}
