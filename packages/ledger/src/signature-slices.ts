/** Many signatures on the thread pool, without holding up the event loop while they are handed over. */
import { type SignatureClaim, verifyAll } from '@radledger/primitives';

/** Handing a claim to the pool costs about 25 microseconds: a slice stays below a millisecond. */
const SLICE = 32;
/** Enough to keep every thread of the pool busy while results come back. */
const SLICES_UNDER_WAY = 4;

/** Whether every claim holds under the network's signature rule. Stops early when one does not. */
export async function verifyInSlices(claims: readonly SignatureClaim[]): Promise<boolean> {
  const underWay: Promise<boolean>[] = [];
  for (let from = 0; from < claims.length; from += SLICE) {
    underWay.push(verifyAll(claims.slice(from, from + SLICE)));
    if (underWay.length < SLICES_UNDER_WAY) continue;
    if (!(await underWay.shift())) return settleAll(underWay);
  }
  return (await Promise.all(underWay)).every(Boolean);
}

async function settleAll(underWay: readonly Promise<boolean>[]): Promise<false> {
  await Promise.all(underWay);
  return false;
}
