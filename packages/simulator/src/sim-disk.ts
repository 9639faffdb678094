import { decodeSignRecord, type SignLogState } from '@radledger/consensus';
import type { EventHeap } from './event-heap.js';
import { Later } from './later.js';
import type { Prng } from './prng.js';

/** A write that finds no room. The host must stop its node: what it cannot write down it must not sign. */
export class DiskFull extends Error {
  override readonly name = 'DiskFull';
}

/**
 * A sign-log on a disk with a write cache: what is not synced is lost in a crash, and the last record may be torn. The framing
 * of the real one tells a torn record, which is cut off, from a damaged one, after which the log counts as missing.
 */
export class SimDisk {
  isFull = false;
  losesSyncs = false;
  private durable: Uint8Array[] = [];
  private cached: { readonly record: Uint8Array; readonly settled: Later<void> }[] = [];
  private syncing = false;
  private generation = 0;
  /** Until the node may sign again: a new log is no whole log. */
  private damaged = false;

  constructor(
    private readonly heap: EventHeap,
    private readonly prng: Prng,
    /** False: rule R7 is taken away; appends settle at once and reach the disk never. */
    private readonly syncs: boolean,
  ) {}

  /** @throws {DiskFull} */
  append(record: Uint8Array): PromiseLike<void> | undefined {
    if (this.isFull) throw new DiskFull('no room for a record of the sign-log');
    if (!this.syncs) return undefined;
    const settled = new Later<void>();
    this.damaged = false;
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

  damage(): void {
    this.durable = [];
    this.damaged = true;
  }

  /** Forgets the newest records. */
  rollBack(records: number): void {
    this.durable = this.durable.slice(0, Math.max(0, this.durable.length - records));
  }

  state(): SignLogState {
    if (this.damaged) return { state: 'missing' };
    return { state: 'present', records: this.durable.map(decodeSignRecord) };
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
      if (!this.losesSyncs) for (const { record } of batch) this.durable.push(record);
      for (const { settled } of batch) settled.resolve();
      if (this.cached.length > 0) this.sync();
    });
  }
}
