/** What every database must do for the ledger's store. */
import { hashedKeyOf, proveCell, verifyCellProof } from '@radledger/chain';
import { compareBytes, fromHex, toHex, utf8 } from '@radledger/primitives';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type AnyLevel, ByteDatabase } from '../byte-database.js';
import type { FinalizedBlock, LedgerStore, StateSnapshot } from '../contract.js';
import { displacedRangeBelow, idKey } from '../keys.js';
import { openStore } from '../ledger-store.js';
import { withBatchFaults } from './faults.js';
import { SyntheticChain } from './synthetic-chain.js';

/** One place where a database keeps its entries. */
export interface DatabaseFixture {
  /** A database over the same entries each time, not opened yet or opened; the one before is closed by then. */
  database(): AnyLevel | Promise<AnyLevel>;
  /** Deletes the place. */
  dispose(): Promise<void>;
}

/**
 * Defines a vitest suite that proves an abstract-level database fit for the store.
 * @param name - of the database, for the report
 */
export function testStore(name: string, createFixture: () => Promise<DatabaseFixture>): void {
  describe(`store on ${name}`, () => {
    let fixture: DatabaseFixture;
    let chain: SyntheticChain;
    let store: LedgerStore;
    const reopen = async (): Promise<void> => {
      await store.close();
      store = await openStore(await fixture.database(), { chainId: chain.chainId });
    };

    beforeEach(async () => {
      fixture = await createFixture();
      chain = new SyntheticChain({ seed: 1 });
      store = await openStore(await fixture.database(), { chainId: chain.chainId });
    });
    afterEach(async () => {
      await store.close();
      await fixture.dispose();
    });

    test('a new store is empty, and stays empty until genesis', async () => {
      expect(store.tip).toBeUndefined();
      expect(await store.header(0)).toBeUndefined();
      expect(await store.headers({ from: 0, limit: 10 })).toEqual([]);
      expect(await store.getMany([utf8('params')])).toEqual([undefined]);
      expect(store.isRecentTransaction(new Uint8Array(32))).toBe(false);
      await reopen();
      expect(store.tip).toBeUndefined();
    });

    test('everything committed is read back, before and after opening again', async () => {
      for (const finalized of await chain.take(20)) await store.commit(finalized);
      await expectWhole(store, chain);
      await reopen();
      await expectWhole(store, chain);
      await store.commit(await chain.next());
      await expectWhole(store, chain);
    });

    test('commits called together are carried out in order', async () => {
      const blocks = await chain.take(10);
      await Promise.all(blocks.map((finalized) => store.commit(finalized)));
      await expectWhole(store, chain);
    });

    test('a state proof from the store holds under the root in the tip', async () => {
      for (const finalized of await chain.take(8)) await store.commit(finalized);
      const stateRoot = store.tip?.header.stateRoot ?? new Uint8Array(0);
      for (const name of [...[...chain.cells.keys()].map(fromHex), utf8('study/absent')]) {
        const [value] = await store.getMany([name]);
        expect(verifyCellProof({ stateRoot, name, value, proof: await proveCell(store, name) })).toBe(true);
      }
    });

    test('snapshots stay at their blocks while commits go on, whichever is closed first', async () => {
      const blocks = await chain.take(24);
      const open = new Map<number, StateSnapshot>();
      const expectAsCommitted = async (): Promise<void> => {
        for (const [height, snapshot] of open) {
          const cells = cellsAfter(blocks.slice(0, height + 1));
          const known = new Set(blocks.flatMap(({ writeSet }) => [...writeSet.cells.keys()]));
          expect(snapshot.tip?.height).toBe(height);
          for (const hex of known) {
            expect(await snapshot.getMany([fromHex(hex)])).toEqual([cells.get(hex)]);
          }
          const sorted = [...cells].map(([hex, value]) => [fromHex(hex), value] as const);
          expect(await snapshot.scan(new Uint8Array(0))).toEqual(sorted.sort(([a], [b]) => compareBytes(a, b)));
          const stateRoot = snapshot.tip?.header.stateRoot ?? new Uint8Array(0);
          for (const [name, value] of sorted) {
            const proof = await proveCell(snapshot, name);
            expect(verifyCellProof({ stateRoot, name, value, proof })).toBe(true);
          }
        }
      };
      const closeAt = async (height: number): Promise<void> => {
        await open.get(height)?.close();
        open.delete(height);
      };
      for (const finalized of blocks) {
        await store.commit(finalized);
        const { height } = finalized.block.header;
        if (height % 4 === 1) open.set(height, await store.snapshot());
        if (height === 10) await closeAt(5);
        if (height === 14) await closeAt(1);
        if (height === 19) await closeAt(17);
        if (height % 3 === 2) await expectAsCommitted();
      }
      await expectAsCommitted();
      expect(open.size).toBe(3);
      await Promise.all([...open.values()].map((snapshot) => snapshot.close()));
      await expectWhole(store, chain);
    });

    test('what a snapshot kept goes with it, and at the next start when there was no time for it', async () => {
      const kept = async (): Promise<number> => {
        await store.close();
        const database = new ByteDatabase(await fixture.database());
        await database.open();
        const { length } = await database.range(displacedRangeBelow(Number.MAX_SAFE_INTEGER));
        await database.close();
        store = await openStore(await fixture.database(), { chainId: chain.chainId });
        return length;
      };
      for (const finalized of await chain.take(5)) await store.commit(finalized);
      const snapshot = await store.snapshot();
      for (const finalized of await chain.take(5)) await store.commit(finalized);
      await snapshot.close();
      await store.commit(await chain.next());
      expect(await kept()).toBe(0);
      await store.snapshot();
      for (const finalized of await chain.take(5)) await store.commit(finalized);
      expect(await kept()).toBeGreaterThan(0);
      await store.commit(await chain.next());
      expect(await kept()).toBe(0);
      await expectWhole(store, chain);
    });

    test('what is not the next block is refused, and nothing of it is written', async () => {
      const [genesis, first, second] = await chain.take(3);
      if (genesis === undefined || first === undefined || second === undefined)
        throw new Error('expected three blocks');
      await expect(store.commit(first)).rejects.toMatchObject({ code: 'NOT_NEXT_BLOCK' });
      await store.commit(genesis);
      await expect(store.commit(genesis)).rejects.toMatchObject({ code: 'NOT_NEXT_BLOCK' });
      await expect(store.commit(second)).rejects.toMatchObject({ code: 'NOT_NEXT_BLOCK' });
      await expect(store.commit({ ...first, writeSet: second.writeSet })).rejects.toMatchObject({
        code: 'STATE_ROOT_MISMATCH',
      });
      await expect(store.commit({ ...first, transactionIds: [] })).rejects.toMatchObject({
        code: 'BLOCK_MISMATCH',
        info: { what: 'transactionIds' },
      });
      const block = { ...first.block, body: second.block.body, id: second.block.id };
      await expect(store.commit({ ...first, block })).rejects.toMatchObject({ info: { what: 'id' } });
      const stranger = new SyntheticChain({ seed: 2 });
      await stranger.next();
      const [foreign] = await stranger.take(1);
      if (foreign !== undefined) await expect(store.commit(foreign)).rejects.toMatchObject({ code: 'NOT_NEXT_BLOCK' });
      expect(await store.header(1)).toBeUndefined();
      await store.commit(first);
      expect(store.tip?.height).toBe(1);
    });

    test('a database of another chain is refused and keeps its entries', async () => {
      await store.commit(await chain.next());
      await store.close();
      const opening = openStore(await fixture.database(), { chainId: new Uint8Array(32).fill(9) });
      await expect(opening).rejects.toMatchObject({ code: 'FOREIGN_CHAIN' });
      store = await openStore(await fixture.database(), { chainId: chain.chainId });
      await expectWhole(store, chain);
    });

    test('a failed write closes the store to writing, and opening it again tells what became of the block', async () => {
      for (const finalized of await chain.take(3)) await store.commit(finalized);
      const next = await chain.next();
      for (const fate of ['lost', 'written-but-failed'] as const) {
        await store.close();
        const faulty = withBatchFaults(await fixture.database(), () => fate);
        store = await openStore(faulty, { chainId: chain.chainId });
        await expect(store.commit(next)).rejects.toMatchObject({ code: 'WRITE_FAILED', info: { height: 3 } });
        await expect(store.commit(next)).rejects.toMatchObject({ code: 'WRITE_FAILED' });
        await reopen();
        expect(store.tip?.height).toBe(fate === 'lost' ? 2 : 3);
      }
      await expectWhole(store, chain);
    });

    test('pruning forgets where old transactions are, and nothing else', async () => {
      chain = new SyntheticChain({ seed: 3, cellsPerBlock: 1, transactionsPerBlock: 1 });
      await store.close();
      await fixture.dispose();
      fixture = await createFixture();
      store = await openStore(await fixture.database(), { chainId: chain.chainId });
      for (const finalized of await chain.take(520)) await store.commit(finalized);
      expect(await store.pruneTransactionIndex({ belowHeight: 600 })).toBe(7);
      expect(await store.pruneTransactionIndex({ belowHeight: 600 })).toBe(0);
      const idAt = (height: number) => chain.blocks[height]?.transactionIds[0] ?? new Uint8Array(0);
      expect(await store.transactionHeight(idAt(7))).toBeUndefined();
      expect(await store.transactionHeight(idAt(8))).toBe(8);
      expect(await store.transactionIds(7)).toEqual([idAt(7)]);
      for (const opened of [false, true]) {
        if (opened) await reopen();
        // The next block is 520: bodies 8 to 519 are the 512 before it.
        expect([7, 8, 519].map((height) => store.isRecentTransaction(idAt(height)))).toEqual([false, true, true]);
        expect(store.isRecentTransaction(idAt(519), 519)).toBe(false);
        expect(store.recentBlockIdAt(519)).toEqual(chain.blocks[519]?.block.id);
        expect(store.recentBlockIdAt(7)).toBeUndefined();
      }
    });

    test('pruning forgets old bodies and proofs, never the last 512 blocks, genesis, headers and every fourth proof', async () => {
      chain = new SyntheticChain({ seed: 4, cellsPerBlock: 1, transactionsPerBlock: 1 });
      await store.close();
      await fixture.dispose();
      fixture = await createFixture();
      store = await openStore(await fixture.database(), { chainId: chain.chainId });
      for (const finalized of await chain.take(520)) await store.commit(finalized);
      await store.prune({ bodiesBelow: 3, proofsBelow: 0, proofsEvery: 4 });
      expect([store.lowestHeight, await store.block(2), await store.finalityProof(2)]).toEqual([
        3,
        undefined,
        chain.blocks[2]?.finalityProof,
      ]);
      await store.prune({ bodiesBelow: 600, proofsBelow: 600, proofsEvery: 4 });
      for (const opened of [false, true]) {
        if (opened) await reopen();
        expect(store.lowestHeight).toBe(8);
        for (const height of [1, 5, 7]) {
          expect(await store.block(height)).toBeUndefined();
          expect(await store.transactionIds(height)).toBeUndefined();
          expect(await store.finalityProof(height)).toBeUndefined();
          expect(await store.header(height)).toEqual(chain.blocks[height]?.block.header);
        }
        expect(await store.finalityProof(4)).toEqual(chain.blocks[4]?.finalityProof);
        expect(await store.block(0)).toEqual(chain.blocks[0]?.block);
        expect(await store.block(8)).toEqual(chain.blocks[8]?.block);
      }
      await store.commit(await chain.next());
    });

    test('places that changed are known for each span of blocks that was committed', async () => {
      for (const finalized of await chain.take(6)) await store.commit(finalized);
      const expected = chain.blocks
        .slice(3, 6)
        .flatMap(({ writeSet }) =>
          [...writeSet.cells.keys()].map((hex) => toHex(hashedKeyOf(fromHex(hex))).slice(0, 8)),
        );
      expect([...((await store.changedPlaces({ after: 2, to: 5 })) ?? [])].sort()).toEqual(
        [...new Set(expected)].sort(),
      );
      expect(await store.changedPlaces({ after: 5, to: 5 })).toEqual(new Set());
      expect(await store.changedPlaces({ after: 5, to: 6 })).toBeUndefined();
      expect(await store.changedPlaces({ after: 6, to: 5 })).toBeUndefined();
    });

    test('a state from elsewhere fills an empty store, over several openings, and only when it is whole', async () => {
      const blocks = await chain.take(20);
      const cells = [...chain.cells].map(([hex, value]) => ({ name: fromHex(hex), value }));
      const { block } = blocks.at(-1) as (typeof blocks)[number];
      const tip = { height: 19, id: block.id, header: block.header };
      const first = await store.importState();
      expect(first.progress).toBeUndefined();
      await first.write(cells.slice(0, 9), utf8('half'));
      await reopen();
      expect(store.tip).toBeUndefined();
      const importing = await store.importState();
      expect(importing.progress).toEqual(utf8('half'));
      await importing.writeBlocks(blocks, utf8('blocks'));
      const finish = { tip, lowestHeight: 0, boundaries: [] };
      await expect(importing.finish(finish)).rejects.toMatchObject({ code: 'STATE_ROOT_MISMATCH' });
      expect(store.tip).toBeUndefined();
      await importing.write(cells.slice(9), utf8('whole'));
      await importing.finish(finish);
      await expectWhole(store, chain);
      await expect(store.importState()).rejects.toMatchObject({ code: 'NOT_EMPTY' });
      expect(store.isRecentTransaction(blocks[19]?.transactionIds[0] ?? new Uint8Array(0))).toBe(true);
      await reopen();
      await expectWhole(store, chain);
      await store.commit(await chain.next());
      await expectWhole(store, chain);
    });

    test('an unfinished import is forgotten on demand, and by genesis', async () => {
      const blocks = await chain.take(4);
      const stray = [{ name: utf8('study/stray'), value: utf8('x') }];
      const importing = await store.importState();
      await importing.write(stray, utf8('some'));
      await importing.discard();
      expect(importing.progress).toBeUndefined();
      await importing.write(stray, utf8('some'));
      await importing.writeBlocks(blocks.slice(2), utf8('some'));
      await reopen();
      for (const finalized of blocks) await store.commit(finalized);
      await expectWhole(store, chain);
      await reopen();
      await expectWhole(store, chain);
    });

    test('an import whose removal was interrupted claims nothing, wherever that was', async () => {
      const blocks = await chain.take(20);
      const cells = [...chain.cells].map(([hex, value]) => ({ name: fromHex(hex), value }));
      const { block } = blocks.at(-1) as (typeof blocks)[number];
      const tip = { height: 19, id: block.id, header: block.header };
      let lastBatch = 0;
      for (let fatal = 1; lastBatch === 0; fatal += 1) {
        const begun = await store.importState();
        await begun.write(cells.slice(0, 9), utf8('half'));
        await begun.writeBlocks(blocks, utf8('half'));
        await store.close();
        let batches = 0;
        const faulty = withBatchFaults(await fixture.database(), (batch) => {
          batches = batch;
          return batch < fatal ? 'written' : 'lost';
        });
        store = await openStore(faulty, { chainId: chain.chainId });
        const importing = await store.importState();
        const removed = await importing.discard().then(
          () => true,
          () => false,
        );
        if (removed) lastBatch = batches;
        await reopen();
        const { progress } = await store.importState();
        expect(progress).toEqual(fatal === 1 ? utf8('half') : undefined);
        const [cell] = await store.getMany([cells[0]?.name ?? new Uint8Array(0)]);
        expect(cell).toEqual(fatal === 1 ? cells[0]?.value : undefined);
      }
      // The mark, cells, nodes, parts of blocks, and the import itself.
      expect(lastBatch).toBeGreaterThan(5);
      const importing = await store.importState();
      await importing.write(cells, utf8('whole'));
      await importing.writeBlocks(blocks, utf8('whole'));
      await importing.finish({ tip, lowestHeight: 0, boundaries: [] });
      await expectWhole(store, chain);
    });

    test('an import that lost a cell does not become the state', async () => {
      const blocks = await chain.take(20);
      const cells = [...chain.cells].map(([hex, value]) => ({ name: fromHex(hex), value }));
      const { block } = blocks.at(-1) as (typeof blocks)[number];
      const importing = await store.importState();
      await importing.write(cells, utf8('whole'));
      await importing.writeBlocks(blocks, utf8('whole'));
      await store.close();
      const database = new ByteDatabase(await fixture.database());
      await database.open();
      await database.writeSynced([{ type: 'del', key: idKey('cell', cells[5]?.name ?? new Uint8Array(0)) }]);
      await database.close();
      store = await openStore(await fixture.database(), { chainId: chain.chainId });
      const tip = { height: 19, id: block.id, header: block.header };
      const finished = (await store.importState()).finish({ tip, lowestHeight: 0, boundaries: [] });
      await expect(finished).rejects.toMatchObject({ code: 'STATE_ROOT_MISMATCH' });
      expect(store.tip).toBeUndefined();
    });

    test('ranges have bounds', async () => {
      for (const range of [
        { from: -1, limit: 1 },
        { from: 0, limit: 0 },
        { from: 0.5, limit: 1 },
        { from: 0, limit: 10_001 },
      ]) {
        await expect(store.headers(range)).rejects.toMatchObject({ code: 'OUT_OF_RANGE' });
        await expect(store.duties(range)).rejects.toMatchObject({ code: 'OUT_OF_RANGE' });
      }
      expect(await store.block(-1)).toBeUndefined();
    });

    test('a closed store says so', async () => {
      const genesis = await chain.next();
      await Promise.all([store.close(), store.close()]);
      await expect(store.commit(genesis)).rejects.toMatchObject({ code: 'CLOSED' });
      await expect(store.header(0)).rejects.toMatchObject({ code: 'CLOSED' });
      await expect(store.snapshot()).rejects.toMatchObject({ code: 'CLOSED' });
    });
  });
}

/** The state after some blocks, by hex of the names. */
function cellsAfter(blocks: readonly FinalizedBlock[]): ReadonlyMap<string, Uint8Array> {
  const cells = new Map<string, Uint8Array>();
  for (const [hex, value] of blocks.flatMap(({ writeSet }) => [...writeSet.cells])) {
    if (value === undefined) cells.delete(hex);
    else cells.set(hex, value);
  }
  return cells;
}

/** Compares all that a store holds with the chain that was committed to it. */
async function expectWhole(store: LedgerStore, chain: SyntheticChain): Promise<void> {
  const newest = chain.blocks.at(-1)?.block;
  expect(store.tip).toEqual({ height: chain.blocks.length - 1, id: newest?.id, header: newest?.header });
  expect(await store.headers({ from: 0, limit: 10_000 })).toEqual(chain.blocks.map(({ block }) => block.header));
  const duties = chain.blocks.map(({ block, dutyEvents }) => ({ height: block.header.height, dutyEvents }));
  expect(await store.duties({ from: 0, limit: 10_000 })).toEqual(
    duties.filter(({ dutyEvents }) => dutyEvents.length > 0),
  );
  for (const { block, finalityProof, transactionIds } of chain.blocks) {
    const { height } = block.header;
    expect(await store.block(height)).toEqual(block);
    expect(await store.finalityProof(height)).toEqual(finalityProof);
    expect(await store.heightOf(block.id)).toBe(height);
    expect(await store.transactionIds(height)).toEqual(transactionIds);
    for (const txId of transactionIds) expect(await store.transactionHeight(txId)).toBe(height);
  }
  const names = [...chain.cells.keys()];
  expect(await store.getMany(names.map(fromHex))).toEqual([...chain.cells.values()]);
  const studies = [...chain.cells].map(([hex, value]) => [fromHex(hex), value] as const);
  const sorted = studies.sort(([a], [b]) => compareBytes(a, b));
  expect(await store.scan(new Uint8Array(0))).toEqual(sorted);
  expect(await store.scan(utf8('study/'))).toEqual(sorted.filter(([name]) => name[0] === 0x73));
  expect(await store.header(chain.blocks.length)).toBeUndefined();
}
