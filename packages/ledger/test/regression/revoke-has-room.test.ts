// What broke: 64 transactions of anybody on one record kept the owner from revoking, or from ending a delegation.
import { expect, test } from 'vitest';
import { createMempool } from '../../src/mempool.js';
import { testSource } from '../support/keys.js';
import { allowAccess, idOf, ownerOf, revokeAccess, setDelegate } from '../support/transactions.js';

const chainId = idOf('chain');

test('others on the same record do not keep the owner from revoking', async () => {
  const mempool = createMempool();
  const source = await testSource('s0');
  for (let index = 0; index < 65; index += 1) {
    const owner = await ownerOf(`other ${index}`);
    mempool.add(await revokeAccess(chainId, source, { study: 'mr', owner, tag: 'x' }));
  }
  const owner = await ownerOf('anna');
  for (let index = 0; index < 65; index += 1) {
    mempool.add(await revokeAccess(chainId, source, { study: 'mr', owner, tag: `x${index}` }));
  }
  expect(mempool.size).toBe(130);
});

test('a delegate with 64 grants under way does not keep the owner from ending the delegation', async () => {
  const mempool = createMempool();
  const source = await testSource('s0');
  const delegate = await ownerOf('delegate');
  const grant = (index: number) => allowAccess(chainId, source, { study: 'mr', owner: delegate, tag: `x${index}` });
  for (let index = 0; index < 64; index += 1) mempool.add(await grant(index));
  const oneMore = await grant(64);
  expect(() => mempool.add(oneMore)).toThrow('MEMPOOL_CELL_FULL');
  mempool.add(await setDelegate(chainId, source, { study: 'mr', owner: await ownerOf('anna') }));
  expect(mempool.size).toBe(65);
});

test('serving turns costs no more than there are entries, however unequal the queues', async () => {
  const mempool = createMempool();
  const source = await testSource('s0');
  const talkative = await ownerOf('talkative');
  for (let index = 0; index < 200; index += 1) {
    mempool.add(await revokeAccess(chainId, source, { study: 'mr', owner: talkative, tag: `x${index}` }));
  }
  for (let index = 0; index < 200; index += 1) {
    const owner = await ownerOf(`other ${index}`);
    mempool.add(await revokeAccess(chainId, source, { study: 'mr', owner, tag: 'x' }));
  }
  const candidates = mempool.candidates(1024 * 1024, () => false);
  expect(candidates).toHaveLength(400);
  // Everyone is served once before anyone is served twice.
  expect(new Set(candidates.slice(0, 201).map(({ group }) => group)).size).toBe(201);
});
