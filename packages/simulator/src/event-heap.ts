interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** Virtual time: events in the order of their time, equal times in the order of their making. */
export class EventHeap {
  private readonly heap: Event[] = [];
  private made = 0;
  nowMs = 0;

  at(atMs: number, run: () => void): void {
    const event = { atMs: Math.max(atMs, this.nowMs), order: this.made++, run };
    this.heap.push(event);
    let index = this.heap.length - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!before(event, this.heap[parent] as Event)) break;
      this.heap[index] = this.heap[parent] as Event;
      index = parent;
    }
    this.heap[index] = event;
  }

  /** Runs the next event. @returns false when there is none up to `untilMs` */
  step(untilMs: number): boolean {
    const first = this.heap[0];
    if (first === undefined || first.atMs > untilMs) {
      this.nowMs = Math.max(this.nowMs, untilMs);
      return false;
    }
    const last = this.heap.pop() as Event;
    if (this.heap.length > 0) this.sink(last);
    this.nowMs = first.atMs;
    first.run();
    return true;
  }

  private sink(event: Event): void {
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= this.heap.length) break;
      if (child + 1 < this.heap.length && before(this.heap[child + 1] as Event, this.heap[child] as Event)) child++;
      if (!before(this.heap[child] as Event, event)) break;
      this.heap[index] = this.heap[child] as Event;
      index = child;
    }
    this.heap[index] = event;
  }
}

function before(a: Event, b: Event): boolean {
  return a.atMs !== b.atMs ? a.atMs < b.atMs : a.order < b.order;
}
