import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { concatBytes, equalBytes } from '@radledger/primitives';
import { expect, test } from 'vitest';
import { FileWriter } from '../src/file-writer.js';
import { temporaryFolder } from './samples.js';

test('chunks of any size are written in order', async () => {
  const path = join(await temporaryFolder(), 'file');
  const chunks = [0, 1, 700_000, 3, 2_500_000, 0, 16_384, 1_048_576].map((size, i) => new Uint8Array(size).fill(i));
  const handle = await open(path, 'wx');
  const writer = new FileWriter(handle);
  for (const chunk of chunks) await writer.write(chunk);
  await writer.finish();
  await handle.close();
  expect(equalBytes(await readFile(path), concatBytes(...chunks))).toBe(true);
});

test('writes that the system does in part are completed', async () => {
  const written: number[] = [];
  const handle = {
    async writev(chunks: readonly Uint8Array[]) {
      const bytes = concatBytes(...chunks).subarray(0, 5);
      written.push(...bytes);
      return { bytesWritten: bytes.length };
    },
    async sync() {},
  };
  const writer = new FileWriter(handle as never);
  await writer.write(Uint8Array.of(1, 2, 3));
  await writer.write(Uint8Array.of(4, 5, 6, 7, 8, 9, 10, 11));
  await writer.write(Uint8Array.of(12));
  await writer.finish();
  expect(written).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
});

test('a write that fails is told by the next call, and never lost', async () => {
  const handle = {
    async writev() {
      throw Object.assign(new Error('full'), { code: 'ENOSPC' });
    },
    async sync() {},
  };
  const writer = new FileWriter(handle as never);
  await writer.write(new Uint8Array(2 << 20));
  await writer.settled();
  await expect(writer.write(new Uint8Array(2 << 20))).rejects.toMatchObject({ code: 'ENOSPC' });
  await expect(writer.finish()).rejects.toMatchObject({ code: 'ENOSPC' });
});
