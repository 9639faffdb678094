// Goal: instances that come one by one lie in the archive's folder whole or not at all, and none takes the place of another. Method: sample instances, cut and changed.
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sampleInstance } from '../src/conformance/sample-instance.js';
import { createFolderSource, openFolderInbox } from '../src/folder/index.js';

const SECONDARY_CAPTURE = '1.2.840.10008.5.1.4.1.1.7';
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'radledger-inbox-'));
});
afterEach(() => rm(folder, { recursive: true }));

const instance = (number: number, pixels = 1): Uint8Array =>
  sampleInstance({
    studyInstanceUid: '2.25.1',
    seriesInstanceUid: '2.25.2',
    sopInstanceUid: `2.25.3.${number}`,
    pixelData: new Uint8Array(64).fill(pixels),
  });
const named = (number: number) => ({ sopInstanceUid: `2.25.3.${number}`, sopClassUid: SECONDARY_CAPTURE });
async function* inParts(file: Uint8Array, end: 'whole' | 'broken' = 'whole') {
  yield file.slice(0, 100);
  yield file.slice(100);
  if (end === 'broken') throw new Error('connection lost');
}
const files = async (): Promise<readonly string[]> => (await readdir(folder, { recursive: true })).sort();

test('an instance lies in the folder of its study, as it came; the folder connector lists it', async () => {
  const inbox = await openFolderInbox({ folder });
  expect(await inbox.receive(inParts(instance(1)), named(1))).toBe('stored');
  expect(await inbox.receive(inParts(instance(2)), named(2))).toBe('stored');
  expect(await files()).toEqual(['2.25.1', '2.25.1/2.25.3.1.dcm', '2.25.1/2.25.3.2.dcm']);
  expect(new Uint8Array(await readFile(join(folder, '2.25.1/2.25.3.1.dcm')))).toEqual(instance(1));
  const listed: unknown[] = [];
  for await (const study of createFolderSource({ folder }).listStudies()) listed.push(study);
  expect(listed).toEqual([{ studyInstanceUid: '2.25.1', instances: 2 }]);
});

test('what comes again is held; another under its UID changes nothing', async () => {
  const inbox = await openFolderInbox({ folder });
  await inbox.receive(inParts(instance(1)), named(1));
  expect(await inbox.receive(inParts(instance(1)), named(1))).toBe('held');
  expect(await inbox.receive(inParts(instance(1, 2)), named(1))).toBe('other');
  expect(new Uint8Array(await readFile(join(folder, '2.25.1/2.25.3.1.dcm')))).toEqual(instance(1));
  const two = await Promise.all([1, 2].map((pixels) => inbox.receive(inParts(instance(5, pixels)), named(5))));
  expect(two.sort()).toEqual(['other', 'stored']);
  expect((await files()).filter((name) => name.includes('arriving'))).toEqual([]);
});

test('of what broke off, is cut short, is another than named or is none, nothing is left', async () => {
  const inbox = await openFolderInbox({ folder });
  await expect(inbox.receive(inParts(instance(1), 'broken'), named(1))).rejects.toThrow('connection lost');
  const cut = inParts(instance(1).subarray(0, -4));
  await expect(inbox.receive(cut, named(1))).rejects.toMatchObject({ code: 'TRUNCATED_INSTANCE' });
  await expect(inbox.receive(inParts(instance(1)), named(2))).rejects.toMatchObject({ code: 'MALFORMED_META' });
  await expect(inbox.receive(inParts(new Uint8Array(500)), named(1))).rejects.toMatchObject({ code: 'NOT_PART10' });
  const small = await openFolderInbox({ folder, instanceBytesMax: 200 });
  await expect(small.receive(inParts(instance(1)), named(1))).rejects.toMatchObject({ code: 'INSTANCE_TOO_LARGE' });
  expect(await files()).toEqual([]);
});

test('a study whose place is taken by a file is refused without its path', async () => {
  const inbox = await openFolderInbox({ folder });
  await writeFile(join(folder, '2.25.1'), '');
  const error: unknown = await inbox.receive(inParts(instance(1)), named(1)).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'FOLDER_UNUSABLE' });
  expect(String(error)).not.toContain('2.25');
});

test('what a crash left half received is erased at the start, and nothing else', async () => {
  await writeFile(join(folder, '.arriving-1'), 'half');
  await mkdir(join(folder, '2.25.1'));
  await writeFile(join(folder, '2.25.1/a.dcm'), instance(1));
  await openFolderInbox({ folder });
  expect(await files()).toEqual(['2.25.1', '2.25.1/a.dcm']);
});
