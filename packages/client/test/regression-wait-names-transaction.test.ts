/** Regression: a wait that ended without its transaction told the node which one it waited for. */
import { randomBytes } from '@radledger/primitives';
import { expect, test } from 'vitest';
import { waitForFinalized } from '../src/index.js';

test.each([
  [undefined, []],
  [true, ['asked']],
])('the id is asked for only where the caller allows it: %s', async (askForReason, expected) => {
  const asked: string[] = [];
  const node = {
    status: () => Promise.reject(new Error('not needed')),
    blocks: () => Promise.resolve([]),
    transactionStatus: () => {
      asked.push('asked');
      return Promise.resolve({ status: 'unknown' as const });
    },
    events: async function* () {},
  };
  const waiting = waitForFinalized(node, randomBytes(32), {
    fromHeight: 1,
    ...(askForReason === undefined ? {} : { askForReason }),
  });
  await expect(waiting).rejects.toMatchObject({ code: 'TIMEOUT' });
  expect(asked).toEqual(expected);
});
