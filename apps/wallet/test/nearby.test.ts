import { expect, test } from 'vitest';
import { Nearby } from '../src/viewer/nearby.js';

const MEGABYTE = 1024 * 1024;
const STAY = new AbortController().signal;

/** A study whose files come when the test says so. */
function archive(bytesOfFile: number) {
  const asked: string[] = [];
  const open = new Map<string, { give: () => void; fail: () => void; signal: AbortSignal }>();
  const fetch = (uid: string, signal: AbortSignal): Promise<Uint8Array> => {
    asked.push(uid);
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(new DOMException('left', 'AbortError')));
      open.set(uid, {
        give: () => resolve(new Uint8Array(bytesOfFile)),
        fail: () => reject(new Error('broken off')),
        signal,
      });
    });
  };
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const give = async (uid: string): Promise<void> => {
    open.get(uid)?.give();
    await settled();
  };
  return { asked, open, fetch, give, settled };
}

const names = (from: number, count: number): string[] => Array.from({ length: count }, (_, index) => `${from + index}`);

test('what is ahead comes one by one, after what is looked at, and is not asked for again', async () => {
  const { asked, fetch, give } = archive(1_000);
  const nearby = new Nearby(fetch, MEGABYTE);
  const first = nearby.file('0', ['1', '2'], STAY);
  expect(asked).toEqual(['0']);
  await give('0');
  await first;
  await give('1');
  expect(asked).toEqual(['0', '1', '2']);
  expect((await nearby.file('1', ['2', '3'], STAY)).length).toBe(1_000);
  const second = nearby.file('2', ['3', '4'], STAY); // on its way already
  expect(asked).toEqual(['0', '1', '2']);
  await give('2');
  await second;
  expect(asked).toEqual(['0', '1', '2', '3']);
});

test('what is looked at is given up when she goes away', async () => {
  const { open, fetch } = archive(1_000);
  const leave = new AbortController();
  const file = new Nearby(fetch, MEGABYTE).file('0', ['1'], leave.signal);
  leave.abort();
  await expect(file).rejects.toMatchObject({ name: 'AbortError' });
  expect([...open.keys()]).toEqual(['0']);
});

test('what was scrolled past is given up, what is ahead goes on', async () => {
  const { asked, open, fetch, give } = archive(1_000);
  const nearby = new Nearby(fetch, MEGABYTE);
  const passed = nearby.file('0', ['1', '2'], STAY);
  const now = nearby.file('5', ['6'], STAY);
  await expect(passed).rejects.toMatchObject({ name: 'AbortError' });
  await give('5');
  await now;
  expect(open.get('6')?.signal.aborted).toBe(false);
  const next = nearby.file('7', ['8'], STAY);
  expect(open.get('6')?.signal.aborted).toBe(true);
  await give('7');
  await next;
  expect(asked).toEqual(['0', '5', '6', '7', '8']);
  const back = nearby.file('6', [], STAY); // given up, so asked for again
  await give('6');
  expect((await back).length).toBe(1_000);
});

test('never more bytes are kept, or fetched ahead, than there is room for', async () => {
  const { asked, fetch, give } = archive(MEGABYTE);
  const nearby = new Nearby(fetch, 4 * MEGABYTE);
  for (let at = 0; at < 600; at += 1) {
    const file = nearby.file(`${at}`, names(at + 1, 6), STAY);
    await give(`${at}`);
    await file;
    for (const uid of names(at + 1, 6)) await give(uid);
    expect(nearby.keptBytes).toBeLessThanOrEqual(4 * MEGABYTE);
  }
  expect(asked).toEqual(names(0, 603)); // each once; three ahead beside the one that is looked at
});

test('a file larger than the room is kept alone', async () => {
  const { asked, fetch, give } = archive(9 * MEGABYTE);
  const nearby = new Nearby(fetch, 4 * MEGABYTE);
  const file = nearby.file('0', ['1'], STAY);
  await give('0');
  await file;
  expect(asked).toEqual(['0']);
  await nearby.file('0', ['1'], STAY);
  expect(asked).toEqual(['0']);
  expect(nearby.keptBytes).toBe(9 * MEGABYTE);
});

test('one that does not come ahead of time is asked for again when she comes to it, and fails then', async () => {
  const { asked, open, fetch, give, settled } = archive(1_000);
  const nearby = new Nearby(fetch, MEGABYTE);
  const file = nearby.file('0', ['1', '2'], STAY);
  await give('0');
  await file;
  open.get('1')?.fail();
  await settled();
  expect(asked).toEqual(['0', '1']);
  const failing = nearby.file('1', ['2'], STAY);
  open.get('1')?.fail();
  await expect(failing).rejects.toThrow('broken off');
  expect(asked).toEqual(['0', '1', '1']);
});

test('closed, it holds nothing and waits for nothing', async () => {
  const { asked, open, fetch, give } = archive(1_000);
  const nearby = new Nearby(fetch, MEGABYTE);
  const file = nearby.file('0', ['1'], STAY);
  await give('0');
  await file;
  nearby.close();
  expect(open.get('1')?.signal.aborted).toBe(true);
  const again = nearby.file('0', [], STAY);
  await give('0');
  await again;
  expect(asked).toEqual(['0', '1', '0']);
});
