import type { EventHeap } from './event-heap.js';
import type { Prng } from './prng.js';

export interface LinkFaults {
  readonly lossPercent: number;
  readonly duplicatePercent: number;
  readonly delayMsMin: number;
  readonly delayMsMax: number;
  /** Share of messages that take up to ten times as long. */
  readonly slowPercent: number;
}

/** Links between numbered nodes: delay, loss, duplication, reordering by unequal delay, partitions. */
export class SimNetwork {
  faults: LinkFaults;
  /** Node numbers by side; undefined when whole. One-way cuts let side 0 hear side 1 but not the other way. */
  private sides: { readonly of: readonly number[]; readonly oneWay: boolean } | undefined;

  constructor(
    private readonly heap: EventHeap,
    private readonly prng: Prng,
    faults: LinkFaults,
    private readonly deliver: (from: number, to: number, bytes: Uint8Array) => void,
  ) {
    this.faults = faults;
  }

  partition(sides: readonly number[], oneWay: boolean): void {
    this.sides = { of: sides, oneWay };
  }

  heal(): void {
    this.sides = undefined;
  }

  isUp(from: number, to: number): boolean {
    if (this.sides === undefined) return true;
    const { of, oneWay } = this.sides;
    return of[from] === of[to] || (oneWay && of[from] === 1);
  }

  send(from: number, to: number, bytes: Uint8Array): void {
    const { prng, faults } = this;
    if (!this.isUp(from, to) || prng.chance(faults.lossPercent)) return;
    const copies = prng.chance(faults.duplicatePercent) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      const stretch = prng.chance(faults.slowPercent) ? prng.between(2, 10) : 1;
      const delayMs = prng.between(faults.delayMsMin, faults.delayMsMax) * stretch;
      this.heap.at(this.heap.nowMs + delayMs, () => {
        if (this.isUp(from, to)) this.deliver(from, to, bytes);
      });
    }
  }
}
