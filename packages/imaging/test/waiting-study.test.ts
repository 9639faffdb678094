/** Studies that wait for a person: checked ones over a restart, refused ones to look into. */
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  describeRefused,
  importFileSet,
  inspectInstance,
  keepRefused,
  openIntake,
  type QuarantinedStudy,
  reopenStudy,
} from '../src/index.js';
import { collectBytes, filesBelow, sliceOf, STUDY, streamOf, temporaryFolder } from './samples.js';
import { buildZip } from './zip-builder.js';

const CHANGE = {
  patient: { name: 'Local^Paula', id: 'L-1' },
  system: 'gateway',
  previousSource: 'City Hospital',
  atMs: 0,
};

/** Two slices, one of them deflated in the ZIP, imported. */
async function received(quarantineFolder: string): Promise<QuarantinedStudy> {
  const files = [1, 2].map((number) => ({ name: `IM${number}`, content: sliceOf(number), isDeflated: number === 2 }));
  return importFileSet({ stream: streamOf(buildZip(files)), quarantineFolder });
}

async function setAside(): Promise<{ folder: string; noteSha256: Uint8Array }> {
  const home = await temporaryFolder();
  const study = await received(join(home, 'quarantine'));
  const folder = join(home, 'waiting');
  const noteSha256 = await study.setAside(folder);
  expect(await readdir(join(home, 'quarantine'))).toEqual([]);
  await expect(study.setAside(folder)).rejects.toMatchObject({ code: 'QUARANTINE_CLOSED' });
  await expect(collectBytes(study.instances[0]?.open() ?? streamOf())).rejects.toMatchObject({
    code: 'QUARANTINE_CLOSED',
  });
  return { folder, noteSha256 };
}

describe('a study that passed', () => {
  test('is taken up again as it was checked, and can be filed under a patient', async () => {
    const waiting = await setAside();
    for (const file of await filesBelow(waiting.folder)) expect((await stat(file)).mode & 0o777).toBe(0o600);
    const study = await reopenStudy(waiting);
    expect(study.studyInstanceUid).toBe(STUDY);
    for (const [i, instance] of study.instances.entries()) {
      expect(await collectBytes(instance.open())).toEqual(sliceOf(i + 1));
    }
    const named = await study.underPatient(CHANGE);
    expect(Buffer.from(await collectBytes(named.instances[1]?.open() ?? streamOf())).includes('Local^Paula')).toBe(
      true,
    );
    await named.discard();
    await expect(stat(waiting.folder)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('is not taken up when its note is another, or gone', async () => {
    const waiting = await setAside();
    const note = join(waiting.folder, 'study.note');
    const bytes = await readFile(note);
    await writeFile(note, bytes.fill(1, 100, 101));
    await expect(reopenStudy(waiting)).rejects.toMatchObject({ code: 'QUARANTINE_CHANGED' });
    await expect(reopenStudy({ ...waiting, folder: `${waiting.folder}x` })).rejects.toMatchObject({
      code: 'FOLDER_UNUSABLE',
    });
  });

  test.each(['study.zip', '1.dcm'])('hands out nothing when %s was written to meanwhile', async (name) => {
    const waiting = await setAside();
    const study = await reopenStudy(waiting);
    const path = join(waiting.folder, name);
    const bytes = await readFile(path);
    // The last pixels of an instance.
    const at = name === 'study.zip' ? bytes.indexOf(sliceOf(1).subarray(-64)) + 60 : bytes.length - 4;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    await writeFile(path, bytes);
    await expect(study.underPatient(CHANGE)).rejects.toMatchObject({ code: 'QUARANTINE_CHANGED' });
    const changed = study.instances[name === 'study.zip' ? 0 : 1];
    await expect(collectBytes(changed?.open() ?? streamOf())).rejects.toMatchObject({ code: 'QUARANTINE_CHANGED' });
    expect((await readdir(waiting.folder)).filter((entry) => entry.startsWith('local-'))).toEqual([]);
  });

  test('says whose it is and what it holds', async () => {
    const study = await reopenStudy(await setAside());
    const { patients, instances, instanceCount } = await study.describe();
    expect(patients).toHaveLength(1);
    expect(instanceCount).toBe(2);
    expect(instances[1]).toMatchObject({ sizeBytes: sliceOf(2).length, sopClassUid: '1.2.840.10008.5.1.4.1.1.7' });
  });
});

describe('a study that was refused', () => {
  const policy = { sopClasses: ['1.2.3'] };
  const kept = async (zip: Uint8Array, code: string): Promise<{ folder: string; receivedBytes: number }> => {
    const home = await temporaryFolder();
    const folder = join(home, 'refused', 'one');
    const intake = openIntake({ folder: join(home, 'arriving'), policy });
    await expect(intake.receiveFileSet(streamOf(zip))).rejects.toMatchObject({ code });
    const receivedBytes = await keepRefused(join(home, 'arriving'), folder);
    expect(await readdir(home)).toEqual(['refused']);
    return { folder, receivedBytes };
  };

  test('is kept as it came, and nothing beside it; each patient in it is told once', async () => {
    const named = (number: number, name: string): Uint8Array => sliceOf(number, { patient: { name, id: '4\n711' } });
    const zip = buildZip([
      { name: 'A', content: named(1, 'ROE^RICHARD'), isDeflated: true },
      { name: 'B', content: named(2, 'ROE^RICHARD') },
      { name: 'C', content: named(3, 'DOE^JANE') },
      { name: 'D', content: new TextEncoder().encode('no image') },
    ]);
    const { folder, receivedBytes } = await kept(zip, 'SOP_CLASS_REFUSED');
    expect(receivedBytes).toBe(zip.length);
    expect(await readdir(folder)).toEqual(['study.zip']);
    const { patients, instances } = await describeRefused({ folder, receivedBytes });
    expect(patients.map(({ name, id }) => [name, id])).toEqual([
      ['ROE^RICHARD', '4 711'],
      ['DOE^JANE', '4 711'],
    ]);
    expect(instances[3]).toEqual({ sizeBytes: 8, code: 'NOT_PART10' });
  });

  test('and is no ZIP: only the code is told', async () => {
    const where = await kept(new TextEncoder().encode('no ZIP, nor the beginning of one, by far'), 'INVALID_ZIP');
    await expect(describeRefused(where)).rejects.toMatchObject({ code: 'INVALID_ZIP' });
    await expect(describeRefused({ ...where, folder: `${where.folder}x` })).rejects.toMatchObject({
      code: 'FOLDER_UNUSABLE',
    });
  });

  test('instances that came by themselves are read beside half a ZIP', async () => {
    const home = await temporaryFolder();
    const folder = join(home, 'arriving');
    const file = sliceOf(1);
    const { dataSetSha256, ...facts } = await inspectInstance(streamOf(file));
    const intake = openIntake({ folder, policy });
    const entry = { ...facts, sha256: dataSetSha256 };
    await intake.missingOf([entry]);
    await intake.receiveInstance(entry, streamOf(file));
    await writeFile(join(folder, 'study.zip'), file.subarray(0, 100));
    await expect(intake.admit()).rejects.toMatchObject({ code: 'SOP_CLASS_REFUSED' });
    const to = join(home, 'refused');
    const receivedBytes = await keepRefused(folder, to);
    expect(receivedBytes).toBe(file.length + 100);
    const { instances } = await describeRefused({ folder: to, receivedBytes });
    expect(instances).toMatchObject([{ sizeBytes: file.length, sopClassUid: facts.sopClassUid }]);
  });

  test('of which nothing arrived leaves nothing', async () => {
    const home = await temporaryFolder();
    expect(await keepRefused(join(home, 'arriving'), join(home, 'refused'))).toBe(0);
    expect(await readdir(home)).toEqual([]);
  });
});
