import { createOwnerRequest, generateSealingKeyPair, openClaimReply, openOwnerReply } from '@radledger/handover';
import { createDeskClient, createGatewayClient, createOperatorClient } from '@radledger/client';
import type { OrderNotice, OrderOrigin } from '@radledger/imaging';
import { toHex } from '@radledger/primitives';
import { verifyWellKnown } from '@radledger/handover';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type BoundListener, bindHttp, createOperatorApi, createPatientApi } from '../src/http/index.js';
import { eventually, TestHospital } from './test-hospital.js';
import { signerOf } from './test-ledger.js';
import { DAY_MS, noticeFor, prepareClaim, publishedStudy } from './test-patient.js';

const TOKEN = 'a token of the operator, 32 chars';
let hospital: TestHospital;
let api: BoundListener;
let operator: BoundListener;
let notices: OrderNotice[];

beforeEach(async () => {
  hospital = await TestHospital.open();
  api = await bindHttp({ host: '127.0.0.1', port: 0 });
  operator = await bindHttp({ host: '127.0.0.1', port: 0 });
  await hospital.source.close();
  notices = [];
  const origin: OrderOrigin = {
    name: 'test',
    async look(take) {
      for (const notice of notices) await take(notice);
      return { refused: 0, code: undefined };
    },
  };
  const source = await hospital.openSource({ gatewayApi: api.url, orders: { origins: [origin] } });
  const recipient = await hospital.openRecipient({ gatewayApi: api.url });
  const { chainId } = hospital.ledger;
  const signer = await signerOf('hospital');
  const shared = { source, recipient, chainId };
  api.mount(
    createPatientApi({
      ...shared,
      signer,
      gatewayApi: api.url,
      privacyContact: 'privacy@hospital.example',
      requestsPerMinute: 100,
      refusedPerMinute: 80,
    }),
  );
  operator.mount(createOperatorApi({ ...shared, bearerToken: TOKEN, tlsPins: () => [hospital.tlsPin] }));
});

afterEach(async () => {
  await api.close(0);
  await operator.close(0);
  await hospital.close();
});

const post = (path: string, body: Uint8Array, type = 'application/octet-stream'): Promise<Response> =>
  fetch(api.url + path, { method: 'POST', body: new Uint8Array(body), headers: { 'content-type': type } });
const codeOf = async (response: Response): Promise<[number, string]> => [
  response.status,
  ((await response.json()) as { error: { code: string } }).error.code,
];
const operate = (path: string, init: { method?: string; body?: unknown; token?: string } = {}): Promise<Response> =>
  fetch(operator.url + path, {
    method: init.method ?? 'GET',
    headers: { authorization: `Bearer ${init.token ?? TOKEN}`, 'content-type': 'application/json' },
    ...(init.body === undefined ? {} : { body: JSON.stringify(init.body) }),
  });

describe('patient-facing', () => {
  test('the well-known document is signed by the source, and open to every origin', async () => {
    const document = await createGatewayClient({ url: api.url }).wellKnown();
    await verifyWellKnown(document, hospital.source.signingKey);
    expect(document).toMatchObject({ api: api.url, privacyContact: 'privacy@hospital.example' });
    const { headers } = await fetch(`${api.url}/.well-known/radledger`);
    expect(headers.get('access-control-allow-origin')).toBe('*');
    expect(headers.get('access-control-allow-credentials')).toBeNull();
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('set-cookie')).toBeNull();
    const preflight = await fetch(`${api.url}/v1/claims`, { method: 'OPTIONS' });
    expect(preflight.status).toBe(204);
  });

  test('50 GET and HEAD requests leave an invitation claimable; a claim over HTTP is answered', async () => {
    const studyInstanceUid = await hospital.studyInstanceUid();
    const invitation = await hospital.source.invite({ studyInstanceUid, label: 'MRI, head' });
    const { claim, sealingKeyPair } = await prepareClaim(invitation, await signerOf('patient'));
    for (let i = 0; i < 25; i++) {
      expect(await codeOf(await fetch(`${api.url}/v1/claims`))).toEqual([404, 'NOT_FOUND']);
      expect((await fetch(`${api.url}/v1/claims`, { method: 'HEAD' })).status).toBe(404);
    }
    const sealed = await createGatewayClient({ url: api.url }).claim(claim);
    const { signingKey } = hospital.source;
    const { disclosure } = await openClaimReply({ claim, sealed, sealingKeyPair, signingKey });
    expect(disclosure).toMatchObject({ label: 'MRI, head', identity: { checkedBy: 'photo-id' } });
  });

  test('an app of an earlier version, which asks for no format, is given the first', async () => {
    const studyInstanceUid = await hospital.studyInstanceUid();
    const invitation = await hospital.source.invite({ studyInstanceUid, label: 'MRI, head' });
    const { claim, sealingKeyPair } = await prepareClaim(invitation, await signerOf('patient'));
    const sealed = new Uint8Array(await (await post('/v1/claims', claim)).arrayBuffer());
    const { signingKey } = hospital.source;
    const { disclosure } = await openClaimReply({ claim, sealed, sealingKeyPair, signingKey });
    expect(disclosure).toMatchObject({ label: 'MRI, head' });
    expect(disclosure.identity).toBeUndefined();
  });

  test('a wrong code tells how many tries are left', async () => {
    const studyInstanceUid = await hospital.studyInstanceUid();
    const invitation = await hospital.source.invite({ studyInstanceUid, label: 'MRI, head' });
    const other = String((Number(invitation.code) + 1) % 1_000_000).padStart(6, '0');
    const { claim } = await prepareClaim(invitation, await signerOf('patient'), other);
    const response = await post('/v1/claims', claim);
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ error: { code: 'WRONG_CODE', triesLeft: 4 } });
  });

  test('bad input is coded', async () => {
    expect(await codeOf(await post('/v1/claims', new Uint8Array(9000)))).toEqual([413, 'TOO_LARGE']);
    expect(await codeOf(await post('/v1/claims', new Uint8Array(9)))).toEqual([400, 'MALFORMED_CLAIM']);
    expect(await codeOf(await post('/v1/claims', new Uint8Array(9), 'text/plain'))).toEqual([400, 'MALFORMED_REQUEST']);
    expect(await codeOf(await post('/v1/claims', new Uint8Array(0)))).toEqual([400, 'MALFORMED_REQUEST']);
    expect(await codeOf(await post('/v1/study-secrets', new Uint8Array(9)))).toEqual([400, 'MALFORMED_REQUEST']);
    expect(await codeOf(await post('/v1/access-logs', new Uint8Array(9)))).toEqual([400, 'MALFORMED_REQUEST']);
    expect(await codeOf(await post('/v1/boxes/%ff', new Uint8Array(9)))).toEqual([400, 'MALFORMED_REQUEST']);
    expect(await codeOf(await post(`/v1/boxes/${'0'.repeat(32)}`, new Uint8Array(9)))).toEqual([404, 'BOX_UNKNOWN']);
    expect(await codeOf(await post('/v1/owner-requests', new Uint8Array(9)))).toEqual([400, 'MALFORMED_REQUEST']);
    expect(await codeOf(await post('/v1/owner-requests', new Uint8Array(4097)))).toEqual([413, 'TOO_LARGE']);
    const box = `/v1/mailboxes/${'0'.repeat(32)}`;
    expect(await codeOf(await post(box, new Uint8Array(9)))).toEqual([404, 'MAILBOX_UNKNOWN']);
    expect(await codeOf(await post(box, new Uint8Array(2049)))).toEqual([413, 'TOO_LARGE']);
    expect(await codeOf(await fetch(api.url + box))).toEqual([404, 'MAILBOX_UNKNOWN']);
    expect(await codeOf(await post('/v1/nothing', new Uint8Array(9)))).toEqual([404, 'NOT_FOUND']);
  });

  test('one address may ask 100 times a minute here', async () => {
    const statuses = [];
    for (let i = 0; i < 101; i++) statuses.push((await fetch(`${api.url}/.well-known/radledger`)).status);
    expect(statuses.slice(0, 100).every((status) => status === 200)).toBe(true);
    expect(statuses[100]).toBe(429);
  });

  test('what is refused is counted apart: 80 a minute here; what is answered, or fails here, takes nothing of that', async () => {
    for (let i = 0; i < 10; i++) await fetch(`${api.url}/.well-known/radledger`);
    const statuses = [];
    for (let i = 0; i < 81; i++) statuses.push((await post('/v1/claims', new Uint8Array(9))).status);
    expect(statuses).toEqual([...Array<number>(80).fill(400), 429]);
  });
});

describe('desk', () => {
  test('replaces access, which the old key stops; ends a study; and the privacy office sees both', async () => {
    const patient = await publishedStudy(hospital);
    const studyInstanceUid = await hospital.studyInstanceUid();
    const desk = createDeskClient({ url: operator.url, bearerToken: TOKEN });
    const gateway = createGatewayClient({ url: api.url });
    expect(await desk.standingLinks()).toEqual([]);
    const noLink = { info: { reason: 'NO_STANDING_LINK' } };
    await expect(desk.setStandingLink({ linkId: '0'.repeat(32), state: 'paused' })).rejects.toMatchObject({
      info: { reason: 'NOT_FOUND' },
    });
    const replaced = await desk.replaceAccess({ studyInstanceUid, identityCheckedBy: 'photo-id' });
    const { claim } = await prepareClaim(replaced, await signerOf('new phone'));
    await expect(gateway.claim(claim)).rejects.toMatchObject({
      info: { status: 409, reason: 'NOT_YET', availableAtMs: replaced.availableAtMs },
    });
    const sealingKeyPair = await generateSealingKeyPair();
    const request = await createOwnerRequest({
      chainId: hospital.ledger.chainId,
      source: hospital.source.source,
      studyId: patient.disclosure.studyId,
      signer: patient.owner,
      sealingKey: sealingKeyPair.publicKey,
      timeMs: hospital.ledger.nowMs,
      order: { kind: 'stop-replacement' },
    });
    const sealed = await gateway.ownerRequest(request);
    const { signingKey } = hospital.source;
    const { reply } = await openOwnerReply({ request, sealed, sealingKeyPair, signingKey });
    expect(reply).toMatchObject({ link: 'none', replacement: undefined });
    await expect(desk.cancelReplacement(studyInstanceUid)).rejects.toMatchObject({
      info: { reason: 'NO_REPLACEMENT' },
    });
    await expect(desk.send({ studyInstanceUid })).rejects.toMatchObject({ info: { reason: 'STUDY_TAKEN' } });
    await desk.wrongPatient(studyInstanceUid);
    const entries = await desk.privacyOffice();
    expect(entries.map(({ kind, by }) => [kind, by])).toEqual([
      ['replacement-asked', 'desk'],
      ['replacement-stopped', 'owner'],
      ['wrong-patient', 'desk'],
    ]);
    const [first] = entries as [(typeof entries)[0]];
    await desk.closeEntry(first.entryId);
    expect((await desk.privacyOffice())[0]?.closedAtMs).toBe(hospital.ledger.nowMs);
    await hospital.finalizeUntil(async () => (await hospital.stateOfStudy()) === 'retired');
    await expect(desk.send({ studyInstanceUid, label: 'MRI, head' })).rejects.toMatchObject(noLink);
    expect(await desk.standingLink(studyInstanceUid)).toBeNull();
  });

  test('prints an invitation as long as it can be claimed', async () => {
    const studyInstanceUid = await hospital.studyInstanceUid();
    const { source } = hospital;
    const { invitationId, ...invitation } = await source.invite({ studyInstanceUid, label: 'MRI, head' });
    const desk = createDeskClient({ url: operator.url, bearerToken: TOKEN });
    for (const part of ['invitation', 'code'] as const) {
      const sheet = await desk.invitationSheet({ invitationId, language: 'de', part });
      expect(Buffer.from(sheet.subarray(0, 5)).toString()).toBe('%PDF-');
    }
    const path = `/v1/invitations/${invitationId}/sheet`;
    expect(await codeOf(await operate(`${path}?language=xx`))).toEqual([400, 'MALFORMED_REQUEST']);
    expect(await codeOf(await operate(`${path}?part=both`))).toEqual([400, 'MALFORMED_REQUEST']);
    expect(await codeOf(await operate('/v1/invitations/x/sheet'))).toEqual([404, 'INVITATION_UNKNOWN']);
    const { claim } = await prepareClaim(invitation, await signerOf('patient'));
    await source.claim(claim);
    expect(await codeOf(await operate(path))).toEqual([409, 'INVITATION_CLAIMED']);
  });
});

describe('operator', () => {
  test('nothing without the token', async () => {
    for (const path of ['/v1/status', '/v1/studies', '/v1/worklist', '/v1/nothing']) {
      expect(await codeOf(await operate(path, { token: 'x' }))).toEqual([401, 'UNAUTHORIZED']);
      expect(await codeOf(await fetch(operator.url + path))).toEqual([401, 'UNAUTHORIZED']);
    }
  });

  test('defines the source, invites, requests, and watches a request', async () => {
    const client = createOperatorClient({ url: operator.url, bearerToken: TOKEN });
    expect((await client.status()).source).toMatchObject({ state: 'undefined' });
    await client.defineSource({ name: 'City Hospital', ...(await hospital.ledger.keyProofs()) });
    expect((await client.status()).source).toMatchObject({ state: 'submitted' });
    await hospital.ledger.finalize();
    await eventually(async () => (await client.status()).source?.state === 'defined');
    const again = { name: 'City Hospital', ...(await hospital.ledger.keyProofs()) };
    await expect(client.defineSource(again)).rejects.toMatchObject({ info: { reason: 'SOURCE_DEFINED' } });
    await client.moveSource({ name: 'City Hospital, North' });
    await hospital.ledger.finalize();
    expect((await hospital.ledger.source(hospital.source.source))?.endpoint?.name).toBe('City Hospital, North');

    const [study] = await client.studies();
    expect(study).toMatchObject({ state: 'draft', instances: 20, studyId: null });
    const { studyInstanceUid } = study as { studyInstanceUid: string };
    const invited = { studyInstanceUid, label: 'MRI, head', identityCheckedBy: 'portal' } as const;
    expect((await client.invite(invited)).code).toMatch(/^\d{6}$/);
    const told = { state: 'invited', label: 'MRI, head', identityCheckedBy: 'portal' };
    expect((await client.studies())[0]).toMatchObject(told);

    const { ledger } = hospital;
    const request = await client.request({ reason: 'second opinion', wantedUntilMs: ledger.nowMs + DAY_MS });
    expect(await client.requestState(request.requestId)).toMatchObject({ state: 'waiting', retrievals: [] });
    const gone = new AbortController();
    const states = client.watchRequest(request.requestId, { signal: gone.signal })[Symbol.asyncIterator]();
    expect((await states.next()).value).toMatchObject({ state: 'waiting', retrievals: [] });
    const disclosure = await disclosureOf(studyInstanceUid);
    const patient = { owner: await signerOf('patient'), disclosure };
    const { boxId, sealed } = await noticeFor(ledger, patient, request.link);
    await createGatewayClient({ url: api.url }).leaveNotice(boxId, sealed);
    expect((await states.next()).value).toMatchObject({ state: 'waiting', retrievals: [{ label: 'MRI, head' }] });
    gone.abort();
    await states.return?.();
    await expect(client.fetchRequest(request.requestId)).rejects.toMatchObject({
      info: { reason: 'NOTHING_TO_FETCH' },
    });
  });

  test('the worklist shows orders beside studies, and the status how their origins do', async () => {
    const patient = { name: 'Doe, Jane', id: '7', birthDate: undefined };
    const named = {
      accession: { number: 'A-1', issuer: undefined },
      patient,
      modality: 'MR',
      scheduledAt: '2026-11-29',
    };
    const studyInstanceUid = await hospital.studyInstanceUid();
    notices.push({ order: { ...named, studyInstanceUid, description: 'MRI, head' }, isCancelled: false });
    const next = { ...named, accession: { number: 'A-2', issuer: 'RIS' }, studyInstanceUid: undefined };
    notices.push({ order: { ...next, description: 'CT, head' }, isCancelled: false });
    const client = createOperatorClient({ url: operator.url, bearerToken: TOKEN });
    expect((await client.status()).orders).toEqual({
      kept: 0,
      origins: [{ name: 'test', lookedAtMs: null, code: null, reason: null, refused: 0 }],
    });
    await hospital.source.lookForOrders();
    expect((await client.status()).orders).toMatchObject({ kept: 2, origins: [{ code: null }] });
    const [study, expected] = await client.worklist();
    expect(study).toMatchObject({ studyInstanceUid, state: 'draft', instances: 20 });
    expect(study?.orders).toEqual([
      {
        accessionNumber: 'A-1',
        accessionIssuer: null,
        studyInstanceUid,
        patientName: 'Doe, Jane',
        patientId: '7',
        birthDate: null,
        description: 'MRI, head',
        modality: 'MR',
        scheduledAt: '2026-11-29',
      },
    ]);
    expect(expected).toMatchObject({ state: 'expected', studyInstanceUid: null, instances: 0, studyId: null });
    expect(expected?.orders).toMatchObject([{ accessionNumber: 'A-2', accessionIssuer: 'RIS' }]);
    const filtered = (await (await operate('/v1/worklist?state=expected')).json()) as { entries: unknown[] };
    expect(filtered.entries).toHaveLength(1);
    expect(JSON.stringify(await (await operate('/v1/status')).json())).not.toMatch(/Doe|A-1/);
    expect(JSON.stringify(await (await operate('/v1/studies')).json())).not.toMatch(/Doe|A-1/);
  });

  test('bad input is coded', async () => {
    const code = async (path: string, body: unknown) => codeOf(await operate(path, { method: 'POST', body }));
    expect(await code('/v1/invitations', { studyInstanceUid: '1.2', label: 'x', name: 'Jane' })).toEqual([
      400,
      'MALFORMED_REQUEST',
    ]);
    expect(await code('/v1/invitations', { studyInstanceUid: '1.2' })).toEqual([400, 'MALFORMED_REQUEST']);
    expect(await code('/v1/invitations', { studyInstanceUid: '../etc', label: 'x' })).toEqual([
      400,
      'MALFORMED_REQUEST',
    ]);
    expect(await code('/v1/invitations', { studyInstanceUid: '1.2', label: 'x' })).toEqual([404, 'STUDY_NOT_FOUND']);
    expect(await code('/v1/invitations', [])).toEqual([400, 'MALFORMED_REQUEST']);
    const studyInstanceUid = await hospital.studyInstanceUid();
    expect(await code('/v1/invitations', { studyInstanceUid, label: 'a\u202eb' })).toEqual([400, 'TEXT_REFUSED']);
    const guessed = { studyInstanceUid, label: 'x', identityCheckedBy: 'birthday' };
    expect(await code('/v1/invitations', guessed)).toEqual([400, 'MALFORMED_REQUEST']);
    expect(await code(`/v1/studies/${studyInstanceUid}/retire`, { reasonClass: 9 })).toEqual([
      400,
      'MALFORMED_REQUEST',
    ]);
    expect(await code(`/v1/studies/${studyInstanceUid}/retire`, { reasonClass: 0 })).toEqual([409, 'NOT_PUBLISHED']);
    expect(await code(`/v1/studies/${studyInstanceUid}/amend`, {})).toEqual([409, 'NOT_PUBLISHED']);
    expect(await code('/v1/source/move', { name: 'x' })).toEqual([409, 'SOURCE_NOT_DEFINED']);
    expect(await code('/v1/requests', { reason: 'x', wantedUntilMs: -1 })).toEqual([400, 'MALFORMED_REQUEST']);
    expect(await codeOf(await operate('/v1/requests/nope'))).toEqual([404, 'REQUEST_UNKNOWN']);
    const wanted = { reason: 'x', wantedUntilMs: 1 };
    for (const patient of [null, 'Jane', { name: 'Doe^Jane' }, { name: 'A', id: 'B', sex: 'female' }]) {
      expect(await code('/v1/requests', { ...wanted, patient })).toEqual([400, 'MALFORMED_REQUEST']);
    }
    for (const patient of [
      { name: 'A', id: 'B\\C' },
      { name: 'A', id: 'B', birthDate: '1970' },
    ]) {
      expect(await code('/v1/requests', { ...wanted, patient })).toEqual([400, 'LOCAL_PATIENT_REFUSED']);
    }
    for (const id of ['nope', '..%2F..', `${'0'.repeat(32)}.${'0'.repeat(64)}`]) {
      expect(await codeOf(await operate(`/v1/quarantine/${id}`))).toEqual([404, 'NOT_IN_QUARANTINE']);
      expect(await code(`/v1/quarantine/${id}/discard`, {})).toEqual([404, 'NOT_IN_QUARANTINE']);
      expect(await code(`/v1/quarantine/${id}/file`, { patient: 'as-sent' })).toEqual([404, 'NOT_IN_QUARANTINE']);
    }
    expect(await code('/v1/quarantine/nope/file', {})).toEqual([400, 'MALFORMED_REQUEST']);
    const broken = await fetch(`${operator.url}/v1/requests`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      body: '{',
    });
    expect(await codeOf(broken)).toEqual([400, 'MALFORMED_REQUEST']);
  });
});

/** What a patient's app would have learned by claiming. */
async function disclosureOf(studyInstanceUid: string) {
  const { source } = hospital;
  const invitation = await source.invite({ studyInstanceUid, label: 'MRI, head' });
  const { claim, sealingKeyPair } = await prepareClaim(invitation, await signerOf('patient'));
  const sealed = await source.claim(claim);
  return (await openClaimReply({ claim, sealed, sealingKeyPair, signingKey: source.signingKey })).disclosure;
}

test('what was not mounted yet answers 503', async () => {
  const early = await bindHttp({ host: '127.0.0.1', port: 0 });
  expect((await fetch(early.url)).status).toBe(503);
  await early.close(0);
  expect(toHex(hospital.tlsPin)).toHaveLength(64);
});
