/** One thing after the other, always towards the newest wish: what lies between is passed over. */
export class Pace<T> {
  readonly #work: (target: T, signal: AbortSignal) => Promise<void>;
  readonly #isNear: (doing: T, wanted: T) => boolean;
  #doing: { readonly target: T; readonly leave: AbortController } | undefined;
  #next: { readonly target: T } | undefined;
  #ended: Promise<void> = Promise.resolve();

  /**
   * @param work - never rejects
   * @param isNear - whether what is being done is still worth finishing
   */
  constructor(work: (target: T, signal: AbortSignal) => Promise<void>, isNear: (doing: T, wanted: T) => boolean) {
    this.#work = work;
    this.#isNear = isNear;
  }

  want(target: T): void {
    this.#next = { target };
    if (this.#doing === undefined) this.#ended = this.#run();
    else if (!this.#isNear(this.#doing.target, target)) this.#doing.leave.abort();
  }

  /** Leaves what is being done. @returns when that has ended */
  close(): Promise<void> {
    this.#next = undefined;
    this.#doing?.leave.abort();
    return this.#ended;
  }

  async #run(): Promise<void> {
    while (this.#next !== undefined) {
      const { target } = this.#next;
      const leave = new AbortController();
      this.#next = undefined;
      this.#doing = { target, leave };
      await this.#work(target, leave.signal);
    }
    this.#doing = undefined;
  }
}
