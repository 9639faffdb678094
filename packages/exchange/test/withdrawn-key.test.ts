// Goal: a recipient whose key is lost makes it worthless everywhere, and nobody else can. Method: a hospital and a practice over real TLS.
import { createKeyWithdrawal } from '@radledger/handover';
import { toHex } from '@radledger/primitives';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createIti43Handler, createPatientApi } from '../src/http/index.js';
import type { ImageRecipient } from '../src/recipient/index.js';
import { ask } from './test-consumer.js';
import { TestHospital } from './test-hospital.js';
import { signerOf } from './test-ledger.js';
import { allow, DAY_MS, noticeFor, publishedStudy, type TestPatient } from './test-patient.js';

let hospital: TestHospital;
let patient: TestPatient;
let recipient: ImageRecipient;
let requestId: string;
let studyId: string;

beforeEach(async () => {
  hospital = await TestHospital.open();
  patient = await publishedStudy(hospital);
  studyId = toHex(patient.disclosure.studyId);
  await mount();
  recipient = await hospital.openRecipient();
  const request = await recipient.request({ reason: 'second opinion', wantedUntilMs: hospital.ledger.nowMs + DAY_MS });
  ({ requestId } = request);
  const { sealed } = await noticeFor(hospital.ledger, patient, request.link, {});
  await recipient.takeNotice(requestId, sealed);
  await allow(hospital.ledger, patient, recipient.recipientKey);
  await hospital.finalizeUntil(
    async () => (await recipient.requestStatus(requestId)).retrievals[0]?.state === 'allowed',
  );
});
afterEach(() => hospital.close());

/** What a gateway serves at its base URL. */
async function mount(): Promise<void> {
  const { source, ledger } = hospital;
  const signer = await signerOf('hospital');
  const otherPaths = createPatientApi({ source, signer, chainId: ledger.chainId, gatewayApi: 'http://127.0.0.1:1' });
  hospital.listener.mount(createIti43Handler({ source, otherPaths }));
}

const practice = async (): Promise<string> => ask(hospital, await signerOf('practice'), studyId);
const withdrawnKeys = async (): Promise<number> =>
  (await hospital.sourceDatabase.keys({ gte: 'withdrawn-key/', lt: 'withdrawn-key/~' }).all()).length;

test('a key that is withdrawn is refused like one without a grant, also after a restart; its holder asks for nothing more', async () => {
  expect(await practice()).toMatch(/^served/);
  expect(await recipient.withdrawKey()).toEqual({ told: 1, left: [] });
  expect(await practice()).toBe('XDSDocumentUniqueIdError');
  expect(await ask(hospital, patient.owner, studyId)).toMatch(/^served/);
  await expect(recipient.fetch(requestId)).rejects.toMatchObject({ code: 'KEY_WITHDRAWN' });
  const again = { reason: 'x', wantedUntilMs: hospital.ledger.nowMs + DAY_MS };
  await expect(recipient.request(again)).rejects.toMatchObject({ code: 'KEY_WITHDRAWN' });
  await hospital.source.close();
  await hospital.openSource();
  await mount();
  expect(await practice()).toBe('XDSDocumentUniqueIdError');
});

test('a source that is away is named, and told by the next try', async () => {
  await hospital.listener.close(0);
  const { left } = await recipient.withdrawKey();
  expect(left).toMatchObject([{ source: hospital.source.source }]);
  await hospital.moveListener();
  await mount();
  // Another TLS key than the ledger names: the statement does not leave.
  expect((await recipient.withdrawKey()).left).toMatchObject([{ code: 'PIN_MISMATCH' }]);
});

test('strangers can neither withdraw the key of another nor fill the store', async () => {
  const { ledger, source } = hospital;
  const stranger = await signerOf('stranger');
  const own = await createKeyWithdrawal({ chainId: ledger.chainId, signer: stranger });
  await source.withdrawKey(own, patient.disclosure.studyId);
  await source.withdrawKey(own, new Uint8Array(32).fill(9));
  expect(await withdrawnKeys()).toBe(0);
  const theirs = await createKeyWithdrawal({ chainId: ledger.chainId, signer: await signerOf('practice') });
  const forged = Uint8Array.from(own);
  const at = Buffer.from(forged).indexOf(Buffer.from(stranger.publicKey));
  forged.set((await signerOf('practice')).publicKey, at);
  await expect(source.withdrawKey(forged, patient.disclosure.studyId)).rejects.toMatchObject({
    code: 'SIGNATURE_INVALID',
  });
  const elsewhere = await createKeyWithdrawal({ chainId: new Uint8Array(32), signer: await signerOf('practice') });
  await expect(source.withdrawKey(elsewhere, patient.disclosure.studyId)).rejects.toMatchObject({
    code: 'MALFORMED_REQUEST',
  });
  await expect(source.withdrawKey(theirs.subarray(1), patient.disclosure.studyId)).rejects.toMatchObject({
    code: 'MALFORMED_REQUEST',
  });
  expect(await practice()).toMatch(/^served/);
  await source.withdrawKey(theirs, patient.disclosure.studyId);
  expect(await withdrawnKeys()).toBe(1);
});
