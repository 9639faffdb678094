import type { Pause } from '@radledger/chain';

/** Lets timers, votes and requests have their turn. */
export const pause: Pause = () => new Promise((resolve) => setImmediate(resolve));
