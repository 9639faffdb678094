// Goal: break-glass lets in whom the site names, for a day, in sight of everybody; and nobody else. Method: readings over real TLS, before, under and after releases.
import {
  createAccessLogRequest,
  createKeyWithdrawal,
  generateSealingKeyPair,
  openAccessLog,
} from '@radledger/handover';
import { type Signer, toHex } from '@radledger/primitives';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bindHttp, createOperatorApi } from '../src/http/index.js';
import type { Disclosure } from '../src/source/disclosures.js';
import { EMERGENCY_MS } from '../src/source/emergencies.js';
import type { ImageSourceOptions } from '../src/source/index.js';
import { ask } from './test-consumer.js';
import { eventually, TestHospital } from './test-hospital.js';
import { signerOf } from './test-ledger.js';
import { allow, publishedStudy, type TestPatient } from './test-patient.js';

const REFUSED = 'XDSDocumentUniqueIdError';
const NAMES = { clinician: 'Dr A. Adams', confirmedBy: 'Dr B. Brown' };

let hospital: TestHospital;
let patient: TestPatient;
let clinic: Signer;
let studyId: string;
let studyInstanceUid: string;

beforeEach(async () => {
  hospital = await TestHospital.open();
  patient = await publishedStudy(hospital);
  clinic = await signerOf('clinic');
  studyId = toHex(patient.disclosure.studyId);
  ({ studyInstanceUid } = patient.disclosure);
  await reopen();
});
afterEach(() => hospital.close());

async function reopen(options: Partial<ImageSourceOptions> = {}): Promise<void> {
  await hospital.source.close();
  await hospital.openSource({ emergencyReceivers: [clinic.publicKey], ...options });
}

const release = (change: Partial<{ receiver: Uint8Array; clinician: string; confirmedBy: string }> = {}) =>
  hospital.source.desk.releaseInEmergency({
    studyInstanceUid,
    receiver: clinic.publicKey,
    reason: 'threat-to-life',
    ...NAMES,
    ...change,
  });

test('a named key reads the one study for a day; the trail, the office, the accounting and the patient know of it', async () => {
  expect(await ask(hospital, clinic, studyId)).toBe(REFUSED);
  const { untilMs } = await release();
  expect(untilMs).toBe(hospital.ledger.nowMs + EMERGENCY_MS);
  expect(hospital.audited.at(-1)).toMatchObject({
    transaction: 'EMERGENCY',
    basis: 'emergency',
    reader: toHex(clinic.publicKey),
    documents: [{ documentUniqueId: studyId }],
  });
  hospital.ledger.nowMs += 1_000;
  expect(await ask(hospital, clinic, studyId)).toMatch(/^served/);
  expect(await ask(hospital, await signerOf('stranger'), studyId)).toBe(REFUSED);
  expect(hospital.audited.filter(({ basis }) => basis === 'emergency').map(({ phase }) => phase)).toEqual([
    'ended',
    'begun',
    'ended',
  ]);

  expect(await hospital.source.desk.office.list()).toMatchObject([
    { kind: 'emergency', by: 'desk', studyInstanceUid, text: 'threat-to-life: Dr A. Adams; Dr B. Brown' },
  ]);
  const purpose =
    'released in an emergency, without her permission: threat to life; asked for by Dr A. Adams, confirmed by Dr B. Brown';
  expect(await disclosures()).toMatchObject([{ receiver: toHex(clinic.publicKey), origin: 'unknown', purpose }]);
  expect(await looked()).toMatchObject([{ reader: clinic.publicKey, basis: 'emergency', part: 'file-set' }]);

  // It outlives a restart, and ends by itself.
  await reopen();
  expect(await ask(hospital, clinic, studyId)).toMatch(/^served/);
  hospital.ledger.nowMs = untilMs;
  await hospital.ledger.finalize();
  await eventually(() => hospital.source.view.head.height === hospital.ledger.height);
  expect(await ask(hospital, clinic, studyId)).toBe(REFUSED);
});

// Regression: the second release of a study to a key took the place of the first, and with it of who had asked for what was read.
test('the accounting names who asked for the release that a reading began under, however many there were', async () => {
  await release();
  hospital.ledger.nowMs += 1_000;
  await ask(hospital, clinic, studyId);
  hospital.ledger.nowMs += 1_000;
  await release({ clinician: 'Dr C. Clark', confirmedBy: 'Dr D. Doyle' });
  hospital.ledger.nowMs += 1_000;
  await ask(hospital, clinic, studyId);
  hospital.ledger.nowMs += EMERGENCY_MS - 3_000;
  await hospital.ledger.finalize();
  await reopen();
  expect(await ask(hospital, clinic, studyId)).toMatch(/^served/);
  const asked = (await disclosures()).map(({ purpose }) =>
    /asked for by (.*), confirmed by (.*)/.exec(purpose)?.slice(1),
  );
  expect(asked).toEqual([
    ['Dr A. Adams', 'Dr B. Brown'],
    ['Dr C. Clark', 'Dr D. Doyle'],
    ['Dr C. Clark', 'Dr D. Doyle'],
  ]);
});

test('her own permission is what a reading rests on where there is one', async () => {
  await release();
  await allow(hospital.ledger, patient, clinic.publicKey);
  await hospital.ledger.finalize();
  await eventually(() => hospital.source.view.head.height === hospital.ledger.height);
  expect(await ask(hospital, clinic, studyId)).toMatch(/^served/);
  expect(hospital.audited.at(-1)?.basis).toBe('grant');
});

test('a key that leaves the list, a study of the wrong patient and one that ends are refused', async () => {
  await release();
  await reopen({ emergencyReceivers: [] });
  expect(await ask(hospital, clinic, studyId)).toBe(REFUSED);
  await reopen();
  expect(await ask(hospital, clinic, studyId)).toMatch(/^served/);
  await hospital.source.desk.endWrongPatient(studyInstanceUid);
  expect(await ask(hospital, clinic, studyId)).toBe(REFUSED);
});

// Regression: a withdrawal was kept for keys with a grant alone, and a stolen clinic's key read on.
test('a key that its holder withdrew reads nothing more, under this release and any other', async () => {
  await release();
  expect(await ask(hospital, clinic, studyId)).toMatch(/^served/);
  const statement = await createKeyWithdrawal({ chainId: hospital.ledger.chainId, signer: clinic });
  await hospital.source.withdrawKey(statement, patient.disclosure.studyId);
  expect(await ask(hospital, clinic, studyId)).toBe(REFUSED);
  hospital.ledger.nowMs += 1_000;
  await reopen();
  await release();
  expect(await ask(hospital, clinic, studyId)).toBe(REFUSED);
});

test('nobody is let in by default, without a second person, or when it cannot be recorded', async () => {
  const stranger = (await signerOf('stranger')).publicKey;
  const refused = { code: 'EMERGENCY_REFUSED' };
  await expect(release({ receiver: stranger })).rejects.toMatchObject(refused);
  await expect(release({ confirmedBy: ' dr a. adams' })).rejects.toMatchObject(refused);
  await expect(release({ confirmedBy: 'Dr A.Adams' })).rejects.toMatchObject(refused);
  await expect(release({ clinician: '.' })).rejects.toMatchObject(refused);
  await expect(release({ clinician: ' ' })).rejects.toMatchObject(refused);
  await expect(release({ clinician: 'Dr\u202eA' })).rejects.toMatchObject({ code: 'TEXT_REFUSED' });
  await reopen({ emergencyReceivers: [] });
  await expect(release()).rejects.toMatchObject(refused);
  const full = { record: () => Promise.reject(new Error('the disk is full')) };
  await reopen({ audit: full });
  await expect(release()).rejects.toThrow('the disk is full');
  await reopen();
  expect(await ask(hospital, clinic, studyId)).toBe(REFUSED);
  expect(await hospital.source.desk.office.list()).toEqual([]);
});

test('the operator asks for it, and only so', async () => {
  const bearerToken = 'a token of the operator, 32 chars';
  const operator = await bindHttp({ host: '127.0.0.1', port: 0 });
  operator.mount(createOperatorApi({ source: hospital.source, chainId: hospital.ledger.chainId, bearerToken }));
  const post = async (body: object): Promise<readonly [number, unknown]> => {
    const headers = { authorization: `Bearer ${bearerToken}`, 'content-type': 'application/json' };
    const url = `${operator.url}/v1/studies/${studyInstanceUid}/emergency`;
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
    return [response.status, await response.json()];
  };
  const good = { receiver: toHex(clinic.publicKey), reason: 'cannot-consent', ...NAMES };
  try {
    expect((await post({ ...good, reason: 'curious' }))[0]).toBe(400);
    expect((await post({ ...good, receiver: '00' }))[0]).toBe(400);
    expect((await post({ ...good, confirmedBy: NAMES.clinician }))[0]).toBe(409);
    const untilMs = hospital.ledger.nowMs + EMERGENCY_MS;
    expect(await post(good)).toEqual([201, { studyId, untilMs }]);
  } finally {
    await operator.close(0);
  }
});

async function disclosures(): Promise<readonly Disclosure[]> {
  const found: Disclosure[] = [];
  for await (const one of hospital.source.disclosures({ fromMs: 0, toMs: Number.MAX_SAFE_INTEGER })) found.push(one);
  return found;
}

/** What the owner sees. */
async function looked() {
  const sealingKeyPair = await generateSealingKeyPair();
  const { source, chainId, signingKey } = hospital.source;
  const request = await createAccessLogRequest({
    chainId,
    source,
    studyId: patient.disclosure.studyId,
    signer: patient.owner,
    sealingKey: sealingKeyPair.publicKey,
    timeMs: hospital.ledger.nowMs,
  });
  const sealed = await hospital.source.accessLog(request);
  return (await openAccessLog({ request, sealed, sealingKeyPair, signingKey })).log.entries;
}
