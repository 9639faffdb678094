/**
 * Swap-in point: where a wallet's snapshot lives. Every implementation must
 * - be atomic: after a crash `load` gives the old or the new snapshot, whole;
 * - be durable when `save` resolves;
 * - seal at rest: a snapshot holds the seed in clear.
 */
export interface WalletStore {
  /** The last saved snapshot, or undefined when there is none. */
  load(): Promise<Uint8Array | undefined>;
  save(snapshot: Uint8Array): Promise<void>;
}

/** A store that forgets with the process: for tests and for trying out words. */
export function createMemoryStore(snapshot?: Uint8Array): WalletStore {
  let current = snapshot;
  return {
    load: () => Promise.resolve(current),
    save: (next) => {
      current = next;
      return Promise.resolve();
    },
  };
}
