/** Whom this app may ask: a list that only what its holder did makes longer. Everything the app sends to others goes through it. */
import type { Fetch } from '@radledger/client';

export interface Origins {
  /** Lets the origin of an address be asked from now on. */
  allow(url: string): void;
  /** `fetch`, for addresses of those origins. @throws {TypeError} for any other, before anything is sent */
  readonly fetch: Fetch;
}

export function createOrigins(send: Fetch = (url, init) => fetch(url, init)): Origins {
  const allowed = new Set<string>();
  return {
    allow: (url) => void allowed.add(new URL(url).origin),
    async fetch(url, init) {
      if (!allowed.has(new URL(url).origin)) throw new TypeError('nothing of hers leads to this address');
      return send(url, init);
    },
  };
}
