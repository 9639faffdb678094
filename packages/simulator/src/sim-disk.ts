import { decodeSignRecord, type SignRecord } from '@radledger/consensus';
import { Later } from './later.js';
import type { EventHeap } from './event-heap.js';
import type { Prng } from './prng.js';

/** A sign-log on a disk with a write cache: what is not synced is lost in a crash, and the last record may be torn. */
export class SimDisk {
  private readonly durable: Uint8Array[] = [];
  private cached: { readonly record: Uint8Array; readonly settled: Later<void> }[] = [];
  private syncing = false;
  private generation = 0;

  constructor(
    private readonly heap: EventHeap,
    private readonly prng: Prng,
    /** False: rule R7 is taken away; appends settle at once and reach the disk never. */
    private readonly syncs: boolean,
  ) {}

  append(record: Uint8Array): PromiseLike<void> | undefined {
    if (!this.syncs) return undefined;
    const settled = new Later<void>();
    this.cached.push({ record, settled });
    this.sync();
    return settled;
  }

  /** The machine stops: the cache is gone, except for a record that had just been written whole. */
  crash(): void {
    const [first] = this.cached;
    // Written but not yet confirmed, or torn: a torn record is cut off at the next start, so it is as good as none.
    if (first !== undefined && this.prng.chance(50)) this.durable.push(first.record);
    this.cached = [];
    this.syncing = false;
    this.generation++;
  }

  records(): readonly SignRecord[] {
    return this.durable.map(decodeSignRecord);
  }

  private sync(): void {
    if (this.syncing) return;
    this.syncing = true;
    const { generation } = this;
    this.heap.at(this.heap.nowMs + this.prng.between(0, 4), () => {
      if (generation !== this.generation) return;
      const batch = this.cached;
      this.cached = [];
      this.syncing = false;
      for (const { record } of batch) this.durable.push(record);
      for (const { settled } of batch) settled.resolve();
      if (this.cached.length > 0) this.sync();
    });
  }
}
