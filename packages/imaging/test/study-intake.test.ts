// Goal: what arrived whole of a study before a break is used again, whatever became of it meanwhile, and believed no more than what has just come.
import { type FileHandle, open, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  type IntakeOptions,
  type Manifest,
  manifestOf,
  openIntake,
  planFileSet,
  type StudyIntake,
  serveFileSet,
} from '../src/index.js';
import { collectBytes, sliceOf, snapshotOf, STUDY, streamOf, temporaryFolder } from './samples.js';
import { buildZip } from './zip-builder.js';

const SLICES = [1, 2, 3, 4].map((number) => sliceOf(number, { pixelData: new Uint8Array(20_000).fill(number) }));

async function sample(files = SLICES): Promise<{ zip: Uint8Array; manifest: Manifest }> {
  const snapshot = await snapshotOf(files);
  const plan = await planFileSet(snapshot);
  return { zip: await collectBytes(serveFileSet(plan, snapshot)), manifest: manifestOf(plan) };
}

const BROKEN = new Error('connection reset');
async function* brokenAfter(zip: Uint8Array, bytes: number, chunkBytes = 7_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes; at += chunkBytes) yield zip.slice(at, Math.min(at + chunkBytes, bytes));
  throw BROKEN;
}

/** An intake whose folder holds the ZIP up to `bytes`. */
async function brokenIntake(zip: Uint8Array, bytes: number, more: Partial<IntakeOptions> = {}): Promise<IntakeOptions> {
  const options = { folder: join(await temporaryFolder(), 'one'), ...more };
  await expect(openIntake(options).receiveFileSet(brokenAfter(zip, bytes))).rejects.toBe(BROKEN);
  return options;
}

const uidsOf = (manifest: Manifest): readonly string[] => manifest.map(({ sopInstanceUid }) => sopInstanceUid);
const fileOf = (uid: string): Uint8Array => SLICES[Number(uid.split('.').at(-1)) - 1] as Uint8Array;

async function receiveAll(intake: StudyIntake, entries: Manifest): Promise<void> {
  await Promise.all(entries.map((entry) => intake.receiveInstance(entry, streamOf(fileOf(entry.sopInstanceUid)))));
}

async function expectWhole(intake: StudyIntake): Promise<void> {
  const study = await intake.admit();
  const files = await Promise.all(study.instances.map((instance) => collectBytes(instance.open())));
  expect(files.map((file) => Buffer.from(file).subarray(128))).toEqual(
    SLICES.map((file) => Buffer.from(file).subarray(128)),
  );
  await study.discard();
}

afterEach(() => vi.restoreAllMocks());

describe('after a ZIP that broke off', () => {
  test('what arrived whole is here, what did not is missing; both together are the study', async () => {
    const { zip, manifest } = await sample();
    const { folder } = await brokenIntake(zip, Math.floor(zip.length * 0.6));
    const intake = openIntake({ folder });
    expect(await intake.hasArrived()).toBe(true);
    const missing = await intake.missingOf(manifest);
    expect(uidsOf(missing)).toEqual([`${STUDY}.1.3`, `${STUDY}.1.4`]);
    await receiveAll(intake, missing);
    await expectWhole(intake);
    expect(await intake.hasArrived()).toBe(false);
  });

  test.each([0, 10, 1_000])('nothing is here when it broke off within the first entries: byte %i', async (bytes) => {
    const { zip, manifest } = await sample();
    const intake = openIntake(await brokenIntake(zip, bytes));
    expect(await intake.missingOf(manifest)).toHaveLength(4);
  });

  test('the same ZIP again is compared, and written from where it broke off', async () => {
    const { zip } = await sample();
    const options = await brokenIntake(zip, 50_000);
    const path = join(options.folder, 'study.zip');
    expect((await stat(path)).size).toBe(50_000);
    const writev = vi.spyOn(await fileHandlePrototype(path), 'writev');
    const study = await openIntake(options).receiveFileSet(chunksOf(zip));
    const written = writev.mock.calls
      .flatMap(([chunks]) => chunks)
      .reduce((sum, { byteLength }) => sum + byteLength, 0);
    expect(written).toBe(zip.length - 50_000);
    expect(study.instances).toHaveLength(4);
    expect(Buffer.from(await readFile(path)).equals(zip)).toBe(true);
    await study.discard();
  });

  test('another ZIP than before, or a shorter one, is what counts', async () => {
    const { zip } = await sample();
    const options = await brokenIntake(zip, Math.floor(zip.length * 0.9));
    const { zip: other } = await sample([sliceOf(1), sliceOf(9)]);
    const study = await openIntake(options).receiveFileSet(chunksOf(other));
    expect(study.instances).toHaveLength(2);
    expect(Buffer.from(await readFile(join(options.folder, 'study.zip'))).equals(other)).toBe(true);
    await study.discard();
  });

  test('a ZIP that is whole but was never judged needs nothing more', async () => {
    const { zip, manifest } = await sample();
    const intake = openIntake(await brokenIntake(zip, zip.length));
    expect(await intake.missingOf(manifest)).toEqual([]);
    await expectWhole(intake);
  });

  test('deflated entries, and sizes behind the bytes, are not followed', async () => {
    const { manifest } = await sample();
    const zip = buildZip(SLICES.map((content, i) => ({ name: `F${i}`, content, isDeflated: i === 1 })));
    const intake = openIntake(await brokenIntake(zip, zip.length));
    expect(uidsOf(await intake.missingOf(manifest))).toEqual([2, 3, 4].map((number) => `${STUDY}.1.${number}`));
  });
});

describe('what is held is not believed', () => {
  test('changed on the disk, in the ZIP or in a file of its own: it is fetched again', async () => {
    const { zip, manifest } = await sample();
    const options = await brokenIntake(zip, Math.floor(zip.length * 0.6));
    const first = openIntake(options);
    const [third] = await first.missingOf(manifest);
    if (third === undefined) throw new Error('one is missing');
    await receiveAll(first, [third]);
    for (const name of await readdir(options.folder)) {
      const path = join(options.folder, name);
      const bytes = await readFile(path);
      const at = name.endsWith('.zip') ? 15_000 : bytes.length - 10;
      bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
      await writeFile(path, bytes);
    }
    const intake = openIntake(options);
    const missing = await intake.missingOf(manifest);
    expect(uidsOf(missing)).toEqual([1, 3, 4].map((number) => `${STUDY}.1.${number}`));
    await receiveAll(intake, missing);
    await expectWhole(intake);
  });

  test('of a version before: what no longer is in the manifest is dropped', async () => {
    const amended = await sample([SLICES[0] as Uint8Array, sliceOf(2, { pixelData: new Uint8Array(4) }), sliceOf(5)]);
    const { zip } = await sample();
    const intake = openIntake(await brokenIntake(zip, zip.length));
    expect(uidsOf(await intake.missingOf(amended.manifest))).toEqual([`${STUDY}.1.2`, `${STUDY}.1.5`]);
  });

  test('what an import wrote beside it, and half of a file, are not it', async () => {
    const { zip, manifest } = await sample();
    const options = await brokenIntake(zip, zip.length);
    for (const name of ['3.dcm', 'local-0.dcm', `${'ab'.repeat(32)}.dcm.part`])
      await writeFile(join(options.folder, name), '');
    const intake = openIntake(options);
    expect(await intake.missingOf(manifest)).toEqual([]);
    expect(await readdir(options.folder)).toEqual(['study.zip']);
  });
});

describe('an instance that is not the one it came for', () => {
  const receiving = async (file: Uint8Array, more: Partial<IntakeOptions> = {}) => {
    const { manifest } = await sample();
    const intake = openIntake({ folder: join(await temporaryFolder(), 'one'), ...more });
    const [first, ...others] = await intake.missingOf(manifest);
    if (first === undefined) throw new Error('all are missing');
    await receiveAll(intake, others);
    await intake.receiveInstance(first, streamOf(file));
    return intake.admit();
  };

  test.each([
    ['another of the study', SLICES[1] as Uint8Array, 'CONTENT_MISMATCH'],
    ['the same with other pixels', sliceOf(1), 'CONTENT_MISMATCH'],
    ['a part of it', (SLICES[0] as Uint8Array).subarray(0, -9), 'TRUNCATED_INSTANCE'],
    ['a program', new Uint8Array(5_000).fill(0x4d), 'NOT_PART10'],
    ['nothing', new Uint8Array(0), 'NOT_PART10'],
  ])('%s', async (_name, file, code) => {
    await expect(receiving(file)).rejects.toMatchObject({ code });
  });

  test('one that never ends is left at the limit, alone or with the others', async () => {
    let pulled = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        pulled++;
        yield new Uint8Array(1_000);
      }
    }
    const { manifest } = await sample();
    for (const limits of [{ instanceBytesMax: 30_000 }, { contentBytesMax: 30_000 }]) {
      const intake = openIntake({ folder: join(await temporaryFolder(), 'one'), limits });
      const [first] = await intake.missingOf(manifest);
      if (first === undefined) throw new Error('all are missing');
      pulled = 0;
      const code = 'instanceBytesMax' in limits ? 'INSTANCE_TOO_LARGE' : 'ZIP_TOO_LARGE';
      await expect(intake.receiveInstance(first, endless())).rejects.toMatchObject({ code });
      expect(pulled).toBe(31);
    }
  });

  test("the recipient's policy holds for it as for a ZIP", async () => {
    const policy = { sopClasses: ['1.2.3'] };
    await expect(receiving(SLICES[0] as Uint8Array, { policy })).rejects.toMatchObject({ code: 'SOP_CLASS_REFUSED' });
  });

  test('a study of another identity is refused, and so is a manifest that the ledger does not have', async () => {
    const expectations = [{ studyInstanceUid: '2.25.1' }, { isCommitted: () => false }];
    for (const expected of expectations) {
      const code = 'isCommitted' in expected ? 'CONTENT_MISMATCH' : 'UNEXPECTED_STUDY';
      await expect(receiving(SLICES[0] as Uint8Array, { expected })).rejects.toMatchObject({ code });
    }
  });
});

describe('a disk that is full', () => {
  test('says so without a path; what was held stays until it is discarded', async () => {
    const { zip, manifest } = await sample();
    const options = await brokenIntake(zip, 60_000);
    const intake = openIntake(options);
    const [first] = await intake.missingOf(manifest);
    if (first === undefined) throw new Error('one is missing');
    vi.spyOn(await fileHandlePrototype(join(options.folder, 'study.zip')), 'writev').mockRejectedValue(
      Object.assign(new Error('ENOSPC: /secret'), { code: 'ENOSPC' }),
    );
    const full = { code: 'FOLDER_UNUSABLE', info: { systemCode: 'ENOSPC' } };
    await expect(intake.receiveInstance(first, streamOf(fileOf(first.sopInstanceUid)))).rejects.toMatchObject(full);
    await expect(openIntake(options).receiveFileSet(chunksOf(zip))).rejects.toMatchObject(full);
    expect(await intake.hasArrived()).toBe(true);
    await intake.discard();
    expect(await intake.hasArrived()).toBe(false);
  });
});

async function* chunksOf(bytes: Uint8Array, chunkBytes = 9_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.slice(at, at + chunkBytes);
}

/** Where every open file finds its methods. */
async function fileHandlePrototype(path: string): Promise<FileHandle> {
  const handle = await open(path);
  await handle.close();
  return Object.getPrototypeOf(handle) as FileHandle;
}
