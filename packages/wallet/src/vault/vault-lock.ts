/** Swap-in point: one window of an app at a time has the vault open. Politeness only: safety is the generation of the record. */
export interface VaultLock {
  /**
   * @param input.takeOver - take it from whoever has it
   * @returns how to let go; undefined when another window has it
   */
  take(input: { readonly takeOver: boolean }): Promise<(() => void) | undefined>;
}

/** The browser's own locks, which it frees when the window goes. */
export function createWebLock(name: string): VaultLock {
  return {
    take: ({ takeOver }) =>
      new Promise((resolve, reject) => {
        navigator.locks
          .request(name, takeOver ? { steal: true } : { ifAvailable: true }, (lock) => {
            if (lock !== null) return new Promise<void>(resolve);
            resolve(undefined);
            return undefined;
          })
          .catch(reject);
      }),
  };
}
