/** The main way through the house with real DICOM files, real ITI-43 over TLS and the real rules of the ledger. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toHex } from '@radledger/primitives';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { signerOf } from './test-ledger.js';
import { eventually, TestHospital } from './test-hospital.js';
import { allow, claimStudy, noticeFor } from './test-patient.js';

let hospital: TestHospital;

beforeEach(async () => {
  hospital = await TestHospital.open();
});

afterEach(async () => {
  await hospital.close();
});

test('publish on claim, allow, retrieve: the practice files what the hospital has, byte for byte', async () => {
  const { ledger, source } = hospital;
  await hospital.define();
  const studyInstanceUid = await hospital.studyInstanceUid();
  const invitation = await source.invite({ studyInstanceUid, label: 'MRI, head' });
  const patient = await claimStudy(source, invitation, await signerOf('patient'));
  await hospital.finalizeUntil(async () => (await hospital.stateOfStudy()) === 'published');

  const recipient = await hospital.openRecipient();
  const request = await recipient.request({ reason: 'second opinion', wantedUntilMs: ledger.nowMs + 1000 });
  const { boxId, sealed } = await noticeFor(ledger, patient, request.link);
  await recipient.takeNotice(toHex(boxId), sealed);
  await eventually(async () => (await recipient.requestStatus(request.requestId)).retrievals.length === 1);
  expect((await recipient.requestStatus(request.requestId)).retrievals[0]?.state).toBe('waiting');

  await allow(ledger, patient, recipient.recipientKey);
  await hospital.finalizeUntil(
    async () => (await recipient.requestStatus(request.requestId)).retrievals[0]?.state === 'allowed',
  );
  await recipient.fetch(request.requestId);
  await eventually(async () => {
    const state = (await recipient.requestStatus(request.requestId)).retrievals[0]?.state;
    return state === 'filed' || state === 'failed';
  });
  const [retrieval] = (await recipient.requestStatus(request.requestId)).retrievals;
  expect(retrieval).toMatchObject({ state: 'filed', code: undefined });
  expect(await contentsOf(retrieval?.location as string)).toEqual(await contentsOf(hospital.archive));
});

async function contentsOf(folder: string): Promise<string[]> {
  const files = await readdir(folder);
  const contents = await Promise.all(files.map((file) => readFile(join(folder, file), 'hex')));
  return contents.sort();
}
