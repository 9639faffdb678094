/** How often one key may ask: a signature that holds is no licence to keep an archive busy. */
const WINDOW_MS = 60_000;
/** Keys that are counted at a time; more cost their makers a signature each, and address limits hold. */
const KEYS_MAX = 10_000;

/** @returns whether one more request of a key is within its limit */
export function createKeyLimit(options: { readonly perMinute: number; readonly now: () => number }) {
  const counts = new Map<string, number>();
  let startMs = options.now();
  return (key: string): boolean => {
    const nowMs = options.now();
    if (nowMs - startMs >= WINDOW_MS || nowMs < startMs) {
      startMs = nowMs;
      counts.clear();
    }
    const count = (counts.get(key) ?? 0) + 1;
    if (count > options.perMinute) return false;
    if (count > 1 || counts.size < KEYS_MAX) counts.set(key, count);
    return true;
  };
}
