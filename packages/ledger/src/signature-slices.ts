/** Many signatures on the thread pool, without holding up the event loop while they are handed over. */
import { type SignatureClaim, verifyAll } from '@radledger/primitives';
import { pause } from './pause.js';

/** Enough to keep every thread of the pool busy while results come back. */
const SLICES_UNDER_WAY = 4;

/**
 * Whether every claim holds under the network's signature rule. Stops early when one does not. Slices are asked for one by one,
 * and other work has its turn between them: handing a claim to the pool costs about 25 microseconds.
 */
export async function verifyInSlices(slices: Iterable<readonly SignatureClaim[]>): Promise<boolean> {
  const underWay: Promise<boolean>[] = [];
  for (const claims of slices) {
    underWay.push(verifyAll(claims));
    await pause();
    if (underWay.length < SLICES_UNDER_WAY) continue;
    if (!(await underWay.shift())) return settleAll(underWay);
  }
  return (await Promise.all(underWay)).every(Boolean);
}

async function settleAll(underWay: readonly Promise<boolean>[]): Promise<false> {
  await Promise.all(underWay);
  return false;
}
