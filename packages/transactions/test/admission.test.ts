import { toHex } from '@radledger/primitives';
import { expect, test } from 'vitest';
import { isWorkStampValid, solveWorkStamp, workStampDigest } from '../src/index.js';
import { chainId, idOf } from './sample-payloads.js';

const input = { chainId, source: idOf('source'), height: 12, blockId: idOf('block') };

test('a solved stamp holds its work, for its source and block only', async () => {
  const { counter } = await solveWorkStamp({ ...input, workBits: 11 });
  expect(isWorkStampValid({ ...input, counter, workBits: 11 })).toBe(true);
  expect(toHex(workStampDigest({ ...input, counter })).startsWith('00')).toBe(true);
  const elsewhere = [{ source: idOf('other') }, { blockId: idOf('other') }, { height: 13 }, { chainId: idOf('other') }];
  const stillValid = elsewhere.filter((change) => isWorkStampValid({ ...input, ...change, counter, workBits: 11 }));
  expect(stillValid).toEqual([]);
});

test('no work is needed at 0 bits, and a search can be ended', async () => {
  expect(await solveWorkStamp({ ...input, workBits: 0 })).toMatchObject({ kind: 'work', counter: 0 });
  await expect(solveWorkStamp({ ...input, workBits: 32 }, { signal: AbortSignal.abort() })).rejects.toThrow();
});
