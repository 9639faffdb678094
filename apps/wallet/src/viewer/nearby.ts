/** The files around the one that is looked at: a few ahead are fetched before she comes to them, and no more than a phone can hold are kept. */

interface Coming {
  readonly file: Promise<Uint8Array>;
  readonly leave: AbortController;
}

export class Nearby {
  readonly #fetch: (uid: string, signal: AbortSignal) => Promise<Uint8Array>;
  readonly #bytesMax: number;
  /** Whole ones; the latest last. */
  readonly #kept = new Map<string, Uint8Array>();
  readonly #coming = new Map<string, Coming>();
  /** What is looked at, and what is expected next. */
  #wanted: readonly string[] = [];

  /** @param bytesMax - of all that are kept; one that is larger is kept alone */
  constructor(fetch: (uid: string, signal: AbortSignal) => Promise<Uint8Array>, bytesMax: number) {
    this.#fetch = fetch;
    this.#bytesMax = bytesMax;
  }

  /**
   * The file to be looked at now. What is on its way and is neither this nor among those ahead is given up.
   * @param ahead - those expected next, the nearest first; fetched one by one once this one is there, as far as there is room for them
   */
  async file(uid: string, ahead: readonly string[], signal: AbortSignal): Promise<Uint8Array> {
    const wanted = [uid, ...ahead];
    this.#wanted = wanted;
    for (const [other, { leave }] of this.#coming) if (!wanted.includes(other)) leave.abort();
    const leave = (): void => this.#coming.get(uid)?.leave.abort();
    signal.addEventListener('abort', leave);
    try {
      const file = await this.#get(uid);
      void this.#fetchAhead(wanted, file.length);
      return file;
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  get keptBytes(): number {
    return [...this.#kept.values()].reduce((sum, { length }) => sum + length, 0);
  }

  /** Gives up what is on its way, and forgets the rest. */
  close(): void {
    this.#wanted = [];
    for (const { leave } of this.#coming.values()) leave.abort();
    this.#kept.clear();
  }

  /** @param likelyBytes - of a file; those of a study are much alike */
  async #fetchAhead(wanted: readonly string[], likelyBytes: number): Promise<void> {
    let bytes = likelyBytes;
    for (const uid of wanted.slice(1)) {
      if (bytes + likelyBytes > this.#bytesMax) return;
      try {
        bytes += (await this.#get(uid)).length;
      } catch {
        return; // whether it comes is asked, and told, when she comes to it
      }
      if (this.#wanted !== wanted) return;
    }
  }

  #get(uid: string): Promise<Uint8Array> {
    const kept = this.#kept.get(uid);
    if (kept !== undefined) {
      this.#keep(uid, kept);
      return Promise.resolve(kept);
    }
    const coming = this.#coming.get(uid);
    return coming === undefined || coming.leave.signal.aborted ? this.#begin(uid) : coming.file;
  }

  #begin(uid: string): Promise<Uint8Array> {
    const leave = new AbortController();
    const fetch = async (): Promise<Uint8Array> => {
      try {
        const file = await this.#fetch(uid, leave.signal);
        leave.signal.throwIfAborted();
        this.#keep(uid, file);
        return file;
      } finally {
        if (this.#coming.get(uid)?.leave === leave) this.#coming.delete(uid);
      }
    };
    const file = fetch();
    this.#coming.set(uid, { file, leave });
    return file;
  }

  #keep(uid: string, file: Uint8Array): void {
    this.#kept.delete(uid);
    this.#kept.set(uid, file);
    for (const oldest of this.#kept.keys()) {
      if (this.keptBytes <= this.#bytesMax || oldest === uid) return;
      this.#kept.delete(oldest);
    }
  }
}
