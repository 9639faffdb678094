/** Counts by name of one minute. */
const WINDOW_MS = 60_000;

export interface MinuteCounts {
  of(name: string): number;
  add(names: readonly string[], by: number): void;
}

/** @returns the counts of now: they begin at 0 with each minute; what was begun in an earlier minute may stay with its own */
export function createMinuteCounts(now: () => number): () => MinuteCounts {
  const begin = () => {
    const counts = new Map<string, number>();
    return {
      startMs: now(),
      of: (name: string): number => counts.get(name) ?? 0,
      add(names: readonly string[], by: number): void {
        for (const name of names) {
          const count = (counts.get(name) ?? 0) + by;
          if (count === 0) counts.delete(name);
          else counts.set(name, count);
        }
      },
    };
  };
  let current = begin();
  return () => {
    const ageMs = now() - current.startMs;
    if (ageMs >= WINDOW_MS || ageMs < 0) current = begin();
    return current;
  };
}
