// A database that is torn, cut, foreign or newer: refused with a code that says what is wrong, and left as it is.
import { appendFile, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cellKey } from '@radledger/chain';
import { encodeCanonical, utf8 } from '@radledger/primitives';
import { MemoryLevel } from 'memory-level';
import { describe, expect, test } from 'vitest';
import { openDatabaseFolder } from '../src/classic-level.js';
import { SyntheticChain } from '../src/conformance/index.js';
import { openStore } from '../src/index.js';
import { heightKey, idKey } from '../src/keys.js';
import { crc32c, findLogDamage } from '../src/log-damage.js';
import { contentsOf, newFolder } from './folders.js';

const BLOCKS = 30;

/** A folder with a chain in it; `tables`: moved from the log into tables. */
async function chainFolder(options: { tables: boolean }): Promise<{ folder: string; chain: SyntheticChain }> {
  const folder = join(await newFolder(), 'database');
  const chain = new SyntheticChain({ seed: 5 });
  const store = await openStore(await openDatabaseFolder({ folder, create: true }), { chainId: chain.chainId });
  for (const finalized of await chain.take(BLOCKS)) await store.commit(finalized);
  await store.close();
  // LevelDB empties its log into a table when it opens.
  if (options.tables) await (await openDatabaseFolder({ folder, create: false })).close();
  return { folder, chain };
}

async function fileLike(folder: string, pattern: RegExp): Promise<string> {
  const names = (await readdir(folder)).filter((name) => pattern.test(name)).sort();
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size));
  return join(folder, names[sizes.indexOf(Math.max(...sizes))] ?? 'none');
}

async function flipBit(path: string, at: number): Promise<void> {
  const bytes = await readFile(path);
  const offset = Math.floor(bytes.length * at);
  bytes[offset] = (bytes[offset] ?? 0) ^ 1;
  await writeFile(path, bytes);
}

describe('files', () => {
  test.each<[string, { tables: boolean }, (folder: string) => Promise<void>]>([
    ['CURRENT is gone', { tables: false }, (folder) => rm(join(folder, 'CURRENT'))],
    ['CURRENT is cut', { tables: false }, (folder) => truncate(join(folder, 'CURRENT'), 5)],
    ['the manifest is gone', { tables: true }, async (folder) => rm(await fileLike(folder, /^MANIFEST/))],
    [
      'the manifest has a wrong bit',
      { tables: true },
      async (folder) => flipBit(await fileLike(folder, /^MANIFEST/), 0.2),
    ],
    [
      'the log has a wrong bit in front',
      { tables: false },
      async (folder) => flipBit(await fileLike(folder, /\.log$/), 0.01),
    ],
    [
      'the log has a wrong bit in the middle',
      { tables: false },
      async (folder) => flipBit(await fileLike(folder, /\.log$/), 0.5),
    ],
    ['a table is gone', { tables: true }, async (folder) => rm(await fileLike(folder, /\.ldb$/))],
    ['a table is cut', { tables: true }, async (folder) => truncate(await fileLike(folder, /\.ldb$/), 10_000)],
    ['a table is longer', { tables: true }, async (folder) => appendFile(await fileLike(folder, /\.ldb$/), 'x')],
  ])('%s', async (_name, options, damage) => {
    const { folder } = await chainFolder(options);
    await damage(folder);
    const before = await contentsOf(folder);
    await expect(openDatabaseFolder({ folder, create: false })).rejects.toMatchObject({ code: 'DATABASE_CORRUPT' });
    const after = await contentsOf(folder);
    // LevelDB may add an empty log and a manifest when it opens; it takes nothing away.
    const kept = Object.keys(before).filter((name) => name !== 'CURRENT' && !/^MANIFEST|\.log$/.test(name));
    for (const name of kept) expect(after[name]).toBe(before[name]);
  });

  test('a log that ends inside its last record opens at the block before', async () => {
    const { folder, chain } = await chainFolder({ tables: false });
    const log = await fileLike(folder, /\.log$/);
    await truncate(log, (await stat(log)).size - 100);
    const store = await openStore(await openDatabaseFolder({ folder, create: false }), { chainId: chain.chainId });
    expect(store.tip?.height).toBe(BLOCKS - 2);
    await store.commit(chain.blocks[BLOCKS - 1] ?? (await chain.next()));
    await store.close();
  });

  test('a database is made only where there is nothing, and opened only where there is one', async () => {
    const folder = join(await newFolder(), 'database');
    await expect(openDatabaseFolder({ folder, create: false })).rejects.toMatchObject({ code: 'DATABASE_MISSING' });
    await expect(stat(folder)).rejects.toMatchObject({ code: 'ENOENT' });
    await (await openDatabaseFolder({ folder, create: true })).close();
    await expect(openDatabaseFolder({ folder, create: true })).rejects.toMatchObject({ code: 'DATABASE_EXISTS' });
    const notes = await newFolder();
    await writeFile(join(notes, 'notes.txt'), 'mine');
    await expect(openDatabaseFolder({ folder: notes, create: true })).rejects.toMatchObject({
      code: 'DATABASE_EXISTS',
    });
    await expect(openDatabaseFolder({ folder: notes, create: false })).rejects.toMatchObject({
      code: 'DATABASE_CORRUPT',
    });
    expect(await readdir(notes)).toEqual(['notes.txt']);
  });

  // RFC 3720, appendix B.4
  test('CRC-32C of the published examples', () => {
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
  });

  test('a log of many blocks is sound, and every wrong bit in it is found', async () => {
    const { folder } = await chainFolder({ tables: false });
    const log = Uint8Array.from(await readFile(await fileLike(folder, /\.log$/)));
    expect(log.length).toBeGreaterThan(3 * 32_768);
    expect(findLogDamage(log)).toBeUndefined();
    // Not the last record: with a wrong length it cannot be told from one whose writing never ended.
    for (let offset = 0; offset < log.length - 40_000; offset += 499) {
      log[offset] = (log[offset] ?? 0) ^ 0x10;
      const damage = findLogDamage(log);
      // The few bytes at the end of a 32 KiB block that no header fits into are not read by anybody.
      if (offset % 32_768 < 32_768 - 7) expect(damage, `offset ${offset}`).toBeLessThanOrEqual(offset);
      log[offset] = (log[offset] ?? 0) ^ 0x10;
    }
  });
});

describe('entries', () => {
  const views = { keyEncoding: 'view', valueEncoding: 'view' } as const;

  async function filled(): Promise<{ level: MemoryLevel; chain: SyntheticChain }> {
    const level = new MemoryLevel();
    const chain = new SyntheticChain({ seed: 6 });
    const store = await openStore(level, { chainId: chain.chainId });
    for (const finalized of await chain.take(10)) await store.commit(finalized);
    await store.close();
    await level.open();
    return { level, chain };
  }

  const meta = (...fields: (string | number | Uint8Array)[]) => encodeCanonical(fields);
  const bytes32 = new Uint8Array(32);

  test.each<[string, string, (level: MemoryLevel, chain: SyntheticChain) => Promise<void>]>([
    ['a header is missing', 'DATABASE_CORRUPT', (level) => level.del(heightKey('header', 4), views)],
    [
      'a header is another',
      'DATABASE_CORRUPT',
      async (level, chain) => {
        const value = (await level.get<Uint8Array, Uint8Array>(heightKey('header', 5), views)) ?? chain.chainId;
        await level.put(heightKey('header', 4), value, views);
      },
    ],
    ['a header is no header', 'DATABASE_CORRUPT', (level) => level.put(heightKey('header', 4), bytes32, views)],
    ['the newest header is missing', 'DATABASE_CORRUPT', (level) => level.del(heightKey('header', 9), views)],
    [
      'a header stands above the newest',
      'DATABASE_CORRUPT',
      (level) => level.put(heightKey('header', 11), bytes32, views),
    ],
    ['the newest body is cut', 'DATABASE_CORRUPT', (level) => level.put(heightKey('body', 9), bytes32, views)],
    ['the newest proof is missing', 'DATABASE_CORRUPT', (level) => level.del(heightKey('finalityProof', 9), views)],
    [
      'ids of transactions are missing',
      'DATABASE_CORRUPT',
      (level) => level.del(heightKey('transactionIds', 3), views),
    ],
    [
      'the root of the state is missing',
      'DATABASE_CORRUPT',
      (level) => level.del(idKey('node', Uint8Array.of(0)), views),
    ],
    [
      'the root of the state is another',
      'DATABASE_CORRUPT',
      async (level, chain) => {
        const older = chain.blocks[8]?.writeSet.nodes.get('00') ?? bytes32;
        await level.put(idKey('node', Uint8Array.of(0)), older, views);
      },
    ],
    ['a cell is another', 'DATABASE_CORRUPT', (level) => level.put(idKey('cell', cellKey.params), bytes32, views)],
    [
      'meta is cut',
      'DATABASE_CORRUPT',
      async (level) => {
        const value = await level.get<Uint8Array, Uint8Array>(utf8('m'), views);
        await level.put(utf8('m'), (value ?? bytes32).subarray(0, 40), views);
      },
    ],
    ['meta is missing', 'FOREIGN_DATABASE', (level) => level.del(utf8('m'), views)],
    ['meta is of something else', 'FOREIGN_DATABASE', (level) => level.put(utf8('m'), meta('other', 1), views)],
    ['the format is newer', 'NEWER_FORMAT', (level) => level.put(utf8('m'), meta('radledger/store', 2, 'new'), views)],
    [
      'the chain is another',
      'FOREIGN_CHAIN',
      (level) => level.put(utf8('m'), meta('radledger/store', 1, bytes32, 9, bytes32), views),
    ],
  ])('%s', async (_name, code, damage) => {
    const { level, chain } = await filled();
    await damage(level, chain);
    const entries = await level.iterator<Uint8Array, Uint8Array>(views).all();
    await expect(openStore(level, { chainId: chain.chainId })).rejects.toMatchObject({ code });
    expect(level.status).toBe('closed');
    await level.open();
    expect(await level.iterator<Uint8Array, Uint8Array>(views).all()).toEqual(entries);
    await level.close();
  });
});
