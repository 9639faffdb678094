// Goal: after an erasure nothing that a gateway stores leads from the ledger to a person (threats.md, row 24), and she has the source's word
// for it. Method: a hospital on a disk whose study was claimed, told of, shared, read and written about; then every record and line is opened.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openErasureAnswer, decodeOwnerRequest, verifyErasureNote } from '@radledger/handover';
import { equalBytes, type Signer, toHex, utf8 } from '@radledger/primitives';
import { openingOf, signAcceptance } from '@radledger/transactions';
import { ClassicLevel } from 'classic-level';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type AuditEvent, type AuditTrail, openAuditTrail, verifyTrail } from '../src/audit/index.js';
import { openExchangeStore } from '../src/exchange-store.js';
import type { Disclosure } from '../src/source/disclosures.js';
import type { ImageSourceOptions } from '../src/source/index.js';
import { type Artefact, holdsAny, openRecords, openTrail, pathBetween } from './stored-artefacts.js';
import { ask } from './test-consumer.js';
import { eventually, TestHospital } from './test-hospital.js';
import { signerOf } from './test-ledger.js';
import {
  allow,
  askForSecret,
  claimStudy,
  DAY_MS,
  giveOrder,
  orderBytes,
  tagFor,
  type TestPatient,
} from './test-patient.js';

let hospital: TestHospital;
let database: ClassicLevel<string, Uint8Array>;
let trail: AuditTrail;
let practice: Signer;
let studyInstanceUid: string;

beforeEach(async () => {
  hospital = await TestHospital.open();
  database = new ClassicLevel(join(hospital.folder, 'db'), { keyEncoding: 'utf8', valueEncoding: 'view' });
  practice = await signerOf('practice');
  studyInstanceUid = await hospital.studyInstanceUid();
  const { signer, ledger } = hospital;
  trail = await openAuditTrail({ folder: join(hospital.folder, 'audit'), signer, now: () => ledger.nowMs });
  await reopen();
  await hospital.define();
});
afterEach(async () => {
  await hospital.close();
  await trail.close();
  await database.close();
});

async function reopen(options: Partial<ImageSourceOptions> = {}): Promise<void> {
  await hospital.source.close();
  const receiverNames = new Map([[toHex(practice.publicKey), 'Practice Dr. Roe']]);
  const emergencyReceivers = [(await signerOf('clinic')).publicKey];
  await hospital.openSource({ database, audit: trail, receiverNames, emergencyReceivers, ...options });
}

async function publish(label = 'MRI, head, of Jane'): Promise<TestPatient> {
  const invitation = await hospital.source.invite({ studyInstanceUid, label });
  const patient = await claimStudy(hospital.source, invitation, await signerOf(`patient of ${label}`));
  await hospital.finalizeUntil(async () => (await hospital.stateOfStudy()) === 'published');
  return patient;
}

/** A study about which a gateway knows all that it can know. */
async function livedStudy(): Promise<TestPatient> {
  const { ledger } = hospital;
  const patient = await publish();
  const { studyId } = patient.disclosure;
  const later = async (): Promise<void> => {
    ledger.nowMs += 1_001;
    await ledger.finalize();
    await eventually(() => hospital.source.view.head.height === ledger.height);
  };
  await later();
  await askForSecret(ledger, hospital.source, studyId, patient.owner, utf8('a sealed note of hers'));
  await leaveKeys(patient);
  await giveOrder(hospital, patient, { kind: 'tell-privacy-office', text: 'I am Jane, and want this erased' });
  const named = { name: 'roe.example', displayName: 'Dr Roe', origin: 'https' } as const;
  await giveOrder(hospital, patient, { kind: 'name-reader', key: practice.publicKey, ...named });
  await allow(ledger, patient, practice.publicKey);
  await later();
  const receiver = (await signerOf('clinic')).publicKey;
  const why = { clinician: 'Dr Adams', confirmedBy: 'Dr Bell', reason: 'threat-to-life' } as const;
  await hospital.source.desk.releaseInEmergency({ studyInstanceUid, receiver, ...why });
  for (const reader of [practice, patient.owner, await signerOf('clinic')]) {
    await later();
    expect(await ask(hospital, reader, toHex(studyId))).toMatch(/^served/);
  }
  await later();
  expect(await ask(hospital, await signerOf('stranger'), toHex(studyId))).toBe('XDSDocumentUniqueIdError');
  await eventually(async () => (await accounting()).every(({ outcome }) => outcome === 'success'));
  return patient;
}

async function leaveKeys(patient: TestPatient): Promise<void> {
  const owner = await signerOf('a key for later');
  const { chainId } = hospital.ledger;
  const acceptance = await signAcceptance({ chainId, source: hospital.source.source, owner });
  await giveOrder(hospital, patient, { kind: 'leave-keys', prekeys: [{ ownerKey: owner.publicKey, acceptance }] });
}

async function accounting(): Promise<readonly Disclosure[]> {
  const all: Disclosure[] = [];
  for await (const one of hospital.source.disclosures({ fromMs: 0, toMs: Number.MAX_SAFE_INTEGER })) all.push(one);
  return all;
}

async function erase(): Promise<void> {
  hospital.ledger.nowMs += 1_001;
  await hospital.source.desk.erase(studyInstanceUid);
  await hospital.finalizeUntil(async () => ['retired', 'draft'].includes(await hospital.stateOfStudy()));
  await eventually(isAllErased);
}

const isAllErased = async (): Promise<boolean> =>
  (await hospital.source.desk.erasures()).every(({ note }) => note !== undefined);

/** Everything that a gateway stores. */
const artefacts = async (): Promise<readonly Artefact[]> => [
  ...(await openRecords(database, hospital.secretBox)),
  ...(await openTrail(join(hospital.folder, 'audit'))),
];

/** What stands on the ledger of a study, or leads to it. */
function ledgerValues({ owner, disclosure }: TestPatient): Uint8Array[] {
  const { studyId, studySalt, contentSalt, grantSalt } = disclosure;
  const tag = tagFor({ owner, disclosure }, practice.publicKey);
  return [studyId, owner.publicKey, tag, openingOf(grantSalt, practice.publicKey), studySalt, contentSalt, grantSalt];
}

/** What tells of a person: also the gateway's own names for her study and for her. */
async function personValues(before: readonly Artefact[]): Promise<(string | Uint8Array)[]> {
  const store = await openExchangeStore({ database, secretBox: hospital.secretBox });
  const ofPatient = before.filter(({ name }) => name.startsWith('patient-of-study/'));
  const pseudonyms = ofPatient.flatMap(({ bytes }) => /[0-9a-f]{64}$/.exec(bytes.toString('latin1'))?.[0] ?? []);
  expect(pseudonyms.length).toBe(ofPatient.length);
  return [studyInstanceUid, store.pseudonymOf(studyInstanceUid), ...pseudonyms, 'Jane', 'a sealed note of hers'];
}

const commonValues = (): Uint8Array[] => [hospital.source.source, hospital.ledger.chainId];

/** Of each value that changed, some bytes from its middle: enough to know it by. */
const needlesOf = (records: readonly Artefact[]): Buffer[] =>
  records.map(({ stored }) => Buffer.from(stored.subarray(13, 29)));

async function filesOf(folder: string): Promise<Buffer> {
  const files = await readdir(folder);
  return Buffer.concat(await Promise.all(files.map((file) => readFile(join(folder, file)))));
}

test('nothing stored leads from the ledger to a person any more, not even in the files of the database', async () => {
  const patient = await livedStudy();
  const before = await artefacts();
  const [ledger, person] = [ledgerValues(patient), await personValues(before)];
  const isRecord = ({ name }: Artefact): boolean => !name.includes('.jsonl:');
  const recordsBefore = before.filter(isRecord);
  // The search finds what is there to be found.
  for (const value of ledger.slice(0, 2)) expect(pathBetween(before, [value], person, commonValues())).not.toEqual([]);
  const kinds = new Set(recordsBefore.map(({ name }) => name.split('/')[0]));
  const known = ['study', 'worklist', 'plan', 'invitation', 'access', 'transfer', 'link', 'link-of-study', 'reader'];
  for (const kind of [...known, 'patient-of-study', 'link-of-patient', 'emergency', 'privacy'])
    expect(kinds).toContain(kind);

  await erase();
  const after = await artefacts();
  expect(pathBetween(after, ledger, person, commonValues())).toEqual([]);
  expect(pathBetween(after, person, ledger, commonValues())).toEqual([]);
  const recordsAfter = after.filter(isRecord);
  // Of the ledger's values the database names the study, in its note, and keys whose holders are nobody's to it.
  const naming = recordsAfter.filter((record) => holdsAny(record, ledger)).map(({ name }) => name.split('/')[0]);
  expect(new Set(naming)).toEqual(new Set(['erasure-note', 'replay', 'served-key']));
  const about = recordsAfter.filter((record) => holdsAny(record, person)).map(({ name }) => name.split('/')[0]);
  expect(new Set(about)).toEqual(new Set(['noticed', 'kept-disclosure']));

  const stays = new Set(recordsAfter.map(({ name, stored }) => `${name} ${toHex(stored)}`));
  const gone = recordsBefore.filter(({ name, stored }) => !stays.has(`${name} ${toHex(stored)}`));
  expect(gone.length).toBeGreaterThan(12);
  await database.close();
  const files = await filesOf(join(hospital.folder, 'db'));
  // What stays is found by this, but where the write-ahead log parts it.
  const found = needlesOf(recordsAfter).filter((needle) => files.includes(needle));
  expect(found.length).toBeGreaterThanOrEqual(recordsAfter.length - 1);
  expect(needlesOf(gone).filter((needle) => files.includes(needle))).toEqual([]);
  await database.open();
});

test('the trail keeps every line, holds together, and never knew the address of a patient', async () => {
  const patient = await livedStudy();
  await erase();
  await trail.close();
  const folder = join(hospital.folder, 'audit');
  const { problems } = await verifyTrail(folder, { keys: [toHex(hospital.signer.publicKey)] });
  expect(problems).toEqual([]);
  const lines = (await openTrail(folder)).map(
    ({ bytes }) => (JSON.parse(bytes.toString()) as { readonly event: AuditEvent }).event,
  );
  expect(lines.at(-1)).toMatchObject({ transaction: 'DESK', code: 'ERASED' });
  const hers = lines.filter(({ reader }) => reader === toHex(patient.owner.publicKey));
  expect(hers.length).toBe(2);
  expect(hers.some((event) => 'peerAddress' in event)).toBe(false);
  expect(lines.find(({ phase }) => phase === 'refused')).toMatchObject({ peerAddress: '127.0.0.0' });
});

test('her app is given the note, signed and sealed; nobody else is, and nothing else', async () => {
  const patient = await livedStudy();
  const noteFor = async (signer: Signer) => {
    const made = await orderBytes(hospital, patient, { kind: 'look' }, signer);
    const sealed = await hospital.source.desk.erasureNote(made.request);
    const request = decodeOwnerRequest(made.request);
    const bytes = await openErasureAnswer({ request, sealed, sealingKeyPair: made.sealingKeyPair });
    const { chainId, source, signingKey } = hospital.source;
    const { studyId } = patient.disclosure;
    return { made, note: await verifyErasureNote(bytes, { chainId, source, studyId, signingKey }) };
  };
  await expect(noteFor(patient.owner)).rejects.toMatchObject({ code: 'STUDY_UNKNOWN' });
  await erase();
  const { note, made } = await noteFor(patient.owner);
  expect(note).toMatchObject({
    erasedAtMs: expect.any(Number),
    erased: ['study', 'claim', 'readings', 'messages', 'standing-link'],
    stays: [
      { what: 'ledger' },
      { what: 'audit-trail' },
      // Six years after the day on which it was given last.
      { what: 'disclosures', untilMs: Date.UTC(2032, 0, 6) },
      { what: 'archive' },
      { what: 'recipients' },
    ],
  });
  await expect(hospital.source.desk.erasureNote(made.request)).rejects.toMatchObject({ code: 'REPLAYED' });
  await expect(noteFor(practice)).rejects.toMatchObject({ code: 'STUDY_UNKNOWN' });
  await expect(giveOrder(hospital, patient, { kind: 'look' })).rejects.toMatchObject({ code: 'STUDY_UNKNOWN' });
  await reopen();
  expect((await noteFor(patient.owner)).note).toEqual(note);
  const cell = await hospital.ledger.study(hospital.source.source, patient.disclosure.studyId);
  expect(cell?.retired?.reason).toBe('owner-request');
});

test('what law asks an account of stays for its years, without a value of the ledger, and then goes by itself', async () => {
  const patient = await livedStudy();
  const given = await accounting();
  await erase();
  const kept = await accounting();
  const day = new Date(hospital.ledger.nowMs).toISOString().slice(0, 10);
  const lines = kept.map(({ atMs, studyInstanceUid: uid, studyId, receiver, receiverName, origin, purpose }) => [
    new Date(atMs).toISOString().slice(0, 10),
    uid,
    studyId,
    receiver,
    receiverName,
    origin,
    purpose,
  ]);
  const why = 'threat to life; asked for by Dr Adams, confirmed by Dr Bell';
  expect(lines.sort()).toEqual(
    [
      [day, studyInstanceUid, '', '', 'Practice Dr. Roe', 'erased', "released on the patient's signed permission"],
      [day, studyInstanceUid, '', '', undefined, 'erased', `released in an emergency, without her permission: ${why}`],
    ].sort(),
  );
  // Her own reading is no disclosure.
  expect(given.length).toBe(3);
  expect((await artefacts()).filter(({ name }) => name.startsWith('kept-disclosure/')).length).toBe(2);
  expect((await artefacts()).some((one) => /^kept-/.test(one.name) && holdsAny(one, ledgerValues(patient)))).toBe(
    false,
  );

  hospital.ledger.nowMs = Date.UTC(2032, 0, 6);
  await hospital.ledger.finalize();
  await eventually(async () => (await accounting()).length === 0);
});

test('a site that keeps no account keeps nothing of it', async () => {
  await livedStudy();
  await reopen({ disclosuresKeptYears: 0 });
  await erase();
  expect(await accounting()).toEqual([]);
  const [erased] = await hospital.source.desk.erasures();
  expect(erased?.note?.stays.map(({ what }) => what)).toEqual(['ledger', 'audit-trail', 'archive', 'recipients']);
});

test('a reading that is under way is waited for, and nothing is written behind the erasure', async () => {
  const patient = await publish();
  const studyId = toHex(patient.disclosure.studyId);
  hospital.holdDocuments(1);
  const reading = ask(hospital, patient.owner, studyId);
  await eventually(() => hospital.heldDocuments === 1);
  await hospital.source.desk.erase(studyInstanceUid);
  expect(
    (await hospital.source.authorise({ studyId: patient.disclosure.studyId, signer: patient.owner.publicKey })).allowed,
  ).toBe(false);
  await hospital.finalizeUntil(async () => (await hospital.stateOfStudy()) === 'retired');
  for (let block = 0; block < 3; block += 1) await hospital.ledger.finalize();
  expect((await hospital.source.desk.erasures()).map(({ note }) => note)).toEqual([undefined]);
  let answer = '';
  void reading.then((end) => (answer = end));
  await eventually(() => {
    hospital.releaseDocuments(); // held again after each chunk
    return answer !== '';
  });
  expect(answer).toMatch(/^served/);
  await hospital.ledger.finalize();
  await eventually(isAllErased);
  expect((await artefacts()).some(({ name }) => /^(access|transfer)\//.test(name))).toBe(false);
});

test('without a node nobody is served all the same, and it goes on after a stop', async () => {
  const patient = await publish();
  const { studyId } = patient.disclosure;
  hospital.ledger.isUnreachable = true;
  await hospital.source.desk.erase(studyInstanceUid);
  hospital.ledger.isUnreachable = false;
  const reads = async () => (await hospital.source.authorise({ studyId, signer: patient.owner.publicKey })).allowed;
  expect(await reads()).toBe(false);
  await reopen();
  expect(await reads()).toBe(false);
  await hospital.finalizeUntil(async () => ['retired', 'draft'].includes(await hospital.stateOfStudy()));
  await eventually(isAllErased);
});

test('offered again on purpose it is another study under a new salt; by itself it is not sent again', async () => {
  const sending = { sendsByItself: { releaseMs: 0 } };
  const patient = await publish();
  await leaveKeys(patient);
  await erase();
  await reopen(sending);
  for (let look = 0; look < 2; look += 1) await hospital.source.lookAtArchive();
  expect(await hospital.stateOfStudy()).toBe('draft');
  const again = await publish('MRI');
  expect(equalBytes(again.disclosure.studyId, patient.disclosure.studyId)).toBe(false);
  expect(equalBytes(again.disclosure.studySalt, patient.disclosure.studySalt)).toBe(false);
  // Erased a second time, beside the first; nothing was asked of a study that nobody was invited to.
  await erase();
  expect((await hospital.source.desk.erasures()).length).toBe(2);
  await expect(hospital.source.desk.erase(studyInstanceUid)).rejects.toMatchObject({ code: 'STUDY_NOT_FOUND' });
});

test('earlier records of the same images go too, and what was given to the wrong patient is not told to him', async () => {
  const wrong = await publish('MRI of somebody');
  await hospital.source.desk.endWrongPatient(studyInstanceUid);
  await hospital.finalizeUntil(async () => (await hospital.stateOfStudy()) === 'retired');
  await publish();
  await erase();
  expect((await hospital.source.desk.erasures()).length).toBe(2);
  const { request } = await orderBytes(hospital, wrong, { kind: 'look' });
  await expect(hospital.source.desk.erasureNote(request)).rejects.toMatchObject({ code: 'STUDY_UNKNOWN' });
  expect(hospital.ledger.nowMs).toBeLessThan(Date.UTC(2026, 0, 5) + DAY_MS);
});
