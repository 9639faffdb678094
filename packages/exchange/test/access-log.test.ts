// Goal: the owner learns who looked, nobody else does, and nothing that left is missing. Method: readings over real TLS, then signed requests.
import {
  createAccessLogRequest,
  createStudySecretRequest,
  generateSealingKeyPair,
  openAccessLog,
} from '@radledger/handover';
import { type Signer, toHex } from '@radledger/primitives';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ask } from './test-consumer.js';
import { MemoryLevel } from 'memory-level';
import { openExchangeStore } from '../src/exchange-store.js';
import { createSecretBox } from '../src/secret-box.js';
import { accessRecords, createAccessRecorder } from '../src/source/access-records.js';
import { eventually, TestHospital } from './test-hospital.js';
import { signerOf } from './test-ledger.js';
import { look as view } from './test-viewer.js';
import { allow, createMove, DAY_MS, publishedStudy, type TestPatient } from './test-patient.js';

let hospital: TestHospital;
let patient: TestPatient;
let practice: Signer;
let studyId: string;

beforeEach(async () => {
  hospital = await TestHospital.open();
  patient = await publishedStudy(hospital);
  practice = await signerOf('practice');
  studyId = toHex(patient.disclosure.studyId);
  await allow(hospital.ledger, patient, practice.publicKey);
  await hospital.ledger.finalize();
  await eventually(() => hospital.source.view.head.height === hospital.ledger.height);
});
afterEach(() => hospital.close());

async function request(signer: Signer, change: { timeMs?: number; before?: Uint8Array } = {}) {
  const sealingKeyPair = await generateSealingKeyPair();
  const { source, chainId } = hospital.source;
  const bytes = await createAccessLogRequest({
    chainId,
    source,
    studyId: patient.disclosure.studyId,
    signer,
    sealingKey: sealingKeyPair.publicKey,
    timeMs: hospital.ledger.nowMs,
    ...change,
  });
  return { bytes, sealingKeyPair };
}

async function look(signer: Signer, before?: Uint8Array) {
  const { bytes, sealingKeyPair } = await request(signer, before === undefined ? {} : { before });
  const sealed = await hospital.source.accessLog(bytes);
  const { log } = await openAccessLog({
    request: bytes,
    sealed,
    sealingKeyPair,
    signingKey: hospital.source.signingKey,
  });
  return log;
}

test('the owner sees every reading, newest first, with who, what, why and how much; no refused attempt', async () => {
  const served = await ask(hospital, practice, studyId);
  await ask(hospital, await signerOf('stranger'), studyId);
  hospital.ledger.nowMs += 1_000;
  await ask(hospital, patient.owner, `${studyId}.manifest`);
  await eventually(async () => (await look(patient.owner)).entries.every(({ outcome }) => outcome === 'success'));
  const { entries, isOlderLeft } = await look(patient.owner);
  expect(isOlderLeft).toBe(false);
  expect(entries).toMatchObject([
    { part: 'manifest', basis: 'owner', outcome: 'success', reader: patient.owner.publicKey },
    {
      part: 'file-set',
      basis: 'grant',
      outcome: 'success',
      reader: practice.publicKey,
      atMs: hospital.ledger.nowMs - 1_000,
    },
  ]);
  expect(`served ${entries[1]?.bytes}`).toBe(served);
});

test('a viewer that reads instance by instance is one entry for ten minutes, with all that it read; what broke off shows', async () => {
  const path = `/dicom-web/studies/${studyId}`;
  const stored = 'multipart/related; type="application/dicom"; transfer-syntax=*';
  const seen = await Promise.all(Array.from({ length: 12 }, () => view(hospital, practice, path, stored)));
  await view(hospital, practice, `${path}/metadata`);
  await eventually(async () => (await look(patient.owner)).entries.every(({ outcome }) => outcome === 'success'));
  const { entries } = await look(patient.owner);
  expect(entries.map(({ part, readings }) => [part, readings]).sort()).toEqual([
    ['instances', 12],
    ['metadata', 1],
  ]);
  const bytes = seen.reduce((sum, { body }) => sum + body.length, 0);
  expect(entries.find(({ part }) => part === 'instances')).toMatchObject({ bytes, basis: 'grant' });

  const store = await openExchangeStore({
    database: new MemoryLevel<string, Uint8Array>(),
    secretBox: createSecretBox(new Uint8Array(32)),
  });
  let nowMs = 1_000;
  const begin = createAccessRecorder({ store, now: () => nowMs });
  const access = {
    studyId: new Uint8Array(32),
    era: 0,
    reader: practice.publicKey,
    part: 'instances',
    basis: 'grant',
  } as const;
  const ends = [await begin(access), await begin(access)];
  nowMs += 599_999;
  ends.push(await begin(access));
  nowMs += 1;
  ends.push(await begin(access), await begin({ ...access, basis: 'owner' }));
  await Promise.all(ends.map((end, index) => end(index === 1 ? 'failure' : 'success', 10)));
  const kept = (await store.list(accessRecords)).map(({ value }) => value);
  expect(kept.map(({ atMs, readings, bytes: left, outcome }) => [atMs, readings, left, outcome]).sort()).toEqual([
    [1_000, 3, 30, 'failure'],
    [601_000, 1, 10, 'success'],
    [601_000, 1, 10, 'success'],
  ]);
});

test('nobody else sees it, nor twice with one request, nor with an old one', async () => {
  const foreign = await request(practice);
  await expect(hospital.source.accessLog(foreign.bytes)).rejects.toMatchObject({ code: 'STUDY_UNKNOWN' });
  const own = await request(patient.owner);
  await hospital.source.accessLog(own.bytes);
  await expect(hospital.source.accessLog(own.bytes)).rejects.toMatchObject({ code: 'REPLAYED' });
  const old = await request(patient.owner, { timeMs: hospital.ledger.nowMs - DAY_MS });
  await expect(hospital.source.accessLog(old.bytes)).rejects.toMatchObject({ code: 'REQUEST_EXPIRED' });
  const changed = Uint8Array.from((await request(patient.owner)).bytes);
  changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
  await expect(hospital.source.accessLog(changed)).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
  await expect(hospital.source.accessLog(new Uint8Array(10))).rejects.toMatchObject({ code: 'MALFORMED_REQUEST' });
});

test('one key asks 60 times a minute, of all kinds together; whoever has no part in the study takes nothing of that', async () => {
  const { ledger, source } = hospital;
  for (let n = 0; n < 60; n++) await expect(look(practice)).rejects.toMatchObject({ code: 'STUDY_UNKNOWN' });
  for (let n = 0; n < 60; n++) await look(patient.owner);
  await expect(look(patient.owner)).rejects.toMatchObject({ code: 'TOO_MANY_REQUESTS' });
  const sealing = await generateSealingKeyPair();
  const secretRequest = await createStudySecretRequest({
    chainId: source.chainId,
    source: source.source,
    studyId: patient.disclosure.studyId,
    owner: patient.owner,
    sealingKey: sealing.publicKey,
    timeMs: ledger.nowMs,
  });
  await expect(source.studySecret(secretRequest)).rejects.toMatchObject({ code: 'TOO_MANY_REQUESTS' });
  ledger.nowMs += 60_000;
  await ledger.finalize();
  await eventually(() => source.view.head.height === ledger.height);
  await look(patient.owner);
});

test('a long log comes in pages, without gaps, and outlives a restart', async () => {
  for (let reading = 0; reading < 203; reading += 1) {
    hospital.ledger.nowMs += 1;
    await ask(hospital, patient.owner, `${studyId}.manifest`);
  }
  await hospital.source.close();
  await hospital.openSource();
  const first = await look(patient.owner);
  expect([first.entries.length, first.isOlderLeft]).toEqual([200, true]);
  const second = await look(patient.owner, first.entries.at(-1)?.position);
  expect([second.entries.length, second.isOlderLeft]).toEqual([3, false]);
  const times = [...first.entries, ...second.entries].map(({ atMs }) => atMs);
  expect(times).toEqual([...times].sort((a, b) => b - a));
  expect(new Set(times).size).toBe(203);
});

test('a new owner sees the readings of her own time only', async () => {
  await ask(hospital, practice, studyId);
  const heir = await signerOf('heir');
  const { bytes } = await createMove(hospital.ledger, patient, heir);
  await hospital.ledger.submit(bytes);
  for (let block = 0; block < 2; block += 1) await hospital.ledger.finalize();
  await eventually(() => hospital.source.view.head.height === hospital.ledger.height);
  await eventually(async () => (await ask(hospital, heir, `${studyId}.manifest`)).startsWith('served'));
  const { entries } = await look(heir);
  expect(entries.length).toBeGreaterThan(0);
  for (const { reader } of entries) expect(reader).toEqual(heir.publicKey);
  await expect(look(patient.owner)).rejects.toMatchObject({ code: 'STUDY_UNKNOWN' });
});

// Regression: readings were filed under the last era that the gateway had a salt for, where a new owner does not look.
test('a reading belongs to the owner that the ledger names, also where the gateway missed the hand-over', async () => {
  const { source, ledger } = hospital;
  const heir = await signerOf('heir');
  const { bytes } = await createMove(ledger, patient, heir);
  await source.close();
  await ledger.submit(bytes);
  await ledger.finalize();
  await hospital.openSource();
  expect(await ask(hospital, heir, `${studyId}.manifest`)).toMatch(/^served/);
  expect((await look(heir)).entries).toMatchObject([{ reader: heir.publicKey, basis: 'owner', part: 'manifest' }]);
});
