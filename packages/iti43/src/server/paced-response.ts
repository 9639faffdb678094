/** Sends an answer to a reader who may be slow, but not as slow as he likes: he holds what the answer is read from. */
import type { ServerResponse } from 'node:http';
import { Iti43Error } from '../errors.js';

export interface ReaderPace {
  /** Longest time that a slow reader may block the answer; default 60 000. */
  readonly idleTimeoutMs?: number;
  /** Bytes a second that a slow reader has to take beyond that, over the whole answer; default 65,536. */
  readonly bytesPerSecondMin?: number;
}

/**
 * Writes the chunks and ends the response; resolves when the last byte is handed to the system. What a reader may block it in all: as long
 * as one silence, and the time that its bytes take at the lowest rate.
 * @throws {Iti43Error} `TIMEOUT` | `CONNECTION_LOST`, and what `chunks` throws. The caller destroys the response then, before its end.
 */
export async function sendPaced(
  response: ServerResponse,
  chunks: AsyncIterable<Uint8Array>,
  { idleTimeoutMs = 60_000, bytesPerSecondMin = 65_536 }: ReaderPace = {},
): Promise<void> {
  let patienceMs = idleTimeoutMs;
  const wait = async (event: 'drain' | 'finish'): Promise<void> => {
    const beganMs = performance.now();
    await heard(response, event, Math.min(idleTimeoutMs, patienceMs));
    patienceMs -= performance.now() - beganMs;
  };
  // What was begun counts as sent: nothing is begun for who has gone.
  if (response.destroyed) throw lost();
  for await (const chunk of chunks) {
    patienceMs += (chunk.length / bytesPerSecondMin) * 1000;
    if (!response.write(chunk)) await wait('drain');
  }
  response.end();
  if (!response.writableFinished) await wait('finish');
}

function heard(response: ServerResponse, event: 'drain' | 'finish', timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Iti43Error): void => {
      clearTimeout(timer);
      response.off(event, onEvent).off('close', onClose);
      if (error === undefined) resolve();
      else reject(error);
    };
    const onEvent = (): void => settle();
    const onClose = (): void => settle(lost());
    const timer = setTimeout(
      () => settle(new Iti43Error({ code: 'TIMEOUT' }, 'the requester reads too slowly')),
      timeoutMs,
    );
    if (response.destroyed) onClose();
    else response.on(event, onEvent).on('close', onClose);
  });
}

function lost(): Iti43Error {
  return new Iti43Error({ code: 'CONNECTION_LOST' }, 'the requester went away');
}
