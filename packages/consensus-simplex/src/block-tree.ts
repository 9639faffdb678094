import type { Block } from '@radledger/chain';
import { toHex } from '@radledger/primitives';

/** Finalized blocks kept to answer peers that are a little behind. */
const RECENT_MAX = 8;

export interface TreeBlock {
  readonly block: Block;
  readonly parent: string;
  /** `held`: not yet known to be worth executing. */
  state: 'held' | 'waiting' | 'verifying' | 'valid' | 'invalid';
  /** Code of what makes it invalid. */
  refusal?: string;
}

/** Blocks above the newest finalized one. What enters is proposed by a view's leader or named by a certificate. */
export class BlockTree {
  private readonly blocks = new Map<string, TreeBlock>();
  private readonly recent: Block[] = [];

  get(id: Uint8Array): TreeBlock | undefined {
    return this.blocks.get(toHex(id));
  }

  /** Adds a block, or gives the one that is there. */
  add(block: Block): TreeBlock {
    const key = toHex(block.id);
    const known = this.blocks.get(key);
    if (known !== undefined) return known;
    const added: TreeBlock = { block, parent: toHex(block.header.parentId), state: 'held' };
    this.blocks.set(key, added);
    return added;
  }

  remove(id: Uint8Array): void {
    this.blocks.delete(toHex(id));
  }

  /** Forgets every block that is not final. */
  clear(): void {
    this.blocks.clear();
  }

  all(): Iterable<TreeBlock> {
    return this.blocks.values();
  }

  /** Blocks from the child of `ancestor` to `id`, ascending; undefined while one is unknown. */
  path(ancestor: Uint8Array, id: Uint8Array): readonly TreeBlock[] | undefined {
    const path: TreeBlock[] = [];
    const from = toHex(ancestor);
    for (let key = toHex(id); key !== from; ) {
      const found = this.blocks.get(key);
      if (found === undefined) return undefined;
      path.push(found);
      key = found.parent;
    }
    return path.reverse();
  }

  /** A block to show to a peer. */
  find(id: Uint8Array): Block | undefined {
    const key = toHex(id);
    return this.blocks.get(key)?.block ?? this.recent.find((block) => toHex(block.id) === key);
  }

  /** Forgets every block at or below a finalized height; keeps the newest finalized ones for peers. */
  finalized(blocks: readonly Block[], height: number): void {
    this.recent.push(...blocks);
    this.recent.splice(0, Math.max(0, this.recent.length - RECENT_MAX));
    for (const [key, { block }] of this.blocks) if (block.header.height <= height) this.blocks.delete(key);
  }
}
