/** What every signed request to a source has in common: chain, source, time. Spec: docs/spec/links.md, sections 9 and 13. */
import { equalBytes } from '@radledger/primitives';
import { HandoverError } from './errors.js';

/** Furthest a request's time may be from the gateway's clock. */
export const REQUEST_SKEW_MS = 300_000;

/** @throws {HandoverError} `NOT_FOR_US` | `EXPIRED` (also for a time too far ahead) */
export function requireFresh(
  request: { readonly chainId: Uint8Array; readonly source: Uint8Array; readonly timeMs: number },
  expected: { readonly chainId: Uint8Array; readonly source: Uint8Array; readonly nowMs: number },
): void {
  for (const field of ['chainId', 'source'] as const) {
    if (!equalBytes(request[field], expected[field])) {
      throw new HandoverError({ code: 'NOT_FOR_US', field }, `the request names another ${field}`);
    }
  }
  if (Math.abs(request.timeMs - expected.nowMs) > REQUEST_SKEW_MS) {
    const expiresAtMs = request.timeMs + REQUEST_SKEW_MS;
    throw new HandoverError({ code: 'EXPIRED', expiresAtMs }, 'the request is not from the last five minutes');
  }
}
