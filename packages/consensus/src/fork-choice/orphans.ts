/** Blocks whose parents are not here yet. */
import type { Block } from '@radledger/chain';
import { fromHex, toHex } from '@radledger/primitives';
import type { PeerId } from '../module.js';

const BLOCKS_MAX = 256;
const BYTES_MAX = 32 * 1024 * 1024;

export interface Orphan {
  readonly block: Block;
  readonly witness: Uint8Array;
  readonly peer: PeerId | undefined;
}

export class Orphans {
  /** By id, in order of arrival. */
  private readonly held = new Map<string, Orphan>();
  private bytes = 0;

  has(id: Uint8Array): boolean {
    return this.held.has(toHex(id));
  }

  all(): Iterable<Orphan> {
    return this.held.values();
  }

  /** The oldest make room. */
  add(orphan: Orphan): void {
    this.held.set(toHex(orphan.block.id), orphan);
    this.bytes += orphan.block.header.bodyBytes;
    for (const [key, oldest] of this.held) {
      if (this.held.size <= BLOCKS_MAX && this.bytes <= BYTES_MAX) return;
      this.drop(key, oldest);
    }
  }

  /** Children of a block; they are held no longer. */
  takeChildren(id: Uint8Array): readonly Orphan[] {
    const parent = toHex(id);
    const children = [...this.held].filter(([, { block }]) => toHex(block.header.parentId) === parent);
    for (const [key, orphan] of children) this.drop(key, orphan);
    return children.map(([, orphan]) => orphan);
  }

  dropUpTo(height: number): void {
    for (const [key, orphan] of this.held) if (orphan.block.header.height <= height) this.drop(key, orphan);
  }

  /** Parents that nobody here has. */
  missingParents(): readonly Uint8Array[] {
    const parents = new Set([...this.held.values()].map(({ block }) => toHex(block.header.parentId)));
    return [...parents].filter((key) => !this.held.has(key)).map(fromHex);
  }

  private drop(key: string, { block }: Orphan): void {
    this.held.delete(key);
    this.bytes -= block.header.bodyBytes;
  }
}
