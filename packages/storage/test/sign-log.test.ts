import { appendFile, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { toHex } from '@radledger/primitives';
import * as index from '../src/index.js';
import { createSignLog, openSignLog } from '../src/index.js';
import { frameRecord } from '../src/sign-log-records.js';
import { newFolder } from './folders.js';

const nodeKey = new Uint8Array(32).fill(1);
const record = (i: number): Uint8Array => new Uint8Array(10 + i).fill(i);

async function logOf(count: number): Promise<string> {
  const path = join(await newFolder(), 'sign-log');
  await createSignLog(path, { nodeKey, createdAtMs: 1_700_000_000_000 });
  const log = await openSignLog(path, { nodeKey });
  for (let i = 0; i < count; i++) await log.append(record(i));
  await log.close();
  return path;
}

async function recordsIn(path: string): Promise<readonly Uint8Array[]> {
  const log = await openSignLog(path, { nodeKey });
  await log.close();
  return log.records;
}

test('a new log is empty, private, and never made twice', async () => {
  const path = await logOf(0);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  const log = await openSignLog(path, { nodeKey });
  expect(log.header).toEqual({ nodeKey, createdAtMs: 1_700_000_000_000 });
  expect(log.records).toEqual([]);
  await log.close();
  await expect(createSignLog(path, { nodeKey, createdAtMs: 2 })).rejects.toMatchObject({ code: 'SIGN_LOG_EXISTS' });
});

test('records come back in order, those appended together as well', async () => {
  const path = await logOf(3);
  const log = await openSignLog(path, { nodeKey });
  await Promise.all([3, 4, 5, 6].map((i) => log.append(record(i))));
  await log.close();
  expect(await recordsIn(path)).toEqual([0, 1, 2, 3, 4, 5, 6].map(record));
});

test('a rewrite takes its turn among the appends', async () => {
  const path = await logOf(3);
  const log = await openSignLog(path, { nodeKey });
  await Promise.all([
    log.append(record(3)),
    log.rewrite([record(8), record(9)]),
    log.append(record(10)),
    log.append(record(11)),
  ]);
  await log.append(record(12));
  await log.close();
  expect(await recordsIn(path)).toEqual([8, 9, 10, 11, 12].map(record));
});

test.each([1, 11, 12, 20, 37])('a last record that ends %i bytes in is set aside and written over', async (bytes) => {
  const path = await logOf(2);
  await appendFile(path, frameRecord(record(2), 3).subarray(0, bytes));
  const log = await openSignLog(path, { nodeKey });
  expect(log.tornBytes).toBe(bytes);
  expect(log.records).toEqual([0, 1].map(record));
  await log.append(record(7));
  await log.close();
  expect(await recordsIn(path)).toEqual([0, 1, 7].map(record));
});

test('reserved space that was never written counts as the end', async () => {
  const path = await logOf(2);
  await appendFile(path, new Uint8Array(100));
  expect(await recordsIn(path)).toEqual([0, 1].map(record));
});

test('any flipped bit is found, wherever it is, and the file stays as it is', async () => {
  const path = await logOf(3);
  const sound = await readFile(path);
  for (let i = 0; i < sound.length; i++) {
    const damaged = Uint8Array.from(sound);
    damaged[i] = (damaged[i] ?? 0) ^ (1 << (i % 8));
    await writeFile(path, damaged);
    await expect(openSignLog(path, { nodeKey }), `offset ${i}`).rejects.toMatchObject({ code: 'SIGN_LOG_CORRUPT' });
    expect(Uint8Array.from(await readFile(path))).toEqual(damaged);
  }
}, 60_000);

test('records that were cut out, doubled or swapped are found', async () => {
  const path = await logOf(0);
  const head = await readFile(path);
  for (const indices of [
    [1, 3],
    [1, 1],
    [2, 1],
  ]) {
    await writeFile(path, Buffer.concat([head, ...indices.map((index) => frameRecord(record(index), index))]));
    await expect(openSignLog(path, { nodeKey })).rejects.toMatchObject({ code: 'SIGN_LOG_CORRUPT' });
  }
});

test('a log that is missing, empty, of another key or open already is refused', async () => {
  const path = await logOf(1);
  await expect(openSignLog(`${path}-none`, { nodeKey })).rejects.toMatchObject({ code: 'SIGN_LOG_MISSING' });
  const other = new Uint8Array(32).fill(2);
  await expect(openSignLog(path, { nodeKey: other })).rejects.toMatchObject({ code: 'FOREIGN_SIGN_LOG' });
  const log = await openSignLog(path, { nodeKey });
  await expect(openSignLog(path, { nodeKey })).rejects.toMatchObject({ code: 'SIGN_LOG_LOCKED' });
  await log.close();
  await expect(log.append(record(1))).rejects.toMatchObject({ code: 'CLOSED' });
  await writeFile(path, '');
  await expect(openSignLog(path, { nodeKey })).rejects.toMatchObject({ code: 'SIGN_LOG_CORRUPT' });
});

test('the framed record of docs/spec/storage.md, section 5', () => {
  expect(toHex(frameRecord(Uint8Array.of(1, 2, 3), 5))).toBe(
    '0000000300000005f025848a01020389b9c2e4a1d502cc20d205c9648cf444',
  );
});

test('the public surface', () => {
  expect(Object.keys(index).sort()).toEqual(['StorageError', 'createSignLog', 'openSignLog', 'openStore']);
});
