/** Answers of a server that does not behave, and of one that streams. */
import type { Fetch } from '../src/index.js';

/** A fetch that gives one answer. */
export function answering(body: BodyInit | null, init: ResponseInit = {}): Fetch {
  return () => Promise.resolve(new Response(body, init));
}

/** A fetch that never answers until it is aborted. */
export const silent: Fetch = (_, init) =>
  new Promise((_resolve, reject) => {
    init.signal?.addEventListener('abort', () => reject(init.signal?.reason as Error));
  });

/** A body of `chunks`, then its end or an error. */
export function streamOf(chunks: readonly string[], error?: Error): ReadableStream<Uint8Array> {
  const waiting = [...chunks];
  return new ReadableStream({
    pull(controller) {
      const chunk = waiting.shift();
      if (chunk !== undefined) controller.enqueue(new TextEncoder().encode(chunk));
      else if (error !== undefined) controller.error(error);
      else controller.close();
    },
  });
}
