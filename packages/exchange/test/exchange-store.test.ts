import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CanonicalValue, encodeCanonical, randomBytes, toHex, utf8 } from '@radledger/primitives';
import { ClassicLevel } from 'classic-level';
import { MemoryLevel } from 'memory-level';
import { expect, test } from 'vitest';
import { createSecretBox } from '../src/index.js';
import { openExchangeStore, put, remove } from '../src/exchange-store.js';
import { accessRecords } from '../src/source/access-records.js';
import { newStudy } from '../src/source/invitations.js';
import { replayRecords, studyRecords, worklistRecords } from '../src/source/source-records.js';

async function rawEntries(database: MemoryLevel<string, Uint8Array>): Promise<[string, Uint8Array][]> {
  return database.iterator<string, Uint8Array>({ keyEncoding: 'utf8', valueEncoding: 'view' }).all();
}

test('a batch is written whole, read back, listed by prefix and erased', async () => {
  const store = await openExchangeStore({
    database: new MemoryLevel<string, Uint8Array>(),
    secretBox: createSecretBox(randomBytes(32)),
  });
  await store.commit([put(replayRecords, 'a.1', 1), put(replayRecords, 'a.2', 2), put(replayRecords, 'b.1', 3)]);
  expect(await store.get(replayRecords, 'a.2')).toBe(2);
  expect(await store.list(replayRecords, 'a.')).toEqual([
    { id: 'a.1', value: 1 },
    { id: 'a.2', value: 2 },
  ]);
  await store.commit([remove(replayRecords, 'a.1')]);
  expect(await store.get(replayRecords, 'a.1')).toBeUndefined();
});

test('neither keys nor values show what they are about', async () => {
  const database = new MemoryLevel<string, Uint8Array>();
  const store = await openExchangeStore({ database, secretBox: createSecretBox(randomBytes(32)) });
  const studyInstanceUid = '1.2.840.99999.1';
  const id = store.pseudonymOf(studyInstanceUid);
  const secret = utf8('a study secret of 32 bytes ......');
  await store.commit([put(worklistRecords, id, secret.slice(0, 32))]);
  for (const [key, value] of await rawEntries(database)) {
    const shown = `${key} ${Buffer.from(value).toString('latin1')}`;
    expect(shown).not.toContain(studyInstanceUid);
    expect(shown).not.toContain('a study secret');
  }
  const other = await openExchangeStore({
    database: new MemoryLevel<string, Uint8Array>(),
    secretBox: createSecretBox(randomBytes(32)),
  });
  expect(other.pseudonymOf(studyInstanceUid)).not.toBe(id);
});

test('records outlive the process: the same over classic-level, closed and opened again', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'radledger-store-'));
  const secretBox = createSecretBox(randomBytes(32));
  const open = () => new ClassicLevel<string, Uint8Array>(folder, { valueEncoding: 'view' });
  try {
    const first = open();
    const store = await openExchangeStore({ database: first, secretBox });
    await store.commit([put(replayRecords, 'a', 7)]);
    const pseudonym = store.pseudonymOf('1.2.3');
    await first.close();
    const second = open();
    const again = await openExchangeStore({ database: second, secretBox });
    expect(await again.get(replayRecords, 'a')).toBe(7);
    expect(again.pseudonymOf('1.2.3')).toBe(pseudonym);
    await second.close();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('another key opens nothing and changes nothing', async () => {
  const database = new MemoryLevel<string, Uint8Array>();
  await openExchangeStore({ database, secretBox: createSecretBox(randomBytes(32)) });
  const before = await rawEntries(database);
  await expect(openExchangeStore({ database, secretBox: createSecretBox(randomBytes(32)) })).rejects.toMatchObject({
    code: 'RECORD_UNREADABLE',
  });
  expect(await rawEntries(database)).toEqual(before);
});

test('a value under another name does not open: records cannot be swapped', async () => {
  const database = new MemoryLevel<string, Uint8Array>();
  const store = await openExchangeStore({ database, secretBox: createSecretBox(randomBytes(32)) });
  await store.commit([put(replayRecords, 'one', 1), put(replayRecords, 'two', 2)]);
  const raw = { keyEncoding: 'utf8', valueEncoding: 'view' } as const;
  const one = (await database.get<string, Uint8Array>('replay/one', raw)) as Uint8Array;
  await database.put<string, Uint8Array>('replay/two', one, raw);
  await expect(store.get(replayRecords, 'two')).rejects.toMatchObject({ code: 'RECORD_UNREADABLE' });
});

test('a flipped bit anywhere is found', async () => {
  const box = createSecretBox(randomBytes(32));
  const sealed = await box.seal('name', utf8('plain'));
  expect(Buffer.from(await box.open('name', sealed)).toString()).toBe('plain');
  for (let index = 0; index < sealed.length; index++) {
    const bad = sealed.slice();
    bad[index] = (bad[index] as number) ^ 1;
    await expect(box.open('name', bad)).rejects.toMatchObject({ code: 'RECORD_UNREADABLE' });
  }
  await expect(box.open('name', sealed.subarray(0, 10))).rejects.toMatchObject({ code: 'RECORD_UNREADABLE' });
  expect(toHex(await box.seal('name', utf8('plain')))).not.toBe(toHex(sealed));
  expect(() => createSecretBox(randomBytes(16))).toThrow(/32 bytes/);
});

test('what a version before wrote is read on, with what it did not know filled in', async () => {
  const store = await openExchangeStore({
    database: new MemoryLevel<string, Uint8Array>(),
    secretBox: createSecretBox(randomBytes(32)),
  });
  const write = (kind: string, id: string, older: CanonicalValue): Promise<void> =>
    store.commit([{ key: `${kind}/${id}`, plaintext: encodeCanonical(older) }]);
  const access = {
    format: 1,
    atMs: 5,
    reader: new Uint8Array(32).fill(1),
    part: 'instances',
    basis: 'owner',
    outcome: 'success',
    bytes: 9,
    readings: 1,
  } as const;
  await write('access', 'a', (accessRecords.schema.encode(access) as CanonicalValue[]).slice(0, 7));
  expect(await store.get(accessRecords, 'a')).toEqual(access);
  const named = { studyInstanceUid: '2.25.1', label: 'MRI', invitationId: randomBytes(16) };
  const study = newStudy({ source: randomBytes(32), ...named });
  await write('study', 'b', (studyRecords.schema.encode(study) as CanonicalValue[]).slice(0, 14));
  expect(await store.get(studyRecords, 'b')).toEqual(study);
  await write('study', 'c', (studyRecords.schema.encode(study) as CanonicalValue[]).slice(0, 13));
  await expect(store.get(studyRecords, 'c')).rejects.toMatchObject({ code: 'RECORD_UNREADABLE' });
});
