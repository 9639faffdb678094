// What broke: a full block was executed at one stretch, and timers, votes and requests waited for all of it.
import { bodyBytesOf, blockIdOf, encodeHeader, merkleRoot } from '@radledger/chain';
import { expect, test } from 'vitest';
import { executorRig } from '../support/executor-rig.js';
import { testSource } from '../support/keys.js';
import { genesisOf } from '../support/net.js';
import { solo } from '../support/solo-module.js';
import { allowAccess, ownerOf } from '../support/transactions.js';

const COUNT = 640;

test('other work has its turn many times while a block of known transactions is judged', async () => {
  const source = await testSource('s0');
  const rig = await executorRig(genesisOf([source], { moduleId: solo.id }), solo);
  const owner = await ownerOf('anna');
  const transactions = await Promise.all(
    Array.from({ length: COUNT }, async (_, index) => {
      const { bytes } = await allowAccess(rig.chainId, source, { study: 'mr', owner, tag: `t${index}` });
      return bytes;
    }),
  );
  const { header: empty } = await rig.make({});
  const bodyBytes = bodyBytesOf(transactions, 0);
  const header = { ...empty, transactionRoot: merkleRoot(transactions), bodyBytes };
  const block = {
    header,
    body: { transactions, justification: new Uint8Array(0) },
    id: blockIdOf(encodeHeader(header)),
  };
  // It is not in block order, so it is not valid; by now every signature in it is known to hold.
  expect((await rig.executor.verify(block)).kind).toBe('invalid');
  let turns = 0;
  let judging = true;
  const turn = (): void => {
    turns += 1;
    if (judging) setImmediate(turn);
  };
  setImmediate(turn);
  await rig.executor.verify(block);
  judging = false;
  expect(turns).toBeGreaterThanOrEqual(COUNT / 64);
});
