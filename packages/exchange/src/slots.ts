/** Runs at most so many works at a time; the rest waits, in the order in which it came. */
export type Slots = <T>(work: () => Promise<T>) => Promise<T>;

/** @param count - at least 1 */
export function createSlots(count: number): Slots {
  let free = count;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      // Handed on, not given back: who comes now must not overtake.
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
}
