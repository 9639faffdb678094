// Goal: what is published follows the archive. Method: the clock is the test ledger's; the archive is a folder that files come to and go from.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sampleInstance } from '@radledger/imaging/conformance';
import { createFolderSource } from '@radledger/imaging/folder';
import { toHex } from '@radledger/primitives';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { TestHospital } from './test-hospital.js';
import { signerOf } from './test-ledger.js';
import { claimStudy } from './test-patient.js';

const SETTLE_MS = 60_000;
const PURGED_MS = 3_600_000;
let hospital: TestHospital;
let studyInstanceUid: string;

beforeEach(async () => {
  hospital = await TestHospital.open();
  await hospital.define();
  studyInstanceUid = await hospital.studyInstanceUid();
  await hospital.source.close();
  await hospital.openSource({ settleMs: SETTLE_MS, purgedMs: PURGED_MS });
});
afterEach(async () => {
  await hospital.close();
});

const pass = (ms: number): void => void (hospital.ledger.nowMs += ms);
const addImage = (number: number, study = studyInstanceUid): Promise<void> => {
  const series = { studyInstanceUid: study, seriesInstanceUid: '2.25.70' };
  const file = sampleInstance({ ...series, sopInstanceUid: `2.25.70.${number}`, instanceNumber: number });
  return writeFile(join(hospital.archive, `late-${number}.dcm`), file);
};

async function worklist(): Promise<Record<string, string>> {
  const states: Record<string, string> = {};
  for await (const { studyInstanceUid: uid, state } of hospital.source.worklist()) states[uid] = state;
  return states;
}

async function publish(): Promise<Uint8Array> {
  const { source } = hospital;
  await claimStudy(source, await source.invite({ studyInstanceUid, label: 'MRI, head' }), await signerOf('patient'));
  await hospital.finalizeUntil(async () => (await hospital.stateOfStudy()) === 'published');
  for await (const { studyId } of source.worklist()) if (studyId !== undefined) return studyId;
  throw new Error('expected a published study');
}

async function contentOf(studyId: Uint8Array): Promise<string> {
  return toHex((await hospital.ledger.study(hospital.source.source, studyId))?.content ?? new Uint8Array(0));
}

test('a new study is offered when no image came for a while, and nothing of it is published', async () => {
  await hospital.source.lookAtArchive();
  await addImage(1, '2.25.69');
  await hospital.source.lookAtArchive();
  pass(SETTLE_MS - 1);
  await addImage(2, '2.25.69');
  await hospital.source.lookAtArchive();
  pass(SETTLE_MS - 1);
  expect(await worklist()).toEqual({ [studyInstanceUid]: 'draft', '2.25.69': 'arriving' });
  pass(1);
  expect(await worklist()).toEqual({ [studyInstanceUid]: 'draft', '2.25.69': 'draft' });
  await hospital.source.lookAtArchive();
  expect(hospital.ledger.pending).toEqual([]);
});

test('late images are amended once, when no more come', async () => {
  const studyId = await publish();
  await hospital.source.lookAtArchive();
  const before = await contentOf(studyId);
  await addImage(1);
  await hospital.source.lookAtArchive();
  pass(SETTLE_MS);
  await addImage(2);
  await hospital.source.lookAtArchive();
  expect(hospital.ledger.pending).toEqual([]);
  pass(SETTLE_MS);
  await hospital.source.lookAtArchive();
  expect(hospital.ledger.pending.map(({ transaction }) => transaction.kind)).toEqual(['amend-study']);
  await hospital.finalizeUntil(async () => (await hospital.stateOfStudy()) === 'published');
  const after = await contentOf(studyId);
  expect(after).not.toBe(before);
  pass(SETTLE_MS);
  await hospital.source.lookAtArchive();
  expect(hospital.ledger.pending).toEqual([]);
});

test('an amendment that failed is made at the next look, whatever it failed with', async () => {
  const studyId = await publish();
  await hospital.source.lookAtArchive();
  await addImage(1);
  await hospital.source.lookAtArchive();
  pass(SETTLE_MS);
  const head = vi.spyOn(hospital.ledger, 'head').mockRejectedValue(new Error('the node is down'));
  await hospital.source.lookAtArchive();
  expect(hospital.failures.map(String)).toContain('Error: the node is down');
  expect(hospital.ledger.pending).toEqual([]);
  head.mockRestore();
  const before = await contentOf(studyId);
  await hospital.source.lookAtArchive();
  await hospital.finalizeUntil(async () => (await contentOf(studyId)) !== before);
});

test('a study that the archive does not give whole is read ever more rarely, until it is mended', async () => {
  const studyId = await publish();
  const before = await contentOf(studyId);
  await hospital.source.close();
  const folder = createFolderSource({ folder: hospital.archive });
  const openStudy = vi.fn((uid: string) => folder.openStudy(uid));
  await hospital.openSource({ settleMs: SETTLE_MS, connector: { ...folder, openStudy } });
  await addImage(1);
  const broken = join(hospital.archive, 'broken.dcm');
  const image = { studyInstanceUid, seriesInstanceUid: '2.25.70', sopInstanceUid: '2.25.70.9' };
  await writeFile(broken, sampleInstance(image).subarray(0, 200));
  await hospital.source.lookAtArchive();
  pass(SETTLE_MS);
  const look = async (times: number): Promise<number> => {
    openStudy.mockClear();
    for (let looks = 0; looks < times; looks++) await hospital.source.lookAtArchive();
    return openStudy.mock.calls.length;
  };
  expect(await look(2)).toBe(2);
  expect(await look(30)).toBe(4);
  expect(hospital.failures).toMatchObject(Array(6).fill({ code: 'UNREADABLE_INSTANCE' }));
  // Another image: a study that changed is another one.
  await addImage(2);
  expect(await look(1)).toBe(0);
  pass(SETTLE_MS);
  expect(await look(1)).toBe(1);
  await rm(broken);
  expect(await look(1)).toBe(1);
  await hospital.finalizeUntil(async () => (await contentOf(studyId)) !== before);
});

test('images that came while the gateway stood still are amended after its start', async () => {
  const studyId = await publish();
  const before = await contentOf(studyId);
  await hospital.source.close();
  await addImage(1);
  await hospital.openSource({ settleMs: SETTLE_MS });
  await hospital.source.lookAtArchive();
  pass(SETTLE_MS);
  await hospital.source.lookAtArchive();
  await hospital.finalizeUntil(async () => (await contentOf(studyId)) !== before);
});

/** The archive was seen with the study, and holds another one from now on. */
async function purge(): Promise<void> {
  await hospital.source.lookAtArchive();
  await rm(hospital.archive, { recursive: true });
  await mkdir(hospital.archive);
  await addImage(1, '2.25.69');
}

test('a study that was purged is retired, and not before its time', async () => {
  await publish();
  await purge();
  await hospital.source.lookAtArchive();
  pass(PURGED_MS - 1);
  await hospital.source.lookAtArchive();
  expect(hospital.ledger.pending).toEqual([]);
  pass(1);
  await hospital.source.lookAtArchive();
  expect(hospital.ledger.pending.map(({ transaction }) => transaction.kind)).toEqual(['retire-study']);
});

test('a retirement that failed is made at the next look', async () => {
  await publish();
  await purge();
  await hospital.source.lookAtArchive();
  pass(PURGED_MS);
  const head = vi.spyOn(hospital.ledger, 'head').mockRejectedValue(new Error('the node is down'));
  await hospital.source.lookAtArchive();
  expect(hospital.failures.map(String)).toContain('Error: the node is down');
  head.mockRestore();
  await hospital.source.lookAtArchive();
  expect(hospital.ledger.pending.map(({ transaction }) => transaction.kind)).toEqual(['retire-study']);
});

test('an archive that lists nothing at all purges nothing: its disk may not be mounted', async () => {
  await publish();
  await hospital.source.lookAtArchive();
  await rm(hospital.archive, { recursive: true });
  await mkdir(hospital.archive);
  for (let looks = 0; looks < 3; looks++) {
    await hospital.source.lookAtArchive();
    pass(PURGED_MS);
  }
  expect(hospital.ledger.pending).toEqual([]);
});
