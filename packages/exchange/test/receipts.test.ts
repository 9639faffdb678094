/** After a transfer each side holds what the other signed; what was not signed shows. */
import { createTransferReceipt, decodeTransferReceipt, verifyTransferReceipt } from '@radledger/handover';
import { randomBytes, toHex } from '@radledger/primitives';
import { MemoryLevel } from 'memory-level';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ExchangeStore, openExchangeStore } from '../src/exchange-store.js';
import { createKeyedLock } from '../src/keyed-lock.js';
import { createSecretBox } from '../src/secret-box.js';
import { createTransfers } from '../src/source/transfers.js';
import { bindHttp, createOperatorApi } from '../src/http/index.js';
import { eventually, TestHospital } from './test-hospital.js';
import { ask } from './test-consumer.js';
import { signerOf, type TestLedger } from './test-ledger.js';
import { look } from './test-viewer.js';
import { allow, DAY_MS, noticeFor, publishedStudy, type TestPatient } from './test-patient.js';

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

const stateNow = async (): Promise<string | undefined> =>
  (await hospital.recipient.requestStatus(request.requestId)).retrievals[0]?.state;

async function fetchStudy(): Promise<void> {
  const { sealed } = await noticeFor(ledger, patient, request.link);
  await hospital.recipient.takeNotice(request.requestId, sealed);
  await allow(ledger, patient, hospital.recipient.recipientKey);
  await hospital.finalizeUntil(async () => (await stateNow()) === 'allowed');
  await hospital.recipient.fetch(request.requestId);
  await eventually(async () => (await stateNow()) === 'filed');
}

test('each side keeps what the other signed for the same request, content and bytes', async () => {
  await fetchStudy();
  await eventually(async () => (await hospital.recipient.receipts())[0]?.received !== undefined);
  const [received] = await hospital.recipient.receipts();
  const [sent] = await hospital.source.transfers();
  expect(sent?.state).toBe('sent');
  expect(sent?.received).toEqual(received?.given);
  expect(sent?.given).toEqual(received?.received);
  const { source, studyId } = patient.disclosure;
  const about = {
    chainId: ledger.chainId,
    source,
    studyId,
    content: (await ledger.study(source, studyId))?.content ?? studyId,
    recipientKey: hospital.recipient.recipientKey,
    requestDigest: sent?.requestDigest ?? studyId,
    bytes: sent?.bytes ?? 0,
  };
  expect(about.bytes).toBeGreaterThan(1_000_000);
  const [theirs, ours] = [sent?.received, sent?.given].map((one) => decodeTransferReceipt(one ?? new Uint8Array()));
  if (theirs === undefined || ours === undefined) throw new Error('both are there');
  await verifyTransferReceipt(theirs, { key: about.recipientKey, about: { ...about, side: 'recipient' } });
  await verifyTransferReceipt(ours, { key: hospital.source.signingKey, about: { ...about, side: 'source' } });
  // The operator exports both, of both sides.
  const operator = await bindHttp({ host: '127.0.0.1', port: 0 });
  const bearerToken = 'a token of the operator, 32 chars';
  const { source: from, recipient } = hospital;
  operator.mount(createOperatorApi({ source: from, recipient, chainId: ledger.chainId, bearerToken }));
  const headers = { authorization: `Bearer ${bearerToken}` };
  const exported = (await (await fetch(`${operator.url}/v1/receipts`, { headers })).json()) as object;
  await operator.close(0);
  const both = { requestDigest: toHex(about.requestDigest), studyId: toHex(studyId), bytes: about.bytes };
  expect(exported).toMatchObject({
    sent: [
      { ...both, recipientKey: toHex(about.recipientKey), state: 'sent', received: toHex(sent?.received ?? studyId) },
    ],
    received: [{ ...both, source: toHex(source), received: toHex(sent?.given ?? studyId) }],
  });
  // The same receipt again is answered alike.
  expect(await hospital.source.exchangeReceipts(sent?.received ?? new Uint8Array())).toEqual(sent?.given);
});

test('a reader who never sends his receipt shows', async () => {
  const practice = await signerOf('practice');
  await allow(ledger, patient, practice.publicKey);
  await ledger.finalize();
  await eventually(() => hospital.source.view.head.height === ledger.height);
  const { studyId } = patient.disclosure;
  expect(await ask(hospital, practice, Buffer.from(studyId).toString('hex'))).toMatch(/^served /);
  expect(await hospital.source.transfers()).toMatchObject([{ state: 'sent', received: undefined, given: undefined }]);
});

test('a receipt waits for a source that is away, over a restart', async () => {
  hospital.refuseReceipts = true;
  await fetchStudy();
  await eventually(() => hospital.failures.some((error) => String(error).includes('RECEIPT_REFUSED')));
  expect(await hospital.recipient.receipts()).toMatchObject([{ received: undefined }]);
  expect(await hospital.source.transfers()).toMatchObject([{ state: 'sent', received: undefined }]);
  hospital.refuseReceipts = false;
  await hospital.recipient.close();
  await hospital.openRecipient();
  await eventually(async () => (await hospital.recipient.receipts())[0]?.received !== undefined);
});

test('a receipt for what was not sent, of another size, or signed by another, is refused', async () => {
  hospital.refuseReceipts = true;
  await fetchStudy();
  const [sent] = await hospital.source.transfers();
  const practice = await signerOf('practice');
  const { source } = patient.disclosure;
  if (sent === undefined) throw new Error('a study was sent');
  const { studyId, content, requestDigest, recipientKey, bytes } = sent;
  const good = { chainId: ledger.chainId, source, studyId, content, requestDigest, recipientKey, bytes, atMs: 1 };
  const give = async (changes: object, signer = practice) =>
    hospital.source.exchangeReceipts(await createTransferReceipt({ ...good, side: 'recipient', ...changes }, signer));
  await expect(give({ requestDigest: randomBytes(32) })).rejects.toMatchObject({ code: 'TRANSFER_UNKNOWN' });
  for (const changes of [{ bytes: bytes + 1 }, { content: randomBytes(32) }, { side: 'source' }]) {
    await expect(give(changes)).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
  }
  await expect(give({}, await signerOf('stranger'))).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
  await expect(hospital.source.exchangeReceipts(randomBytes(100))).rejects.toMatchObject({ code: 'MALFORMED_REQUEST' });
  expect(await hospital.source.transfers()).toMatchObject([{ received: undefined }]);
});

// Regression: the source signed that it had sent what was still on its way, or had broken off.
test('a receipt for what has not left whole gets none in return, until it has', async () => {
  const practice = await signerOf('practice');
  await allow(ledger, patient, practice.publicKey);
  await ledger.finalize();
  await eventually(() => hospital.source.view.head.height === ledger.height);
  const studyId = toHex(patient.disclosure.studyId);
  const receipt = async (): Promise<Uint8Array> => {
    const sent = (await hospital.source.transfers()).at(-1);
    if (sent === undefined) throw new Error('a transfer began');
    const about = { ...sent, chainId: ledger.chainId, source: patient.disclosure.source, atMs: 1 };
    return createTransferReceipt({ ...about, side: 'recipient' }, practice);
  };
  const give = async (): Promise<Uint8Array> => hospital.source.exchangeReceipts(await receipt());

  hospital.cutDocuments(1000);
  await expect(ask(hospital, practice, studyId)).rejects.toThrow();
  await eventually(async () => (await hospital.source.transfers())[0]?.state === 'broken');
  await expect(give()).rejects.toMatchObject({ code: 'TRANSFER_UNFINISHED' });

  ledger.nowMs += 1;
  hospital.holdDocuments();
  const asked = ask(hospital, practice, studyId);
  await eventually(() => hospital.heldDocuments === 1);
  await expect(give()).rejects.toMatchObject({ code: 'TRANSFER_UNFINISHED' });
  expect((await hospital.source.transfers()).at(-1)).toMatchObject({ state: 'begun', received: undefined });
  // Held again after each chunk.
  await eventually(async () => {
    hospital.releaseDocuments();
    return (await hospital.source.transfers()).at(-1)?.state === 'sent';
  });
  expect(await asked).toMatch(/^served /);
  expect(decodeTransferReceipt(await give())).toBeDefined();
});

// Regression: it stayed `begun`, and its recipient never got a receipt.
test('a source that was killed between the last byte and its record of it signs for what the recipient signed for', async () => {
  const practice = await signerOf('practice');
  await allow(ledger, patient, practice.publicKey);
  await ledger.finalize();
  await eventually(() => hospital.source.view.head.height === ledger.height);
  hospital.holdDocuments();
  const asked = ask(hospital, practice, toHex(patient.disclosure.studyId));
  await eventually(() => hospital.heldDocuments === 1);
  // All that a killed process leaves is its database.
  const killed = hospital.source;
  const source = await hospital.openSource();
  const [begun] = await source.transfers();
  if (begun === undefined) throw new Error('a transfer began');
  expect(begun.state).toBe('begun');
  const about = { ...begun, chainId: ledger.chainId, source: patient.disclosure.source, atMs: 1 };
  const give = async (changes: object): Promise<Uint8Array> =>
    source.exchangeReceipts(await createTransferReceipt({ ...about, side: 'recipient', ...changes }, practice));
  await expect(give({ bytes: begun.bytes - 1 })).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
  await expect(give({ content: randomBytes(32) })).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
  expect(await source.transfers()).toMatchObject([{ state: 'begun', given: undefined }]);
  const ours = decodeTransferReceipt(await give({}));
  await verifyTransferReceipt(ours, { key: source.signingKey, about: { ...about, side: 'source' } });
  expect(await source.transfers()).toMatchObject([{ state: 'sent' }]);
  await hospital.listener.close(0);
  hospital.releaseDocuments();
  await expect(asked).rejects.toThrow();
  await killed.close();
});

// Regression: a recipient that took the same document by DICOMweb could not get a receipt for it.
test('the file-set by DICOMweb is receipted as by ITI-43', async () => {
  const practice = await signerOf('practice');
  await allow(ledger, patient, practice.publicKey);
  await ledger.finalize();
  await eventually(() => hospital.source.view.head.height === ledger.height);
  const { source, studyId } = patient.disclosure;
  const seen = await look(hospital, practice, `/dicom-web/studies/${toHex(studyId)}/file-set`);
  expect(seen.status).toBe(200);
  await eventually(async () => (await hospital.source.transfers())[0]?.state === 'sent');
  const [sent] = await hospital.source.transfers();
  expect(sent).toMatchObject({ bytes: seen.body.length, recipientKey: practice.publicKey });
  const about = { ...(sent as NonNullable<typeof sent>), chainId: ledger.chainId, source };
  const receipt = await createTransferReceipt({ ...about, side: 'recipient', atMs: 1 }, practice);
  const theirs = decodeTransferReceipt(await hospital.source.exchangeReceipts(receipt));
  await verifyTransferReceipt(theirs, { key: hospital.source.signingKey, about: { ...about, side: 'source' } });
});

// Regression: it signed within the moment in which its record was written, and for an answer whose break it could not write down.
test('a source signs for nothing that it has not seen leave whole, whatever its disk does', async () => {
  const practice = await signerOf('practice');
  const kept = await openExchangeStore({
    database: new MemoryLevel<string, Uint8Array>(),
    secretBox: createSecretBox(new Uint8Array(32)),
  });
  let afterCommit: () => Promise<void> = () => Promise.resolve();
  let isFull = false;
  const store: ExchangeStore = {
    ...kept,
    async commit(changes) {
      if (isFull) throw new Error('the disk is full');
      await kept.commit(changes);
      await afterCommit();
    },
  };
  const { chainId } = ledger;
  const identity = { chainId, source: patient.disclosure.source, signer: hospital.signer };
  const transfers = createTransfers({ store, lock: createKeyedLock(), identity, now: () => 1 });
  const id32 = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
  const transfer = {
    studyId: id32(1),
    content: id32(2),
    requestDigest: id32(3),
    recipientKey: practice.publicKey,
    bytes: 7,
  };
  const about = { ...transfer, chainId, source: identity.source, atMs: 1 };
  const receipt = await createTransferReceipt({ ...about, side: 'recipient' }, practice);
  afterCommit = () =>
    expect(transfers.exchangeReceipts(receipt)).rejects.toMatchObject({ code: 'TRANSFER_UNFINISHED' });
  const end = await transfers.begin(transfer);
  afterCommit = () => Promise.resolve();
  isFull = true;
  await expect(end(false)).rejects.toThrow('the disk is full');
  isFull = false;
  await expect(transfers.exchangeReceipts(receipt)).rejects.toMatchObject({ code: 'TRANSFER_UNFINISHED' });
});
