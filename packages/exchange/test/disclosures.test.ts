// Goal: the accounting names every reading, to whom, what and why. Method: a hospital whose study is read over real TLS, and its operator API.
import { createOwnerRequest, generateSealingKeyPair } from '@radledger/handover';
import { toHex } from '@radledger/primitives';
import { openingOf, recipientTag } from '@radledger/transactions';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bindHttp, type BoundListener, createOperatorApi } from '../src/http/index.js';
import { ask } from './test-consumer.js';
import { eventually, TestHospital } from './test-hospital.js';
import { signerOf } from './test-ledger.js';
import { allow, publishedStudy, type TestPatient } from './test-patient.js';

const TOKEN = 'a token of the operator, 32 chars';
let hospital: TestHospital;
let operator: BoundListener;
let patient: TestPatient;
let studyId: string;

beforeEach(async () => {
  hospital = await TestHospital.open();
  patient = await publishedStudy(hospital);
  studyId = toHex(patient.disclosure.studyId);
  const practice = toHex((await signerOf('practice')).publicKey);
  await hospital.source.close();
  const source = await hospital.openSource({ receiverNames: new Map([[practice, 'Practice Dr. Roe']]) });
  operator = await bindHttp({ host: '127.0.0.1', port: 0 });
  operator.mount(createOperatorApi({ source, chainId: hospital.ledger.chainId, bearerToken: TOKEN }));
});
afterEach(async () => {
  await operator.close(0);
  await hospital.close();
});

async function accounting(query = ''): Promise<Readonly<Record<string, unknown>>[]> {
  const headers = { authorization: `Bearer ${TOKEN}` };
  const response = await fetch(`${operator.url}/v1/disclosures${query}`, { headers });
  expect(response.headers.get('content-type')).toContain('application/x-ndjson');
  const lines = (await response.text()).split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
}

test('each reading is named with its receiver, where the name is from, and why it was allowed; refusals are not', async () => {
  const names = ['practice', 'clinic', 'lakeside'];
  for (const name of names) await allow(hospital.ledger, patient, (await signerOf(name)).publicKey);
  for (const name of ['practice', 'lakeside']) await nameReader((await signerOf(name)).publicKey);
  await hospital.ledger.finalize();
  await eventually(() => hospital.source.view.head.height === hospital.ledger.height);
  const { studyInstanceUid } = patient.disclosure;
  const startMs = hospital.ledger.nowMs;
  for (const reader of [patient.owner, ...(await Promise.all(names.map(signerOf)))]) {
    expect(await ask(hospital, reader, studyId)).toMatch(/^served/);
    hospital.ledger.nowMs += 1_000;
  }
  expect(await ask(hospital, await signerOf('stranger'), studyId)).toBe('XDSDocumentUniqueIdError');
  await eventually(async () => (await accounting()).every(({ outcome }) => outcome === 'success'));
  const all = await accounting();
  const common = { studyInstanceUid, studyId, what: 'file-set', outcome: 'success' };
  const [roe = '', clinic = '', lakeside = ''] = await Promise.all(names.map(released));
  expect(all).toMatchObject([
    { ...common, receiverName: 'the patient', origin: 'ledger', purpose: "the patient's own access" },
    { ...common, receiverName: 'Practice Dr. Roe', origin: 'operator', purpose: roe },
    { ...common, receiverName: null, origin: 'unknown', purpose: clinic },
    { ...common, receiverName: 'lakeside.example', origin: 'owner: https', purpose: lakeside },
  ]);
  expect(all[2]?.['receiver']).toBe(toHex((await signerOf('clinic')).publicKey));
  expect(all.every(({ bytes }) => (bytes as number) > 0)).toBe(true);
  expect(await accounting(`?from=${startMs + 1_000}&to=${startMs + 2_000}`)).toEqual([all[1]]);
  expect(await accounting(`?studyInstanceUid=${studyInstanceUid}`)).toEqual(all);
  expect(await accounting('?studyInstanceUid=1.2.3')).toEqual([]);
});

/** The permission as anybody finds it on the ledger who knows the opening, which the notice of a grant tells its reader. */
async function released(name: string): Promise<string> {
  const reader = (await signerOf(name)).publicKey;
  const tag = recipientTag(openingOf(patient.disclosure.grantSalt, reader), reader);
  return `released on the patient's signed permission: grant ${toHex(tag)}`;
}

/** The owner's app says whom she let in. */
async function nameReader(key: Uint8Array): Promise<void> {
  const { publicKey: sealingKey } = await generateSealingKeyPair();
  const { studyId: id, source } = patient.disclosure;
  const order = {
    kind: 'name-reader',
    key,
    name: 'lakeside.example',
    displayName: 'Dr Rivera',
    origin: 'https',
  } as const;
  await hospital.source.desk.ownerRequest(
    await createOwnerRequest({
      chainId: hospital.ledger.chainId,
      source,
      studyId: id,
      signer: patient.owner,
      sealingKey,
      timeMs: hospital.ledger.nowMs,
      order,
    }),
  );
}

test('only the operator may ask, and only with times and UIDs', async () => {
  const { status } = await fetch(`${operator.url}/v1/disclosures`);
  expect(status).toBe(401);
  for (const query of ['?from=x', '?to=-1', '?studyInstanceUid=../1']) {
    const headers = { authorization: `Bearer ${TOKEN}` };
    expect((await fetch(`${operator.url}/v1/disclosures${query}`, { headers })).status).toBe(400);
  }
});
