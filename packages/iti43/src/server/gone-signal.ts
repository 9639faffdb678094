/** Tells those who work on an answer that nobody waits for it any more. */
import type { ServerResponse } from 'node:http';

/** Aborted when the connection of a response has ended, or the response was sent. */
export function goneSignal(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  if (response.destroyed) gone.abort();
  else response.once('close', () => gone.abort());
  return gone.signal;
}
