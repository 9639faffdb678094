import { toHex } from '@radledger/primitives';
import type { SignedTransaction } from '@radledger/transactions';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { LedgerError } from '../src/errors.js';
import { createMempool, defaultMempoolLimits, type MempoolLimits } from '../src/mempool.js';
import { type TestSource, testSource } from './support/keys.js';
import { allowAccess, defineSource, defineStudy, idOf, ownerOf, revokeAccess } from './support/transactions.js';

const chainId = idOf('chain');
const never = (): boolean => false;
let big: TestSource;
let small: TestSource;
let ofBig: SignedTransaction[];
let ofSmall: SignedTransaction[];

beforeAll(async () => {
  [big, small] = [await testSource('big'), await testSource('small')];
  const owner = await ownerOf('p');
  const allows = (source: TestSource, count: number): Promise<SignedTransaction[]> =>
    Promise.all(
      Array.from({ length: count }, (_, index) =>
        allowAccess(chainId, source, { study: `${source.name} ${index}`, owner, tag: 't', notAfterMs: 1 }),
      ),
    );
  ofBig = await allows(big, 12);
  ofSmall = await allows(small, 3);
});

function limited(lane: 'allow' | 'study', countMax: number, perCellMax = 64): MempoolLimits {
  return {
    perCellMax,
    lanes: { ...defaultMempoolLimits.lanes, [lane]: { countMax, bytesMax: 1024 * 1024 } },
  };
}

function codeOf(run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    return error instanceof LedgerError ? error.code : 'other';
  }
}

describe('lanes', () => {
  test('the Allow lane serves sources by turns, whoever sent more', () => {
    const mempool = createMempool();
    for (const signed of [...ofBig, ...ofSmall]) mempool.add(signed);
    const sources = mempool.candidates(1024 * 1024, never).map(({ group }) => group);
    const [b, s] = [toHex(big.signer.publicKey), toHex(small.signer.publicKey)];
    expect(sources.slice(0, 6)).toEqual([b, s, b, s, b, s]);
    expect(sources).toHaveLength(15);
  });

  test('a source that owes has its turns less often, the first like any other, and its revocations at once', async () => {
    const isBig = (group: string): boolean => group === toHex(big.signer.publicKey);
    const mempool = createMempool(defaultMempoolLimits, (group) => (isBig(group) ? 2_500 : 10_000));
    const owner = await ownerOf('p');
    const about = { study: 'big 0', owner, tag: 't' };
    const revocation = await revokeAccess(chainId, big, about);
    for (const signed of [...ofBig, ...ofSmall, revocation]) mempool.add(signed);
    const groups = mempool
      .candidates(1024 * 1024, never)
      .map(({ lane, group }) => (lane === 'allow' ? isBig(group) : lane));
    expect(groups).toEqual(['revoke', true, false, false, false, ...ofBig.slice(1).map(() => true)]);
  });

  test('a source that was served goes behind those that were not', () => {
    const mempool = createMempool();
    for (const signed of [...ofBig, ...ofSmall]) mempool.add(signed);
    const oneBytes = (ofBig[0] as SignedTransaction).bytes.length;
    const first = mempool.candidates(Math.ceil(oneBytes * 1.5), never);
    const second = mempool.candidates(Math.ceil(oneBytes * 1.5), never);
    expect(first).toHaveLength(1);
    expect(second.map(({ group }) => group)).not.toEqual(first.map(({ group }) => group));
  });

  test('a full lane makes room from its most crowded group, never from the newcomer’s own', () => {
    const mempool = createMempool(limited('allow', 12));
    for (const signed of ofBig) mempool.add(signed);
    expect(codeOf(() => mempool.add(ofBig[0] as SignedTransaction))).toBeUndefined(); // known already
    const dropped = mempool.add(ofSmall[0] as SignedTransaction);
    expect(dropped.map(({ id }) => id)).toEqual([toHex((ofBig[11] as SignedTransaction).txId)]);
    expect(codeOf(() => mempool.add(ofBig[11] as SignedTransaction))).toBe('MEMPOOL_FULL');
    expect(mempool.size).toBe(12);
  });

  test('Revoke has room when every other lane is full', async () => {
    const owner = await ownerOf('p');
    const mempool = createMempool(limited('allow', 12));
    for (const signed of ofBig) mempool.add(signed);
    mempool.add(await revokeAccess(chainId, big, { study: 'big 0', owner, tag: 't' }));
    const [first] = mempool.candidates(64 * 1024, never);
    expect(first?.lane).toBe('revoke');
  });

  test('one record holds a bounded number of transactions', async () => {
    const owner = await ownerOf('p');
    const mempool = createMempool(limited('allow', 100, 2));
    const onOne = await Promise.all(
      ['a', 'b', 'c'].map((tag) => allowAccess(chainId, big, { study: 'one', owner, tag, notAfterMs: 1 })),
    );
    mempool.add(onOne[0] as SignedTransaction);
    mempool.add(onOne[1] as SignedTransaction);
    expect(codeOf(() => mempool.add(onOne[2] as SignedTransaction))).toBe('MEMPOOL_CELL_FULL');
  });
});

test('expiry removes what no later block can hold, and never a Revoke', async () => {
  const owner = await ownerOf('p');
  const mempool = createMempool();
  const early = await allowAccess(chainId, big, { study: 'x', owner, tag: 'a', expiryHeight: 9 });
  const late = await allowAccess(chainId, big, { study: 'x', owner, tag: 'b', expiryHeight: 10 });
  const revoke = await revokeAccess(chainId, big, { study: 'x', owner, tag: 'a' });
  for (const signed of [early, late, revoke]) mempool.add(signed);
  expect(mempool.expire(10).map(({ id }) => id)).toEqual([toHex(early.txId)]);
  expect(mempool.size).toBe(2);
});

test('candidates leave out what unfinalized blocks hold', () => {
  const mempool = createMempool();
  for (const signed of ofSmall) mempool.add(signed);
  const held = toHex((ofSmall[1] as SignedTransaction).txId);
  const ids = mempool.candidates(1024 * 1024, (id) => id === held).map(({ id }) => id);
  expect(ids).toHaveLength(2);
  expect(ids).not.toContain(held);
  expect(mempool.hasOther((id) => id === held)).toBe(true);
  expect(mempool.hasOther(() => true)).toBe(false);
});

// Goal: no order of adds, removes and expiries breaks the bounds or the counts. Method: 200 seeded runs on a small pool.
test('bounds and counts hold through any sequence of changes', async () => {
  const owner = await ownerOf('p');
  const pool = [
    ...ofBig,
    ...ofSmall,
    await defineSource(chainId, big),
    await defineStudy(chainId, big, { study: 's', owner }),
    await revokeAccess(chainId, big, { study: 's', owner, tag: 'r' }),
  ];
  const step = fc.record({
    add: fc.boolean(),
    index: fc.nat({ max: pool.length - 1 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const mempool = createMempool(limited('allow', 5));
      const held = new Set<string>();
      for (const { add, index } of steps) {
        const signed = pool[index] as SignedTransaction;
        const id = toHex(signed.txId);
        if (!add) {
          expect(mempool.remove(id) !== undefined).toBe(held.delete(id));
          continue;
        }
        try {
          for (const dropped of mempool.add(signed)) held.delete(dropped.id);
          held.add(id);
        } catch (error) {
          expect(error).toBeInstanceOf(LedgerError);
        }
      }
      const all = mempool.all();
      expect(new Set(all.map(({ id }) => id))).toEqual(held);
      expect(mempool.size).toBe(held.size);
      expect(mempool.bytes).toBe(all.reduce((sum, { signed }) => sum + signed.bytes.length, 0));
      expect(all.filter(({ lane }) => lane === 'allow').length).toBeLessThanOrEqual(5);
      const candidates = mempool.candidates(2_000, never);
      expect(candidates.reduce((sum, { signed }) => sum + signed.bytes.length, 0)).toBeLessThanOrEqual(2_000);
      expect(new Set(candidates.map(({ id }) => id)).size).toBe(candidates.length);
    }),
    { seed: 20_261_123, numRuns: 200 },
  );
});
