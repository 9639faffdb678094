/** Whose study it is: matched by rule, or by a person, over stops in between. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createOperatorClient } from '@radledger/client';
import type { QuarantinedStudy } from '@radledger/imaging';
import { createFolderSink } from '@radledger/imaging/folder';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bindHttp, createOperatorApi } from '../src/http/index.js';
import { differencesOf } from '../src/recipient/matching.js';
import { type ImageRecipientOptions, matchByHand, matchRequested, type RequestStatus } from '../src/recipient/index.js';
import { eventually, TestHospital } from './test-hospital.js';
import { allow, DAY_MS, noticeFor, publishedStudy, type TestPatient } from './test-patient.js';

const PAULA = { name: 'Local^Paula', id: 'L-1', issuer: 'PRACTICE', birthDate: '19700203', sex: 'F' as const };

let hospital: TestHospital;
let patient: TestPatient;
let requestId: string;
let link: string;

beforeEach(async () => {
  hospital = await TestHospital.open();
  patient = await publishedStudy(hospital);
});

afterEach(async () => {
  await hospital.close();
});

/** A recipient with a request that a patient has answered. */
async function open(options: Partial<ImageRecipientOptions>, requested?: typeof PAULA): Promise<void> {
  const recipient = await hospital.openRecipient(options);
  const wantedUntilMs = hospital.ledger.nowMs + DAY_MS;
  ({ requestId, link } = await recipient.request({ reason: 'second opinion', wantedUntilMs, patient: requested }));
  const { sealed } = await noticeFor(hospital.ledger, patient, link);
  await recipient.takeNotice(requestId, sealed);
  await allow(hospital.ledger, patient, recipient.recipientKey);
  await hospital.finalizeUntil(async () => (await retrieval()).state === 'allowed');
}

async function retrieval(): Promise<RequestStatus['retrievals'][number]> {
  const { retrievals } = await hospital.recipient.requestStatus(requestId);
  return (retrievals[0] ?? { state: 'none' }) as RequestStatus['retrievals'][number];
}

const reach = (state: string): Promise<void> => eventually(async () => (await retrieval()).state === state);

async function fetchUntil(state: string): Promise<void> {
  await hospital.recipient.fetch(requestId);
  await reach(state);
}

const waiting = async () => (await hospital.recipient.quarantine.list())[0];
/** None when the folder was never needed. */
const namesIn = (folder: string): Promise<string[]> => readdir(join(hospital.quarantine, folder)).catch(() => []);
const heldFolders = (): Promise<string[]> => namesIn('waiting');

async function filedNames(location = ''): Promise<readonly boolean[]> {
  const names = await readdir(location);
  const files = await Promise.all(names.map((name) => readFile(join(location, name), 'latin1')));
  return [...new Set(files.map((file) => file.includes('Local^Paula')))];
}

describe('matched by a person', () => {
  test('a study waits, over a restart, shows both patients, and is filed under the one that is named', async () => {
    await open({ reconcile: matchByHand }, PAULA);
    await fetchUntil('matching');
    await expect(hospital.recipient.fetch(requestId)).rejects.toMatchObject({ code: 'NOTHING_TO_FETCH' });
    expect(await hospital.recipient.receipts()).toHaveLength(1);
    await expect(readdir(hospital.filed)).rejects.toMatchObject({ code: 'ENOENT' });

    await hospital.recipient.close();
    await hospital.openRecipient({ reconcile: matchByHand });
    const study = await waiting();
    expect(study).toMatchObject({ state: 'matching', requested: PAULA, code: undefined });
    const { retrievalId, patients } = study as NonNullable<typeof study>;
    expect(patients).toHaveLength(1);
    expect(patients[0]).toMatchObject({ differences: ['name', 'birthDate'] });
    const described = await hospital.recipient.quarantine.inspect(retrievalId);
    expect(described).toMatchObject({ instanceCount: 20, patients: [{ id: patients[0]?.id }] });
    expect(described.instances[0]).toMatchObject({ modality: 'MR' });

    await hospital.recipient.quarantine.file(retrievalId, PAULA);
    await reach('filed');
    expect(await filedNames((await retrieval()).location)).toEqual([true]);
    expect(await waiting()).toBeUndefined();
    await eventually(async () => (await heldFolders()).length === 0);
    await expect(hospital.recipient.quarantine.file(retrievalId, PAULA)).rejects.toMatchObject({
      code: 'NOT_IN_QUARANTINE',
    });
  });

  test('a patient that cannot be written is refused at once; the one it came with is another way', async () => {
    await open({ reconcile: matchByHand });
    await fetchUntil('matching');
    const { retrievalId = '' } = (await waiting()) ?? {};
    const { quarantine } = hospital.recipient;
    await expect(quarantine.file(retrievalId, { ...PAULA, birthDate: 'May' })).rejects.toMatchObject({
      code: 'LOCAL_PATIENT_REFUSED',
    });
    // Fit for a record, not for the character set of these images.
    await quarantine.file(retrievalId, { ...PAULA, name: 'Šimková^Zoë' });
    await eventually(async () => (await waiting())?.code === 'LOCAL_PATIENT_REFUSED');
    await reach('matching');
    await quarantine.file(retrievalId, undefined);
    await reach('filed');
    expect(await filedNames((await retrieval()).location)).toEqual([false]);
  });

  test('not this patient: it is erased, and can be fetched again', async () => {
    await open({ reconcile: matchByHand });
    await fetchUntil('matching');
    const { retrievalId = '' } = (await waiting()) ?? {};
    await hospital.recipient.quarantine.discard(retrievalId);
    expect(await retrieval()).toMatchObject({ state: 'failed', code: 'NOT_THIS_PATIENT' });
    expect([await waiting(), await heldFolders()]).toEqual([undefined, []]);
    await fetchUntil('matching');
  });

  test('nobody comes: it is erased after its time', async () => {
    await open({ reconcile: matchByHand, quarantineLimits: { matchingMs: 10 * DAY_MS } });
    await fetchUntil('matching');
    hospital.ledger.nowMs += 10 * DAY_MS;
    await hospital.ledger.finalize();
    await reach('failed');
    expect((await retrieval()).code).toBe('MATCHING_EXPIRED');
    await eventually(async () => (await heldFolders()).length === 0);
  });

  test('no room: nothing is set aside; what came is held for another try', async () => {
    await open({ reconcile: matchByHand, quarantineLimits: { bytesMax: 1_000 } });
    await fetchUntil('failed');
    expect((await retrieval()).code).toBe('QUARANTINE_FULL');
    expect(await heldFolders()).toEqual([]);
    expect(await readdir(hospital.quarantine)).toHaveLength(1);
  });

  test('an archive that fails lets it wait again; one that was filed before a stop is not filed twice', async () => {
    const real = createFolderSink({ folder: hospital.filed });
    let fail = true;
    let stopped: (() => void) | undefined;
    const sink = {
      async fileStudy(study: QuarantinedStudy) {
        if (fail) throw new Error('the archive is down');
        const filed = await real.fileStudy(study);
        if (stopped === undefined) return filed;
        stopped();
        return new Promise<never>((_resolve, reject) => setImmediate(() => reject(new Error('killed'))));
      },
    };
    await open({ reconcile: matchByHand, sink }, PAULA);
    await fetchUntil('matching');
    const { retrievalId = '' } = (await waiting()) ?? {};
    await hospital.recipient.quarantine.file(retrievalId, PAULA);
    await eventually(async () => (await waiting())?.code === 'RETRIEVAL_FAILED');
    expect(await waiting()).toMatchObject({ state: 'matching' });

    fail = false;
    const closed = new Promise<void>((resolve) => {
      stopped = () => resolve(hospital.recipient.close());
    });
    await hospital.recipient.quarantine.file(retrievalId, PAULA);
    await closed;
    await hospital.openRecipient({ reconcile: matchByHand });
    await reach('filed');
    expect(await readdir(hospital.filed)).toHaveLength(1);
    await eventually(async () => (await heldFolders()).length === 0);
  });

  test('what somebody wrote into the quarantine meanwhile is not filed', async () => {
    await open({ reconcile: matchByHand });
    await fetchUntil('matching');
    const { retrievalId = '' } = (await waiting()) ?? {};
    const path = join(hospital.quarantine, 'waiting', retrievalId, 'study.zip');
    const zip = await readFile(path);
    zip[zip.length >> 1] = (zip[zip.length >> 1] ?? 0) ^ 1;
    await writeFile(path, zip);
    for (const named of [PAULA, undefined]) {
      await hospital.recipient.quarantine.file(retrievalId, named);
      await eventually(async () => (await waiting())?.code === 'QUARANTINE_CHANGED');
      await reach('matching');
    }
    expect(await readdir(hospital.filed)).toEqual([]);
  });
});

describe('refused', () => {
  const importPolicy = { sopClasses: ['1.2.3'] };
  const keptFolders = (): Promise<string[]> => namesIn('refused');

  test('a study can be looked into, never filed, over a restart; then it is discarded', async () => {
    await open({ importPolicy }, PAULA);
    await fetchUntil('failed');
    await hospital.recipient.close();
    const { quarantine } = await hospital.openRecipient({ importPolicy });
    const study = await waiting();
    const { retrievalId = '', bytes = 0 } = study ?? {};
    expect(study).toMatchObject({ state: 'refused', code: 'SOP_CLASS_REFUSED', requested: PAULA, patients: [] });
    expect(bytes).toBeGreaterThan(1_000_000);
    expect(await keptFolders()).toEqual([retrievalId]);
    expect(await quarantine.inspect(retrievalId)).toMatchObject({ instanceCount: 20, patients: [{ issuer: '' }] });
    await expect(quarantine.file(retrievalId, undefined)).rejects.toMatchObject({ code: 'NOT_MATCHING' });
    await quarantine.discard(retrievalId);
    expect([await waiting(), await keptFolders()]).toEqual([undefined, []]);
    expect(await retrieval()).toMatchObject({ state: 'failed', code: 'SOP_CLASS_REFUSED' });
  });

  test('one is kept for its time, and until it is fetched again', async () => {
    await open({ importPolicy, refusedLimits: { keptMs: DAY_MS } });
    await fetchUntil('failed');
    const first = await waiting();
    hospital.ledger.nowMs += 1_000;
    await fetchUntil('failed');
    expect((await waiting())?.sinceMs).toBe((first?.sinceMs ?? 0) + 1_000);
    hospital.ledger.nowMs += DAY_MS;
    await hospital.ledger.finalize();
    await eventually(async () => (await keptFolders()).length === 0);
    expect(await waiting()).toBeUndefined();
  });

  test.each([{ bytesMax: 1_000 }, { keptMs: 0 }])('none is kept with %j', async (refusedLimits) => {
    await open({ importPolicy, refusedLimits });
    await fetchUntil('failed');
    expect([await waiting(), await keptFolders()]).toEqual([undefined, []]);
  });
});

test('by the operator API and its client: seen, looked into, filed', async () => {
  await open({ reconcile: matchByHand }, PAULA);
  await fetchUntil('matching');
  const { recipient, ledger } = hospital;
  const bearerToken = 'a token of the operator, 32 chars';
  const listener = await bindHttp({ host: '127.0.0.1', port: 0 });
  try {
    listener.mount(createOperatorApi({ recipient, chainId: ledger.chainId, bearerToken }));
    const { quarantine, ...operator } = createOperatorClient({ url: listener.url, bearerToken });
    const [study] = await quarantine.list();
    const { retrievalId = '' } = study ?? {};
    expect(study).toMatchObject({ requested: PAULA, patients: [{ differences: ['name', 'birthDate'] }] });
    expect(await quarantine.inspect(retrievalId)).toMatchObject({ instanceCount: 20 });
    await quarantine.file(retrievalId, PAULA);
    await reach('filed');
    expect(await operator.requestState(requestId)).toMatchObject({ state: 'filed', retrievals: [{ changed: false }] });
    await expect(quarantine.discard(retrievalId)).rejects.toMatchObject({ info: { reason: 'NOT_IN_QUARANTINE' } });
  } finally {
    await listener.close(0);
  }
});

describe('matched by rule', () => {
  test('the patient who was asked for, when nothing differs', async () => {
    const about = { source: new Uint8Array(32), studyId: new Uint8Array(32), requested: PAULA };
    const one = { name: 'LOCAL^PAULA', id: '9', issuer: '', birthDate: '19700203', sex: 'F' };
    const judge = (patients: readonly (typeof one)[]) =>
      matchRequested({} as QuarantinedStudy, {
        ...about,
        sent: { patients, description: '', date: '', instanceCount: 1, instances: [] },
      });
    expect(await judge([one])).toEqual(PAULA);
    for (const patients of [[], [one, { ...one, id: '8' }], [{ ...one, birthDate: '' }]]) {
      expect(await judge(patients)).toBe('ask');
    }
    const noRequest = { ...about, requested: undefined, sent: { patients: [one] } as never };
    expect(await matchRequested({} as QuarantinedStudy, noRequest)).toBe('ask');
  });

  test('anybody else waits for a person', async () => {
    await open({ reconcile: matchRequested }, PAULA);
    await fetchUntil('matching');
  });

  const sent = { name: 'Doe^Jane^', id: '1', issuer: '', birthDate: '19700203', sex: 'F' };
  test.each([
    [{ name: 'DOE^ Jane', id: 'x', birthDate: '19700203', sex: 'F' }, []],
    [{ name: 'Doe^Jane', id: 'x', birthDate: '19700203' }, []],
    [{ name: 'Doe^Janet', id: 'x', birthDate: '19700203' }, ['name']],
    [{ name: 'Doe^Jane^Mary', id: 'x', birthDate: '19700203' }, ['name']],
    [{ name: 'Doe^Jane', id: 'x', birthDate: '19700204', sex: 'M' }, ['birthDate', 'sex']],
    [{ name: 'Doe^Jane', id: 'x' }, ['birthDate']],
  ] as const)('%j differs in %j', (local, differences) => {
    expect(differencesOf(sent, local)).toEqual(differences);
    expect(differencesOf({ ...sent, name: '', birthDate: '' }, local)).toContain('birthDate');
  });
});
