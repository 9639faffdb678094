/** How much of a source's work keys get: those that hold grants, and those that hold none. */
import { type Signer, randomBytes, toHex } from '@radledger/primitives';
import { MemoryLevel } from 'memory-level';
import { expect, test } from 'vitest';
import { openExchangeStore } from '../src/exchange-store.js';
import { createSecretBox } from '../src/secret-box.js';
import { createReaderLimits, type OpenWithinLimits } from '../src/source/reader-limits.js';
import type { OpenedStudy, OpenStudy, StudyRequest } from '../src/source/open-study.js';
import { openServedKeys } from '../src/source/served-keys.js';
import { eventually, TestHospital } from './test-hospital.js';
import { signerOf } from './test-ledger.js';
import { allow, publishedStudy } from './test-patient.js';
import { look } from './test-viewer.js';

const OPENED = {} as OpenedStudy;

function limited(open: (signer: string) => ReturnType<OpenStudy>, studiesPerMinute = 600) {
  const clock = { nowMs: 0, opened: 0 };
  const limit = createReaderLimits({ missesPerMinute: 1_200, entitled: new Set(), now: () => clock.nowMs });
  const openWithinLimits: OpenWithinLimits = limit(({ request }) => {
    clock.opened += 1;
    return open(request.signer);
  }, studiesPerMinute);
  const ask = (signer: string, peerAddress = '192.0.2.1') =>
    openWithinLimits({ request: { signer, peerAddress, messageId: '', documents: [] } } as unknown as StudyRequest);
  return { clock, ask };
}

const holderOnly = async (signer: string) => (signer === 'holder' ? OPENED : ('refused' as const));

async function times(count: number, ask: (index: number) => Promise<unknown>): Promise<void> {
  for (let index = 0; index < count; index += 1) await ask(index);
}

test('what strangers miss is bounded by key, by address and in all; the next minute begins anew', async () => {
  const { clock, ask } = limited(holderOnly);
  await times(1_000, () => ask('stranger'));
  expect(clock.opened).toBe(60);
  await times(1_000, (index) => ask(`stranger ${index}`));
  expect(clock.opened).toBe(60);
  await times(1_000, (index) => ask(`stranger at home ${index}`, `2001:db8:0:1:${index.toString(16)}::1`));
  expect(clock.opened).toBe(120);
  // Regression: four addresses used up what is everybody's.
  await times(4_000, (index) => ask(`stranger in a crowd ${index}`, `198.18.${index % 4}.1`));
  expect(clock.opened).toBe(360);
  expect(await ask('holder', '203.0.113.1')).toBe(OPENED);
  clock.opened -= 1;
  await times(3_000, (index) => ask(`stranger elsewhere ${index}`, `198.51.${index % 100}.1`));
  expect(clock.opened).toBe(1_200);
  expect(await ask('newcomer', '203.0.113.1')).toBe('too-often');
  clock.nowMs += 60_000;
  expect(await ask('stranger')).toBe('refused');
});

test('whoever was given a study is given the next, whatever strangers miss, up to his own limit', async () => {
  const { clock, ask } = limited(holderOnly);
  expect(await ask('holder')).toBe(OPENED);
  await times(3_000, (index) => ask(`stranger ${index}`, `198.51.${index % 100}.1`));
  await times(599, async () => expect(await ask('holder')).toBe(OPENED));
  expect(await ask('holder')).toBe('too-often');
  clock.nowMs += 60_000;
  expect(await ask('holder')).toBe(OPENED);
});

test('a holder misses no more than a stranger, and nothing when all misses are used up', async () => {
  let answer: 'refused' | OpenedStudy = OPENED;
  const { clock, ask } = limited(async (signer) => (signer === 'holder' ? answer : 'refused'));
  await ask('holder');
  answer = 'refused';
  await times(100, () => ask('holder'));
  expect(clock.opened).toBe(61);
  clock.nowMs += 60_000;
  await times(3_000, (index) => ask(`stranger ${index}`, `198.51.${index % 100}.1`));
  expect(await ask('holder')).toBe('refused');
  expect(await ask('holder')).toBe('too-often');
});

test('a newcomer may have as many requests under way as misses, and gets back what was none; a failure is a miss', async () => {
  const waiting: ((answer: OpenedStudy) => void)[] = [];
  let isSlow = true;
  const { ask } = limited(async () => (isSlow ? new Promise((resolve) => waiting.push(resolve)) : OPENED));
  const underWay = Array.from({ length: 61 }, () => ask('newcomer'));
  expect(await underWay[60]).toBe('too-often');
  for (const resolve of waiting.splice(0)) resolve(OPENED);
  await Promise.all(underWay);
  isSlow = false;
  const more = Array.from({ length: 61 }, () => ask('newcomer'));
  expect(await Promise.all(more)).not.toContain('too-often');

  const failing = limited(() => Promise.reject(new Error('the node is gone')));
  await times(100, () => failing.ask('stranger').catch(() => undefined));
  expect(failing.clock.opened).toBe(60);
});

// Regression: the check came before the look-up and the count after it, so that a thousand at once were within the limit.
test('a holder misses no more at once than one after the other, and waits where he misses nothing', async () => {
  let answer: 'refused' | OpenedStudy = OPENED;
  const { clock, ask } = limited(async () => {
    await Promise.resolve();
    return answer;
  });
  await ask('holder');
  const served = await Promise.all(Array.from({ length: 500 }, () => ask('holder')));
  expect(served.every((opened) => opened === OPENED)).toBe(true);
  clock.nowMs += 60_000;
  clock.opened = 0;
  answer = 'refused';
  await Promise.all(Array.from({ length: 500 }, () => ask('holder')));
  expect(clock.opened).toBeGreaterThan(40);
  expect(clock.opened).toBeLessThanOrEqual(60);
});

test("what fails is not a holder's miss", async () => {
  let isFailing = false;
  const { clock, ask } = limited(async () => {
    if (isFailing) throw new Error('the node is gone');
    return OPENED;
  });
  await ask('holder');
  isFailing = true;
  await times(100, () => ask('holder').catch(() => undefined));
  expect(clock.opened).toBe(101);
  isFailing = false;
  expect(await ask('holder')).toBe(OPENED);
});

test("an old view is nobody's miss, and makes nobody a holder", async () => {
  let answer: 'refused' | 'stale-view' = 'stale-view';
  const { clock, ask } = limited(async () => answer);
  await times(500, () => ask('stranger'));
  expect(clock.opened).toBe(500);
  answer = 'refused';
  await times(100, () => ask('stranger'));
  expect(clock.opened).toBe(560);
});

/** What an ITI-43 request is answered with, and how often. */
async function answersTo(
  hospital: TestHospital,
  signer: Signer,
  documentUniqueIds: readonly string[],
  peerAddress = '192.0.2.1',
): Promise<Record<string, number>> {
  const repositoryUniqueId = toHex(hospital.source.source);
  const answers = await hospital.source.repository.retrieve({
    signer: toHex(signer.publicKey),
    messageId: toHex(randomBytes(8)),
    documents: documentUniqueIds.map((documentUniqueId) => ({ repositoryUniqueId, documentUniqueId })),
    peerAddress,
  });
  const counts: Record<string, number> = {};
  for (const answer of answers) {
    const kind = answer.kind === 'error' ? answer.errorCode : answer.kind;
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

// Regression: a gateway that was started anew knew nobody, and strangers kept out whom it had served for years.
test('whoever was served is no stranger after a restart, nor is whom the site lets in in an emergency', async () => {
  const hospital = await TestHospital.open();
  try {
    const { ledger } = hospital;
    const patient = await publishedStudy(hospital);
    const study = [toHex(patient.disclosure.studyId)];
    const [practice, clinic] = await Promise.all([signerOf('practice'), signerOf('clinic')]);
    await allow(ledger, patient, practice.publicKey);
    await ledger.finalize();
    await eventually(() => hospital.source.view.head.height === ledger.height);
    expect(await answersTo(hospital, practice, study)).toEqual({ document: 1 });
    await hospital.source.close();
    await hospital.openSource({ missesPerMinute: 20, emergencyReceivers: [clinic.publicKey] });
    for (let index = 0; index < 20; index += 1) {
      const stranger = await signerOf(`stranger ${index}`);
      expect(await answersTo(hospital, stranger, study, `198.51.100.${index}`)).toEqual({
        XDSDocumentUniqueIdError: 1,
      });
    }
    expect(await answersTo(hospital, clinic, study)).toEqual({ XDSRepositoryBusy: 1 });
    expect(await answersTo(hospital, practice, study)).toEqual({ document: 1 });
    const { studyInstanceUid } = patient.disclosure;
    const who = { clinician: 'Dr A. Adams', confirmedBy: 'Dr B. Brown', reason: 'threat-to-life' } as const;
    await hospital.source.desk.releaseInEmergency({ studyInstanceUid, receiver: clinic.publicKey, ...who });
    expect(await answersTo(hospital, clinic, study)).toEqual({ document: 1 });
  } finally {
    await hospital.close();
  }
});

test('so many served keys are kept, the last of them, each written once a day', async () => {
  let writes = 0;
  let nowMs = 1_000;
  const open = async () => {
    const store = await openExchangeStore({ database, secretBox });
    const commit = (changes: Parameters<typeof store.commit>[0]): Promise<void> => {
      writes += 1;
      return store.commit(changes);
    };
    const work: Promise<void>[] = [];
    const served = await openServedKeys({
      store: { ...store, commit },
      inBackground: (written) => void work.push(written),
      now: () => nowMs,
    });
    return { served, written: () => Promise.all(work) };
  };
  const database = new MemoryLevel<string, Uint8Array>();
  const secretBox = createSecretBox(new Uint8Array(32));
  const { served, written } = await open();
  for (let index = 0; index < 10_000; index += 1) {
    nowMs += 1;
    served.add(`key ${index}`);
  }
  served.add('key 0');
  expect(writes).toBe(10_000);
  served.add('another');
  expect([served.has('key 0'), served.has('key 1'), served.has('another')]).toEqual([true, false, true]);
  nowMs += 86_400_000;
  served.add('key 2');
  expect(writes).toBe(10_002);
  await written();
  const again = (await open()).served;
  expect([again.has('key 1'), again.has('key 2'), again.has('another')]).toEqual([false, true, true]);
  nowMs += 1;
  again.add('yet another');
  expect([again.has('key 0'), again.has('key 2')]).toEqual([false, true]);
});

// Regression: requests were counted, not documents: three of one key used up what the node answers a gateway in a minute.
test('a thousand documents in one request cost the node what sixty do, by either protocol', async () => {
  const hospital = await TestHospital.open();
  try {
    const { ledger, source } = hospital;
    const patient = await publishedStudy(hospital);
    const studyId = toHex(patient.disclosure.studyId);
    const practice = await signerOf('practice');
    await allow(ledger, patient, practice.publicKey);
    await ledger.finalize();
    await eventually(() => source.view.head.height === ledger.height);
    const stranger = await signerOf('stranger');
    const random = Array.from({ length: 1_000 }, () => toHex(randomBytes(32)));
    const same = Array.from({ length: 1_000 }, () => studyId);
    const before = ledger.reads.study;
    expect(await answersTo(hospital, stranger, random)).toEqual({
      XDSDocumentUniqueIdError: 60,
      XDSRepositoryBusy: 940,
    });
    expect((await look(hospital, stranger, `/dicom-web/studies/${studyId}`)).status).toBe(429);
    expect(ledger.reads.study - before).toBe(60);
    expect(await answersTo(hospital, practice, same, '198.51.100.1')).toEqual({
      document: 600,
      XDSRepositoryBusy: 400,
    });
    expect((await look(hospital, practice, `/dicom-web/studies/${studyId}/manifest`)).status).toBe(200);
    expect(ledger.reads.study - before).toBe(61);
  } finally {
    await hospital.close();
  }
});
