/** The lowest rate at which the other side may send or take a message: tiny units, each just in time, would hold an association for ever. */
import { unavailable } from './archive-errors.js';

/** Bytes a millisecond. */
const RATE_MIN = 8;

/** Waits for one step of the other side. @throws {ImagingError} `ARCHIVE_UNAVAILABLE` when all steps together were too slow; what `step` throws */
export type Pace = <T>(step: () => Promise<T>, bytesOf: (result: T) => number) => Promise<T>;

/**
 * @param idleMs - the silence that a message may have in all, beside the time that its bytes take
 * @param giveUp - called before it throws
 */
export function createPace(idleMs: number, giveUp: () => void): Pace {
  let leftMs = idleMs;
  return async (step, bytesOf) => {
    const startMs = performance.now();
    const result = await step();
    leftMs = Math.min(leftMs + bytesOf(result) / RATE_MIN - (performance.now() - startMs), idleMs);
    if (leftMs >= 0) return result;
    giveUp();
    throw unavailable('TOO_SLOW');
  };
}
