/** The lowest rate at which an archive may send and take: what is slower holds up whoever waits for the archive. A tape robot is slow to begin. */
import { Readable } from 'node:stream';
import { ImagingError } from '@radledger/imaging';

/** Bytes a millisecond. */
const RATE_MIN = 8;

/**
 * Counts the time that the archive takes, not that of a slow reader.
 * @throws {ImagingError} `ARCHIVE_UNAVAILABLE`
 */
export async function* paced(
  body: AsyncIterable<Uint8Array>,
  idleTimeoutMs: number,
): AsyncGenerator<Uint8Array, void, void> {
  let leftMs = idleTimeoutMs;
  let askedAtMs = performance.now();
  for await (const chunk of body) {
    leftMs += chunk.length / RATE_MIN - (performance.now() - askedAtMs);
    leftMs = Math.min(leftMs, idleTimeoutMs);
    if (leftMs < 0) throw tooSlow('sends');
    yield chunk;
    askedAtMs = performance.now();
  }
}

/** The body of a request; ends with `ARCHIVE_UNAVAILABLE` when the archive takes it too slowly. Time to read `body` does not count. */
export function uploadOf(body: AsyncIterable<Uint8Array>, idleTimeoutMs: number): Readable {
  async function* given(): AsyncGenerator<Uint8Array, void, void> {
    let leftMs = idleTimeoutMs;
    for await (const chunk of body) {
      const mayTakeMs = leftMs + chunk.length / RATE_MIN;
      const givenAtMs = performance.now();
      // It may never ask for the next chunk.
      const timer = setTimeout(() => stream.destroy(tooSlow('takes')), mayTakeMs);
      try {
        yield chunk;
      } finally {
        clearTimeout(timer);
      }
      leftMs = Math.min(mayTakeMs - (performance.now() - givenAtMs), idleTimeoutMs);
    }
  }
  const stream = Readable.from(given(), { objectMode: false });
  return stream;
}

function tooSlow(what: 'sends' | 'takes'): ImagingError {
  const info = { code: 'ARCHIVE_UNAVAILABLE', reason: 'TOO_SLOW' } as const;
  return new ImagingError(info, `the archive ${what} less than 8 KiB a second`);
}
