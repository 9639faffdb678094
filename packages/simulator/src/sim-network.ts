import type { EventHeap } from './event-heap.js';
import type { Prng } from './prng.js';

export interface LinkFaults {
  readonly lossPercent: number;
  readonly duplicatePercent: number;
  readonly delayMsMin: number;
  readonly delayMsMax: number;
  /** Share of messages that take up to ten times as long. */
  readonly slowPercent: number;
  /** Bytes that leave a node in a millisecond, over all its links; what exceeds them queues. Undefined: no bound. */
  readonly bytesPerMs?: number | undefined;
  /** Least delay from a node (row) to another (column), ms, on top of the drawn one: a map of the world. */
  readonly distanceMs?: readonly (readonly number[])[] | undefined;
}

/** Links between numbered nodes: delay, loss, duplication, reordering by unequal delay, bandwidth, partitions. */
export class SimNetwork {
  faults: LinkFaults;
  messagesSent = 0;
  bytesSent = 0;
  private cuts: ((from: number, to: number) => boolean)[] = [];
  /** When what a node has already sent will have left it. */
  private readonly busyUntilMs = new Map<number, number>();

  constructor(
    private readonly heap: EventHeap,
    private readonly prng: Prng,
    faults: LinkFaults,
  ) {
    this.faults = faults;
  }

  /** Nothing passes where `isCut` says so. @returns mends it */
  cut(isCut: (from: number, to: number) => boolean): () => void {
    this.cuts.push(isCut);
    return () => void (this.cuts = this.cuts.filter((cut) => cut !== isCut));
  }

  heal(): void {
    this.cuts = [];
  }

  isUp(from: number, to: number): boolean {
    return !this.cuts.some((cut) => cut(from, to));
  }

  /** Runs `arrive` at the other end, as often as the link delivers: never, once, or twice. */
  carry(from: number, to: number, bytes: number, arrive: () => void): void {
    const { prng, faults, heap } = this;
    this.messagesSent++;
    this.bytesSent += bytes;
    if (!this.isUp(from, to) || prng.chance(faults.lossPercent)) return;
    const departsMs = this.departure(from, bytes);
    const copies = prng.chance(faults.duplicatePercent) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      const stretch = prng.chance(faults.slowPercent) ? prng.between(2, 10) : 1;
      const delayMs = prng.between(faults.delayMsMin, faults.delayMsMax) * stretch;
      const distanceMs = faults.distanceMs?.[from]?.[to] ?? 0;
      heap.at(departsMs + distanceMs + delayMs, () => {
        if (this.isUp(from, to)) arrive();
      });
    }
  }

  private departure(from: number, bytes: number): number {
    const { nowMs } = this.heap;
    const { bytesPerMs } = this.faults;
    if (bytesPerMs === undefined) return nowMs;
    const leavesMs = Math.max(nowMs, this.busyUntilMs.get(from) ?? 0) + bytes / bytesPerMs;
    this.busyUntilMs.set(from, leavesMs);
    return Math.ceil(leavesMs);
  }
}
