// Goal: nothing is disclosed or filed without a record, on either side. Method: a hospital, a practice and their audits over real TLS.
import { signRequest } from '@radledger/iti43/client';
import { randomBytes, toHex } from '@radledger/primitives';
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AuditEvent } from '../src/audit/index.js';
import { createIti43Handler } from '../src/http/index.js';
import { ask, post, retrieve, signedMessage } from './test-consumer.js';
import { eventually, TestHospital } from './test-hospital.js';
import { signerOf } from './test-ledger.js';
import { allow, DAY_MS, noticeFor, publishedStudy, type TestPatient } from './test-patient.js';

let hospital: TestHospital;
let patient: TestPatient;
let studyId: string;

beforeEach(async () => {
  hospital = await TestHospital.open();
  patient = await publishedStudy(hospital);
  studyId = toHex(patient.disclosure.studyId);
});
afterEach(() => hospital.close());

/** A practice whose request for the study is allowed, and not fetched yet. */
async function allowedRequest() {
  const recipient = await hospital.openRecipient();
  const request = await recipient.request({ reason: 'second opinion', wantedUntilMs: hospital.ledger.nowMs + DAY_MS });
  const { sealed } = await noticeFor(hospital.ledger, patient, request.link, {});
  await recipient.takeNotice(request.requestId, sealed);
  await allow(hospital.ledger, patient, recipient.recipientKey);
  const state = async () => (await recipient.requestStatus(request.requestId)).retrievals[0]?.state;
  await hospital.finalizeUntil(async () => (await state()) === 'allowed');
  return { recipient, requestId: request.requestId, state };
}

const shape = ({ side, phase, outcome, code, basis }: AuditEvent): string =>
  [side, phase, outcome, code ?? basis ?? ''].join(' ').trim();

test('what is served is recorded before it leaves and when it has left', async () => {
  const answer = await ask(hospital, patient.owner, studyId);
  await eventually(() => hospital.audited.length === 2);
  expect(hospital.audited.map(shape)).toEqual(['source begun success owner', 'source ended success owner']);
  const [begun, ended] = hospital.audited;
  expect(ended).toMatchObject({
    id: begun?.id,
    endpointUrl: hospital.source.endpointUrl,
    reader: toHex(patient.owner.publicKey),
    standing: 'fresh',
    documents: [{ documentUniqueId: studyId, repositoryUniqueId: toHex(hospital.source.source) }],
  });
  expect(`served ${ended?.bytes}`).toBe(answer);
  // Her own address beside her study's name could never be erased again.
  expect(hospital.audited.some((event) => 'peerAddress' in event)).toBe(false);
});

test('the address of whom she let in is recorded', async () => {
  const practice = await signerOf('practice');
  await allow(hospital.ledger, patient, practice.publicKey);
  await hospital.ledger.finalize();
  await eventually(() => hospital.source.view.head.height === hospital.ledger.height);
  expect(await ask(hospital, practice, studyId)).toMatch(/^served/);
  await eventually(() => hospital.audited.length === 2);
  expect(hospital.audited.map(({ peerAddress }) => peerAddress)).toEqual(['127.0.0.1', '127.0.0.1']);
});

test('refusals are recorded, alike for an unknown study and one that is not allowed, without a text of the sender', async () => {
  const stranger = await signerOf('stranger');
  for (const id of [toHex(randomBytes(32)), studyId, 'Jane Roe 1970-01-01']) await ask(hospital, stranger, id);
  expect(hospital.audited.map(shape)).toEqual(Array(3).fill('source refused failure XDSDocumentUniqueIdError'));
  expect(JSON.stringify(hospital.audited)).not.toContain('Jane');
  expect(hospital.audited[2]?.documents[0]?.documentUniqueId).toMatch(/^sha256:[0-9a-f]{64}$/);
});

test('a reader who goes away is recorded as one who did not get it', async () => {
  const result = await retrieve(hospital, patient.owner, studyId);
  for await (const document of result.documents) {
    for await (const _ of document.content) break;
    break;
  }
  result.close();
  await eventually(() => hospital.audited.length === 2);
  // The whole study may have been on its way before the connection ended.
  expect(hospital.audited.map(({ phase }) => phase)).toEqual(['begun', 'ended']);
});

test('a grant that ends before its turn comes is recorded as refused', async () => {
  const documents = [{ repositoryUniqueId: toHex(hospital.source.source), documentUniqueId: studyId }];
  const request = { signer: toHex(patient.owner.publicKey), messageId: 'urn:uuid:1', documents };
  const [answer] = await hospital.source.repository.retrieve(request);
  if (answer?.kind !== 'document') throw new Error('expected a document');
  await hospital.source.retire(patient.disclosure.studyInstanceUid, 'wrong-patient');
  const read = async (): Promise<void> => {
    for await (const _ of answer.open()) throw new Error('a byte left');
  };
  await expect(read()).rejects.toMatchObject({ code: 'GRANT_NOT_LIVE' });
  expect(hospital.audited.map(shape)).toEqual(['source refused failure GRANT_NOT_LIVE']);
  expect(hospital.audited[0]?.documents).toEqual(documents);
});

describe('many refusals', () => {
  const stranger = (index: number) => ({
    signer: index.toString(16).padStart(64, '0'),
    messageId: `urn:uuid:${index}`,
    documents: [{ repositoryUniqueId: toHex(hospital.source.source), documentUniqueId: studyId }],
  });

  test('strangers cannot fill the audit: beyond 60 a minute they are counted, with those whose signature does not hold', async () => {
    for (let index = 1; index <= 100; index += 1) {
      await hospital.source.repository.retrieve(stranger(index));
    }
    const text = Buffer.from(await signedMessage(hospital, await signerOf('stranger'), studyId)).toString('utf8');
    expect((await post(hospital, Buffer.from(text.replace(studyId, '0'.repeat(64))))).status).toBeGreaterThanOrEqual(
      400,
    );
    await hospital.source.close();
    expect(hospital.audited).toHaveLength(61);
    expect(hospital.audited.at(-1)).toMatchObject({ phase: 'refused', code: 'FURTHER_REFUSALS', refusals: 41 });
    await hospital.openSource();
  });

  test('one key may ask so often a minute, whatever it may read', async () => {
    await hospital.source.close();
    await hospital.openSource({ requestsPerMinute: 2 });
    const answers: string[] = [];
    for (let index = 0; index < 3; index += 1) answers.push(await ask(hospital, patient.owner, studyId));
    expect(answers[2]).toBe('XDSRepositoryBusy');
    expect(await ask(hospital, await signerOf('stranger'), studyId)).toBe('XDSDocumentUniqueIdError');
    hospital.ledger.nowMs += 60_000;
    await hospital.ledger.finalize();
    await eventually(
      () => hospital.source.view.head.height === hospital.ledger.height && hospital.source.view.isUsable(),
    );
    expect(await ask(hospital, patient.owner, studyId)).toMatch(/^served/);
  });

  // Regression: requests of one address were counted whatever their size: six hundred of 270 KB keep a core busy for minutes.
  test('one address may send so many bytes a minute to be verified', async () => {
    const { source } = hospital;
    const otherPaths = (_request: unknown, response: ServerResponse): void => void response.writeHead(404).end();
    const mount = (requestBytesMax: number): void => {
      const limits = { requestBytesMax };
      hospital.listener.mount(createIti43Handler({ source, otherPaths, requestsPerMinute: 4, limits }));
    };
    mount(65_536);
    const repositoryUniqueId = toHex(source.source);
    const { envelope } = await signRequest({
      endpointUrl: source.endpointUrl,
      documents: Array.from({ length: 220 }, () => ({ repositoryUniqueId, documentUniqueId: '00'.repeat(32) })),
      signer: patient.owner,
      now: new Date(hospital.ledger.nowMs),
    });
    expect(await ask(hospital, patient.owner, studyId)).toMatch(/^served/);
    expect((await post(hospital, envelope)).status).toBe(429);
    expect(await ask(hospital, patient.owner, studyId)).toMatch(/^served/);
    // Regression: a request as large as one may be was never within the bytes of few small ones.
    mount(131_072);
    expect(await ask(hospital, patient.owner, studyId)).toMatch(/^served/);
    expect((await post(hospital, envelope)).status).toBe(200);
  });

  test('one address may ask so often a minute, and is not read beyond that', async () => {
    const { source } = hospital;
    const otherPaths = (_request: unknown, response: ServerResponse): void => void response.writeHead(404).end();
    hospital.listener.mount(createIti43Handler({ source, otherPaths, requestsPerMinute: 1 }));
    expect(await ask(hospital, patient.owner, studyId)).toMatch(/^served/);
    await expect(ask(hospital, patient.owner, studyId)).rejects.toMatchObject({ info: { status: 429 } });
  });
});

test('what cannot be recorded is not served', async () => {
  await hospital.source.close();
  await hospital.openSource({ audit: { record: () => Promise.reject(new Error('disk full')) } });
  await expect(ask(hospital, patient.owner, studyId)).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
});

test('both sides record one retrieval under the same request digest', async () => {
  const { recipient, requestId, state } = await allowedRequest();
  await recipient.fetch(requestId);
  await eventually(async () => (await state()) === 'filed');
  await eventually(() => hospital.audited.length === 4);
  expect(hospital.audited.map(shape).sort()).toEqual([
    'recipient begun success',
    'recipient ended success',
    'source begun success grant',
    'source ended success grant',
  ]);
  expect(hospital.audited[0]).toMatchObject({ side: 'recipient', phase: 'begun' });
  expect(new Set(hospital.audited.map(({ requestDigest }) => requestDigest)).size).toBe(1);
  expect(new Set(hospital.audited.map(({ reader }) => reader))).toEqual(new Set([toHex(recipient.recipientKey)]));
  const [atSource, atRecipient] = (['source', 'recipient'] as const).map((side) =>
    hospital.audited.find((event) => event.side === side && event.phase === 'ended'),
  );
  expect(atRecipient?.bytes).toBe(atSource?.bytes);
  expect(atRecipient?.documents).toEqual(atSource?.documents);
});

test('a version that the ledger does not name is recorded as not filed', async () => {
  const { recipient, requestId, state } = await allowedRequest();
  hospital.serveInstead({ newDocumentUniqueId: 'c0'.repeat(32) });
  await recipient.fetch(requestId);
  await eventually(async () => (await state()) === 'failed');
  const ended = hospital.audited.findLast(({ side }) => side === 'recipient');
  expect(ended).toMatchObject({ phase: 'ended', outcome: 'failure', code: 'CONTENT_MISMATCH' });
});
