// Goal: whatever the moment of a kill -9, nothing acknowledged is lost and nothing is half there.
// Method: child processes that kill themselves before, inside and after a batch, at points drawn from one seed.
import { once } from 'node:events';
import { join } from 'node:path';
import { hash } from '@radledger/primitives';
import { expect, test } from 'vitest';
import { openDatabaseFolder } from '../src/classic-level.js';
import { SyntheticChain } from '../src/conformance/index.js';
import { createSignLog, openSignLog, openStore } from '../src/index.js';
import { startVictim } from './child.js';
import { newFolder } from './folders.js';

const SEED = 20_261_123;
const KILLS = 12;
const nodeKey = new Uint8Array(32).fill(1);

/** Numbers below 65,536 for one kill. */
function drawn(what: string, kill: number): [number, number, number] {
  const view = new DataView(hash('radledger/test-kill/1', SEED, what, kill).buffer);
  return [view.getUint16(0), view.getUint16(2), view.getUint16(4)];
}

test(`a store killed at ${KILLS} seeded points opens at its last committed block each time`, {
  timeout: 60_000,
}, async () => {
  const folder = await newFolder();
  const points = ['before', 'inside', 'inside', 'after'] as const;
  for (let kill = 0; kill < KILLS; kill++) {
    const [batch, point, micros] = drawn('store', kill);
    const victim = startVictim({
      kind: 'store',
      folder,
      create: kill === 0,
      seed: SEED,
      batch: 2 + (batch % 5),
      point: points[point % points.length],
      micros: micros % 4_000,
    });
    const { signal, errors } = await victim.ended;
    expect(errors).toBe('');
    expect(signal).toBe('SIGKILL');
    const acknowledged = Number(victim.lines.at(-1));

    const chain = new SyntheticChain({ seed: SEED });
    const database = await openDatabaseFolder({ folder, create: false });
    const store = await openStore(database, { chainId: chain.chainId });
    const height = store.tip?.height ?? -1;
    expect([acknowledged, acknowledged + 1]).toContain(height);
    await chain.take(height + 1);
    expect(store.tip?.header).toEqual(chain.blocks[height]?.block.header);
    expect(
      new Map((await store.scan(new Uint8Array(0))).map(([name, value]) => [Buffer.from(name).toString('hex'), value])),
    ).toEqual(chain.cells);
    const { block, transactionIds } = chain.blocks[height] ?? {};
    expect(await store.block(height)).toEqual(block);
    expect(await store.transactionIds(height)).toEqual(transactionIds);
    await store.close();
  }
});

test(`a sign-log killed at ${KILLS} seeded points keeps every record it acknowledged`, {
  timeout: 60_000,
}, async () => {
  const path = join(await newFolder(), 'sign-log');
  await createSignLog(path, { nodeKey, createdAtMs: 1 });
  let length = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const [records, , micros] = drawn('sign-log', kill);
    const victim = startVictim({ kind: 'sign-log', path, fatal: length + 1 + (records % 8), micros: micros % 3_000 });
    const { signal, errors } = await victim.ended;
    expect(errors).toBe('');
    expect(signal).toBe('SIGKILL');
    const acknowledged = Number(victim.lines.at(-1));
    const log = await openSignLog(path, { nodeKey });
    expect([acknowledged + 1, acknowledged + 2]).toContain(log.records.length);
    log.records.forEach((record, i) => expect(record).toEqual(new Uint8Array(1 + (i % 300)).fill(i)));
    length = log.records.length;
    await log.close();
  }
});

test('a second process finds database and sign-log locked, and both free when the first has ended', async () => {
  const folder = join(await newFolder(), 'database');
  const path = join(await newFolder(), 'sign-log');
  await (await openDatabaseFolder({ folder, create: true })).close();
  await createSignLog(path, { nodeKey, createdAtMs: 1 });
  const holder = startVictim({ kind: 'hold', folder, path });
  await once(holder.child.stdout ?? process.stdin, 'data');
  await expect(openDatabaseFolder({ folder, create: false })).rejects.toMatchObject({ code: 'DATABASE_LOCKED' });
  await expect(openSignLog(path, { nodeKey })).rejects.toMatchObject({ code: 'SIGN_LOG_LOCKED' });
  holder.child.stdin?.write('end\n');
  expect((await holder.ended).errors).toBe('');
  await (await openDatabaseFolder({ folder, create: false })).close();
  await (await openSignLog(path, { nodeKey })).close();
});
