// Goal: several requests for one study at once end in one filing of all of it, and hold nobody up. Method: a hospital and a practice over real
// TLS; the practice's archive holds each filing until it is let go.
import { readdir } from 'node:fs/promises';
import { createFolderSink } from '@radledger/imaging/folder';
import { toHex } from '@radledger/primitives';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RequestStatus } from '../src/recipient/index.js';
import { ask } from './test-consumer.js';
import { eventually, TestHospital } from './test-hospital.js';
import { signerOf, type TestLedger } from './test-ledger.js';
import { allow, DAY_MS, noticeFor, publishedStudy, type TestPatient } from './test-patient.js';

let hospital: TestHospital;
let ledger: TestLedger;
let patient: TestPatient;
/** Filings that wait to be let go. */
let filings: (() => void)[];
/** What each filing that ended wrote. */
let written: boolean[];

beforeEach(async () => {
  hospital = await TestHospital.open();
  ledger = hospital.ledger;
  patient = await publishedStudy(hospital);
  filings = [];
  written = [];
  const folder = createFolderSink({ folder: hospital.filed });
  await hospital.openRecipient({
    sink: {
      async fileStudy(study) {
        await new Promise<void>((resolve) => filings.push(resolve));
        const filed = await folder.fileStudy(study);
        written.push(filed.written);
        return filed;
      },
    },
  });
  await allow(ledger, patient, hospital.recipient.recipientKey);
});
afterEach(() => hospital.close());

async function requestStudy(): Promise<string> {
  const { recipient } = hospital;
  const { requestId, link } = await recipient.request({ reason: '', wantedUntilMs: ledger.nowMs + DAY_MS });
  await recipient.takeNotice(requestId, (await noticeFor(ledger, patient, link)).sealed);
  await hospital.finalizeUntil(async () => (await retrieval(requestId))?.state === 'allowed');
  return requestId;
}

const retrieval = async (requestId: string): Promise<RequestStatus['retrievals'][number] | undefined> =>
  (await hospital.recipient.requestStatus(requestId)).retrievals[0];

/** The begun requests of one side. */
const begun = (side: 'source' | 'recipient'): number =>
  hospital.audited.filter((event) => event.side === side && event.phase === 'begun').length;

const letGo = (): void => filings.shift()?.();

async function expectFiledOnce(requestIds: readonly string[]): Promise<void> {
  for (const requestId of requestIds) {
    await eventually(async () => (await retrieval(requestId))?.state === 'filed');
    const { code, location } = (await retrieval(requestId)) ?? {};
    expect([code, await readdir(location ?? '')]).toEqual([undefined, expect.objectContaining({ length: 20 })]);
  }
  expect(await readdir(hospital.filed)).toEqual([patient.disclosure.studyInstanceUid]);
  expect((await readdir(hospital.quarantine)).filter((name) => name.startsWith('held-'))).toEqual([]);
}

test('one retrieval that is asked for twice runs once', async () => {
  const requestId = await requestStudy();
  await Promise.all([hospital.recipient.fetch(requestId), hospital.recipient.fetch(requestId)]);
  await eventually(() => filings.length === 1);
  // Still while it is filed.
  await hospital.recipient.fetch(requestId);
  letGo();
  await expectFiledOnce([requestId]);
  await expect(hospital.recipient.fetch(requestId)).rejects.toMatchObject({ code: 'NOTHING_TO_FETCH' });
  expect([begun('recipient'), written]).toEqual([1, [true]]);
});

test('two retrievals of one study file it once, the second while the first is being filed; another reader is served meanwhile', async () => {
  const first = await requestStudy();
  const second = await requestStudy();
  const other = await signerOf('second practice');
  await allow(ledger, patient, other.publicKey);
  await ledger.finalize();
  await eventually(() => hospital.source.view.head.height === ledger.height);
  await hospital.recipient.fetch(first);
  await hospital.recipient.fetch(second);
  const studyId = toHex(patient.disclosure.studyId);
  const [one, another] = await Promise.all([ask(hospital, other, studyId), ask(hospital, other, studyId)]);
  expect(one).toMatch(/^served \d{7}$/);
  expect(another).toBe(one);
  // All of both has arrived; nothing of either is to be seen.
  await eventually(async () => {
    const arrived = (await readdir(hospital.quarantine)).filter((name) => name.startsWith('held-'));
    return arrived.length === 2 && begun('recipient') === 2 && filings.length === 1;
  });
  await expect(readdir(hospital.filed)).rejects.toMatchObject({ code: 'ENOENT' });
  letGo();
  await eventually(() => filings.length === 1);
  expect(written).toEqual([true]);
  letGo();
  await expectFiledOnce([first, second]);
  expect(written).toEqual([true, false]);

  const third = await requestStudy();
  await hospital.recipient.fetch(third);
  await eventually(() => filings.length === 1);
  letGo();
  await expectFiledOnce([first, second, third]);
});
