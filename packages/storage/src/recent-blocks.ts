/** The newest finalized blocks, as far back as a transaction may be replayed, in memory. */
import { randomBytes } from '@radledger/primitives';

interface RecentBlock {
  readonly height: number;
  readonly id: Uint8Array;
  /** 32 bytes each, joined: a full window of full blocks holds millions. */
  readonly transactionIds: Uint8Array;
}

const ID_BYTES = 32;
const BUCKETS = 65_536;
/** A place is height * this + index in the block. */
const PLACES_PER_HEIGHT = 2 ** 21;

export class RecentBlocks {
  /** Ascending, without gaps. */
  private readonly blocks: RecentBlock[] = [];
  /** Places of the ids that fall into each bucket, oldest first. */
  private readonly buckets: (number[] | undefined)[] = new Array<number[] | undefined>(BUCKETS);
  /** Nobody outside can choose ids that crowd one bucket. */
  private readonly salt = new Uint32Array(randomBytes(8).slice().buffer);

  constructor(private readonly count: number) {}

  push(height: number, id: Uint8Array, transactionIds: readonly Uint8Array[]): void {
    const joined = new Uint8Array(transactionIds.length * ID_BYTES);
    for (const [index, txId] of transactionIds.entries()) {
      joined.set(txId, index * ID_BYTES);
      const bucket = this.bucketOf(joined, index * ID_BYTES);
      const places = this.buckets[bucket];
      if (places) places.push(height * PLACES_PER_HEIGHT + index);
      else this.buckets[bucket] = [height * PLACES_PER_HEIGHT + index];
    }
    this.blocks.push({ height, id, transactionIds: joined });
    if (this.blocks.length > this.count) this.forget(this.blocks.shift());
  }

  /** Whether a transaction is in one of the `count` bodies before `height`. */
  has(txId: Uint8Array, height: number): boolean {
    const first = this.blocks[0];
    if (first === undefined || txId.length !== ID_BYTES) return false;
    for (const place of this.buckets[this.bucketOf(txId, 0)] ?? []) {
      const at = Math.floor(place / PLACES_PER_HEIGHT);
      if (at >= height || at < height - this.count) continue;
      const known = this.blocks[at - first.height]?.transactionIds;
      if (known !== undefined && isIdAt(known, (place % PLACES_PER_HEIGHT) * ID_BYTES, txId)) return true;
    }
    return false;
  }

  idAt(height: number): Uint8Array | undefined {
    const first = this.blocks[0];
    return first === undefined ? undefined : this.blocks[height - first.height]?.id;
  }

  /** The oldest block: its places stand first in their buckets. */
  private forget(block: RecentBlock | undefined): void {
    if (block === undefined) return;
    for (let offset = 0; offset < block.transactionIds.length; offset += ID_BYTES) {
      const bucket = this.bucketOf(block.transactionIds, offset);
      const places = this.buckets[bucket];
      places?.shift();
      if (places?.length === 0) this.buckets[bucket] = undefined;
    }
  }

  private bucketOf(bytes: Uint8Array, offset: number): number {
    const [a = 0, b = 0] = this.salt;
    const view = new DataView(bytes.buffer, bytes.byteOffset + offset, 8);
    return (Math.imul(view.getUint32(0), a | 1) + Math.imul(view.getUint32(4), b | 1)) >>> 16;
  }
}

function isIdAt(ids: Uint8Array, offset: number, id: Uint8Array): boolean {
  for (let index = 0; index < ID_BYTES; index += 1) if (ids[offset + index] !== id[index]) return false;
  return true;
}
