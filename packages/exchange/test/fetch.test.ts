/** The recipient: what it refuses to believe, and how it goes on after a stop. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createImageRequest, decodeImageRequestLink, encodeImageRequestLink } from '@radledger/handover';
import { sampleInstance } from '@radledger/imaging/conformance';
import { randomBytes, toHex } from '@radledger/primitives';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { guardEndpoint, type RequestStatus } from '../src/recipient/index.js';
import { eventually, TestHospital } from './test-hospital.js';
import { ask } from './test-consumer.js';
import { signerOf, type TestLedger } from './test-ledger.js';
import { allow, createRevoke, DAY_MS, noticeFor, publishedStudy, type TestPatient } from './test-patient.js';

let hospital: TestHospital;
let ledger: TestLedger;
let patient: TestPatient;
let request: { requestId: string; link: string };

beforeEach(async () => {
  hospital = await TestHospital.open();
  ledger = hospital.ledger;
  patient = await publishedStudy(hospital);
  await hospital.openRecipient();
  request = await hospital.recipient.request({ reason: 'second opinion', wantedUntilMs: ledger.nowMs + DAY_MS });
});

afterEach(async () => {
  await hospital.close();
});

const status = (): Promise<RequestStatus> => hospital.recipient.requestStatus(request.requestId);
const stateNow = async (): Promise<string | undefined> => (await status()).retrievals[0]?.state;

async function takeNotice(changes: Parameters<typeof noticeFor>[3] = {}): Promise<void> {
  const { sealed } = await noticeFor(ledger, patient, request.link, changes);
  await hospital.recipient.takeNotice(request.requestId, sealed);
}

async function reachAllowed(): Promise<void> {
  await takeNotice();
  await allow(ledger, patient, hospital.recipient.recipientKey);
  await hospital.finalizeUntil(async () => (await stateNow()) === 'allowed');
}

async function fetchToEnd(): Promise<RequestStatus['retrievals'][number]> {
  await hospital.recipient.fetch(request.requestId);
  await eventually(async () => (await stateNow()) !== 'fetching');
  return (await status()).retrievals[0] as RequestStatus['retrievals'][number];
}

describe('a notice that is not believed leaves nothing behind', () => {
  test.each([
    ['for another box', async () => ({ boxId: randomBytes(16) })],
    ['without a box', async () => ({ boxId: undefined as never })],
  ] as const)('%s', async (_name, changes) => {
    await takeNotice(await changes());
    await eventually(() => hospital.failures.length > 0);
    expect((await status()).retrievals).toHaveLength(0);
    expect(hospital.failures.at(-1)).toMatchObject({ code: 'NOTICE_INVALID' });
  });

  test('noise', async () => {
    await hospital.recipient.takeNotice(request.requestId, randomBytes(500));
    await eventually(() => hospital.failures.length > 0);
    expect(hospital.failures.at(-1)).toMatchObject({ code: 'NOTICE_INVALID' });
  });

  test('sealed to the key of another request', async () => {
    const other = await hospital.recipient.request({ reason: 'another', wantedUntilMs: ledger.nowMs });
    const { sealed } = await noticeFor(ledger, patient, other.link);
    await hospital.recipient.takeNotice(request.requestId, sealed);
    await eventually(() => hospital.failures.length > 0);
    expect((await status()).retrievals).toHaveLength(0);
  });

  test('for the recipient key of somebody else', async () => {
    const somebody = await signerOf('somebody else');
    const { sealingKey, ...ours } = decodeImageRequestLink(request.link);
    const forged = await createImageRequest({ ...ours, sealingKey, recipientKey: somebody.publicKey }, somebody);
    const { sealed } = await noticeFor(ledger, patient, encodeImageRequestLink(forged, 'http://127.0.0.1/'));
    await hospital.recipient.takeNotice(request.requestId, sealed);
    await eventually(() => hospital.failures.length > 0);
    expect((await status()).retrievals).toHaveLength(0);
  });
});

test('a notice with an opening of another study never becomes allowed', async () => {
  await takeNotice({ opening: randomBytes(32) });
  await allow(ledger, patient, hospital.recipient.recipientKey);
  await ledger.finalize();
  await eventually(async () => (await stateNow()) === 'waiting');
  await expect(hospital.recipient.fetch(request.requestId)).rejects.toMatchObject({ code: 'NOTHING_TO_FETCH' });
});

test('boxes: unknown, too large, full; the same notice twice is one', async () => {
  const { recipient } = hospital;
  await expect(recipient.takeNotice('00'.repeat(16), randomBytes(10))).rejects.toMatchObject({ code: 'BOX_UNKNOWN' });
  await expect(recipient.takeNotice('../x', randomBytes(10))).rejects.toMatchObject({ code: 'BOX_UNKNOWN' });
  await expect(recipient.takeNotice(request.requestId, randomBytes(5000))).rejects.toMatchObject({ code: 'TOO_LARGE' });
  const { sealed } = await noticeFor(ledger, patient, request.link);
  for (let i = 0; i < 3; i++) await recipient.takeNotice(request.requestId, sealed);
  await eventually(async () => (await status()).retrievals.length > 0);
  await recipient.takeNotice(request.requestId, sealed);
  expect((await status()).retrievals).toHaveLength(1);
  for (let i = 1; i < 64; i++) await takeNotice();
  await expect(takeNotice()).rejects.toMatchObject({ code: 'BOX_FULL' });
});

describe('why a fetch ends, in its own reading of the ledger', () => {
  test('the owner ended access', async () => {
    await reachAllowed();
    await ledger.submit((await createRevoke(ledger, patient, hospital.recipient.recipientKey)).bytes);
    await ledger.finalize();
    await eventually(async () => (await stateNow()) === 'ended');
    expect((await status()).retrievals[0]?.code).toBe('GRANT_NOT_LIVE');
  });

  test('an end of access that the source has seen and that is not final yet', async () => {
    await reachAllowed();
    await ledger.submit((await createRevoke(ledger, patient, hospital.recipient.recipientKey)).bytes);
    await eventually(() => hospital.source.suspended === 1);
    expect(await fetchToEnd()).toMatchObject({ state: 'failed', code: 'XDSDocumentUniqueIdError' });
  });

  test('an old view', async () => {
    await reachAllowed();
    ledger.nowMs += 60_001;
    expect(await fetchToEnd()).toMatchObject({ state: 'failed', code: 'VIEW_STALE' });
    ledger.heartbeat();
    await eventually(() => hospital.source.view.isUsable() && hospital.recipient.view.isUsable());
    expect(await fetchToEnd()).toMatchObject({ state: 'filed' });
  });

  test('a server that does not hold the pinned key', async () => {
    await reachAllowed();
    await hospital.moveListener();
    expect(await fetchToEnd()).toMatchObject({ state: 'failed', code: 'PIN_MISMATCH' });
    expect(await readdir(hospital.quarantine)).toEqual([]);
  });

  test('a source that is not there', async () => {
    await reachAllowed();
    await hospital.listener.close(0);
    expect(await fetchToEnd()).toMatchObject({ state: 'failed', code: 'CONNECTION_FAILED' });
  });

  test('a study that is not what the ledger promised: nothing is filed, and what came is kept apart', async () => {
    await reachAllowed();
    // The hospital's own disk lies consistently: plan and bytes agree with each other, not with the ledger.
    hospital.serveInstead({ newDocumentUniqueId: toHex(randomBytes(32)) });
    expect(await fetchToEnd()).toMatchObject({ state: 'failed', code: 'CONTENT_MISMATCH' });
    hospital.serveInstead({ mimeType: 'application/zip', bytes: randomBytes(4000) });
    expect(await fetchToEnd()).toMatchObject({ state: 'failed', code: 'INVALID_ZIP' });
    await expect(readdir(hospital.filed)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await readdir(hospital.quarantine)).toEqual(['refused']);
  });
});

test('a transfer that a stop interrupted goes on after the next start, by itself', async () => {
  await reachAllowed();
  hospital.holdDocuments();
  await hospital.recipient.fetch(request.requestId);
  await eventually(() => hospital.heldDocuments > 0);
  await hospital.recipient.close();
  hospital.releaseDocuments();
  await hospital.openRecipient();
  await eventually(async () => (await stateNow()) === 'filed');
  expect(await readdir(hospital.filed)).toHaveLength(1);
});

test('a study is filed under the patient of the practice, and keeps the one of the hospital', async () => {
  await hospital.recipient.close();
  const asked: unknown[] = [];
  await hospital.openRecipient({
    async reconcile(study, { studyId, sent }) {
      asked.push([study.studyInstanceUid, studyId, sent.instanceCount]);
      return { name: 'Local^Paula', id: 'L-1' };
    },
  });
  await reachAllowed();
  const { state, studyId, location = '' } = await fetchToEnd();
  expect(state).toBe('filed');
  expect(asked).toEqual([[await hospital.studyInstanceUid(), studyId, 20]]);
  for (const name of await readdir(location)) {
    const file = await readFile(join(location, name), 'latin1');
    expect(file).toContain('Local^Paula');
    expect(file).toContain('Radledger gateway');
  }
});

test('fetching what is filed already is refused; watching tells every state once at least', async () => {
  const watching = new AbortController();
  const seen: (string | undefined)[] = [];
  const watched = (async () => {
    for await (const { retrievals } of hospital.recipient.watchRequest(request.requestId, watching.signal)) {
      if (seen.at(-1) !== retrievals[0]?.state) seen.push(retrievals[0]?.state);
    }
  })();
  await reachAllowed();
  await eventually(() => seen.at(-1) === 'allowed');
  await fetchToEnd();
  await eventually(() => seen.at(-1) === 'filed');
  watching.abort();
  await watched;
  expect(seen).toEqual(['waiting', 'allowed', 'fetching', 'filed']);
  await expect(hospital.recipient.fetch(request.requestId)).rejects.toMatchObject({ code: 'NOTHING_TO_FETCH' });
});

describe('where a ledger cell may send this gateway', () => {
  const resolve = (addresses: readonly string[]) => ({ resolve: async () => addresses });

  test.each([
    ['http://gw.example', ['203.0.113.1']],
    ['https://user@gw.example', ['203.0.113.1']],
    ['https://gw.example/?q', ['203.0.113.1']],
    ['https://203.0.113.1', ['203.0.113.1']],
    ['https://[2001:db8::1]', ['2001:db8::1']],
    ['https://127.0.0.1', ['127.0.0.1']],
    ['https://gw.example', ['fd00::1']],
    ['https://gw.example', []],
    ['nonsense', []],
  ])('%s at %j is refused', async (baseUrl, addresses) => {
    await expect(guardEndpoint(baseUrl, resolve(addresses))).rejects.toMatchObject({ code: 'ENDPOINT_REFUSED' });
  });

  test('a public host name passes; loopback and private networks only when configured', async () => {
    expect(await guardEndpoint('https://gw.example/a', resolve(['203.0.113.1', '2001:db8::1']))).toEqual({
      url: 'https://gw.example/a/xds/iti43',
      addresses: ['203.0.113.1', '2001:db8::1'],
    });
    expect(await guardEndpoint('https://gw.example', { allowPrivate: true, ...resolve(['10.0.0.1']) })).toBeTruthy();
    expect(await guardEndpoint('https://127.0.0.1:9', { allowLoopback: true })).toBeTruthy();
  });
});

test('a study that was amended shows as changed, and is fetched again as it is now', async () => {
  await reachAllowed();
  expect(await fetchToEnd()).toMatchObject({ state: 'filed', changed: false });
  await expect(hospital.recipient.fetch(request.requestId)).rejects.toMatchObject({ code: 'NOTHING_TO_FETCH' });
  const studyInstanceUid = await hospital.studyInstanceUid();
  const late = { studyInstanceUid, seriesInstanceUid: '2.25.70', sopInstanceUid: '2.25.70.1' };
  await writeFile(join(hospital.archive, 'late.dcm'), sampleInstance(late));
  await hospital.source.amend(studyInstanceUid);
  await hospital.finalizeUntil(async () => (await status()).retrievals[0]?.changed === true);
  const { state, changed, location = '' } = await fetchToEnd();
  expect({ state, changed }).toEqual({ state: 'filed', changed: false });
  expect(await readdir(location)).toHaveLength(21);
});

// Regression: a second study of one source, or the sixth hundredth of a minute, ended as failed, for a person to start again.
test('a source that is busy is asked again until it is not', async () => {
  await hospital.source.close();
  await hospital.openSource({ requestsPerMinute: 1 });
  await hospital.recipient.close();
  await hospital.openRecipient({ busyWaitMs: 200 });
  await reachAllowed();
  const studyId = toHex(patient.disclosure.studyId);
  expect(await ask(hospital, await signerOf('practice'), studyId)).toMatch(/^served/);
  await hospital.recipient.fetch(request.requestId);
  const isBusy = () => hospital.audited.some(({ side, code }) => side === 'recipient' && code === 'XDSRepositoryBusy');
  await eventually(isBusy);
  expect(await stateNow()).toBe('fetching');
  ledger.nowMs += 60_000;
  await ledger.finalize();
  await eventually(async () => (await stateNow()) === 'filed');
});
