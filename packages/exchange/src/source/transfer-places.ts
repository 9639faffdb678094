/** How many answers a source has under way at a time: each holds connections to the archive, and memory. */

/** Of all places, what one key may hold: an eighth, at least one. */
const PER_KEY = 8;
const WAIT_MS = 20_000; // below the 30 s for which our own requesters wait for an answer

export interface TransferPlaces {
  /**
   * Waits its turn for a place, at most 20 s unless made otherwise.
   * @param signer - the key that the answer is for
   * @param gone - aborted when nobody waits for the answer any more
   * @returns what gives the place back, once however often it is called; undefined when none became free, or who asked is gone
   */
  take(signer: string, gone?: AbortSignal): Promise<(() => void) | undefined>;
}

/** @param options.max - places in all, at least 1 */
export function createTransferPlaces(options: { readonly max: number; readonly waitMs?: number }): TransferPlaces {
  const maxOfKey = Math.max(1, Math.floor(options.max / PER_KEY));
  const held = new Map<string, number>();
  const waiting = new Set<{ readonly signer: string; readonly seat: () => void }>();
  let taken = 0;

  const hasRoom = (signer: string): boolean => taken < options.max && (held.get(signer) ?? 0) < maxOfKey;

  const seat = (signer: string): (() => void) => {
    taken += 1;
    held.set(signer, (held.get(signer) ?? 0) + 1);
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      taken -= 1;
      const left = (held.get(signer) ?? 1) - 1;
      if (left === 0) held.delete(signer);
      else held.set(signer, left);
      for (const next of waiting) {
        if (!hasRoom(next.signer)) continue;
        waiting.delete(next);
        next.seat();
        break;
      }
    };
  };

  return {
    async take(signer, gone) {
      if (gone?.aborted) return undefined;
      if (hasRoom(signer)) return seat(signer);
      return new Promise((resolve) => {
        const next = {
          signer,
          seat() {
            clearTimeout(timer);
            gone?.removeEventListener('abort', giveUp);
            resolve(seat(signer));
          },
        };
        const giveUp = (): void => {
          clearTimeout(timer);
          gone?.removeEventListener('abort', giveUp);
          waiting.delete(next);
          resolve(undefined);
        };
        const timer = setTimeout(giveUp, options.waitMs ?? WAIT_MS).unref();
        gone?.addEventListener('abort', giveUp);
        waiting.add(next);
      });
    },
  };
}
