// Goal: an archive that takes what it is given too slowly is given up, one that is merely slow to begin is not. Method: a reader of the body.
import { expect, test } from 'vitest';
import { uploadOf } from '../src/pace.js';

async function* bodyOf(count: number, chunkBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < count; at++) yield new Uint8Array(chunkBytes).fill(at);
}
/** What a stream holds back beside: the archive is not asked before that is full. */
const HELD_BYTES = 65_536;

test('an archive that takes a few bytes now and then', async () => {
  const body = uploadOf(bodyOf(1_000, 1_024), 200);
  const drip = setInterval(() => void body.read(16), 20);
  const error = await new Promise((resolve) => body.on('readable', () => undefined).once('error', resolve));
  clearInterval(drip);
  expect(error).toMatchObject({ code: 'ARCHIVE_UNAVAILABLE', info: { reason: 'TOO_SLOW' } });
});

test('an archive that takes nothing at all', async () => {
  const body = uploadOf(bodyOf(1_000, 1_024), 100);
  const error = await new Promise((resolve) => body.once('readable', () => undefined).once('error', resolve));
  expect(error).toMatchObject({ code: 'ARCHIVE_UNAVAILABLE', info: { reason: 'TOO_SLOW' } });
});

test('an archive that is slow to begin gets all of it, and time to read the body is not its own', async () => {
  async function* slow(): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(2 * HELD_BYTES);
    await new Promise((resolve) => setTimeout(resolve, 150));
    yield new Uint8Array(10);
  }
  const body = uploadOf(slow(), 100);
  await new Promise((resolve) => setTimeout(resolve, 50));
  let bytes = 0;
  for await (const chunk of body) bytes += (chunk as Uint8Array).length;
  expect(bytes).toBe(2 * HELD_BYTES + 10);
});
