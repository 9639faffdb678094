/** The newest finalized blocks, as far back as a transaction may be replayed, in memory. */
import { toHex } from '@radledger/primitives';

interface RecentBlock {
  readonly height: number;
  readonly id: Uint8Array;
  /** In hex. */
  readonly transactionIds: readonly string[];
}

export class RecentBlocks {
  /** Ascending, without gaps. */
  private readonly blocks: RecentBlock[] = [];
  private readonly heightById = new Map<string, number>();

  constructor(private readonly count: number) {}

  push(height: number, id: Uint8Array, transactionIds: readonly Uint8Array[]): void {
    const block = { height, id, transactionIds: transactionIds.map(toHex) };
    this.blocks.push(block);
    for (const txId of block.transactionIds) this.heightById.set(txId, height);
    if (this.blocks.length <= this.count) return;
    for (const txId of this.blocks.shift()?.transactionIds ?? []) {
      // Equal ids this close together would break a chain rule; should it happen, the newer one counts.
      if (this.heightById.get(txId) === (this.blocks[0]?.height ?? 0) - 1) this.heightById.delete(txId);
    }
  }

  /** Whether a transaction is in one of the `count` bodies before `height`. */
  has(txId: Uint8Array, height: number): boolean {
    const found = this.heightById.get(toHex(txId));
    return found !== undefined && found < height && found >= height - this.count;
  }

  idAt(height: number): Uint8Array | undefined {
    const first = this.blocks[0];
    return first === undefined ? undefined : this.blocks[height - first.height]?.id;
  }
}
