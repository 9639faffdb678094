/** How often one owner, or her delegate, may ask: a signature that holds is no licence to keep a gateway busy. Spec: docs/spec/gateway-api.md, section 1. */
import { toHex } from '@radledger/primitives';
import { ExchangeError } from '../errors.js';
import { createMinuteCounts } from '../minute-counts.js';

/**
 * Counts a signed request of a key that has a part in a study: nobody else is counted, so that there are no more names than owners.
 * @throws {ExchangeError} `TOO_MANY_REQUESTS`
 */
export type LimitOwner = (key: Uint8Array) => void;

/** @param requestsPerMinute - signed requests of all kinds, of one key: each study has its own */
export function createOwnerLimit(requestsPerMinute: number, now: () => number): LimitOwner {
  const askedNow = createMinuteCounts(now);
  return (key) => {
    const asked = askedNow();
    const name = toHex(key);
    if (asked.of(name) >= requestsPerMinute) {
      throw new ExchangeError({ code: 'TOO_MANY_REQUESTS' }, 'this key asked too often; retry in a minute');
    }
    asked.add([name], 1);
  };
}
