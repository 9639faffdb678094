/** The operator API of a gateway: loopback, bearer token. Spec: docs/spec/gateway-api.md, section 2. */
import { IDENTITY_CHECKS } from '@radledger/handover';
import type { Order } from '@radledger/imaging';
import { equalBytes, equalSecrets, toHex, utf8 } from '@radledger/primitives';
import express, { type Express, type RequestHandler } from 'express';
import helmet from 'helmet';
import { ExchangeError } from '../errors.js';
import type { LedgerView } from '../ledger-view.js';
import type { ImageRecipient, RequestStatus } from '../recipient/recipient-contract.js';
import type { ReceiptRecord } from '../recipient/receipts.js';
import type { Appointment, ImageSource, WorklistEntry } from '../source/source-contract.js';
import type { OrderOriginState } from '../source/order-look.js';
import type { TransferRecord } from '../source/transfers.js';
import { addDeskRoutes } from './desk-routes.js';
import { hexOf, malformed, membersOf, oneIn, reasonOf, textOf, timeOf, uidOf } from './json-body.js';
import { addQuarantineRoutes, patientOf } from './quarantine-routes.js';
import { errorHandler, sendError } from './replies.js';

export interface OperatorApiOptions {
  readonly source?: ImageSource | undefined;
  readonly recipient?: ImageRecipient | undefined;
  readonly chainId: Uint8Array;
  /** A secret of at least 16 characters. */
  readonly bearerToken: string;
  /** SHA-256 of the SubjectPublicKeyInfo of the TLS keys in use. */
  readonly tlsPins?: () => readonly Uint8Array[];
  /** Whom a patient asks about her data, for printed sheets: one line. */
  readonly privacyContact?: string;
  readonly onFailure?: (error: unknown) => void;
}

const BODY_BYTES_MAX = 65_536;

/** Makes the express app of the operator API. It must be listened to on loopback only. */
export function createOperatorApi(options: OperatorApiOptions): Express {
  const { source, recipient } = options;
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);
  app.use(helmet());
  app.use((_request, response, next) => {
    response.set('Cache-Control', 'no-store');
    next();
  });
  app.use(requireToken(options.bearerToken));
  app.use(express.json({ limit: BODY_BYTES_MAX, inflate: false, strict: true }));

  app.get('/v1/status', async (_request, response) => {
    const view = (source ?? recipient)?.view;
    response.json({
      chainId: toHex(options.chainId),
      node: view === undefined ? null : viewJson(view),
      source: source === undefined ? null : await sourceJson(source, options.tlsPins?.() ?? []),
      recipient: recipient === undefined ? null : { key: toHex(recipient.recipientKey) },
      suspended: source?.suspended ?? 0,
      orders: source === undefined ? null : { ...source.orders, origins: source.orders.origins.map(originJson) },
    });
  });
  app.get('/v1/receipts', async (_request, response) => {
    const [sent, received] = [await source?.transfers(), await recipient?.receipts()];
    response.json({ sent: (sent ?? []).map(sentJson), received: (received ?? []).map(receivedJson) });
  });
  if (source !== undefined) {
    addSourceRoutes(app, source);
    addDeskRoutes(app, source.desk, options.privacyContact ?? '');
  }
  if (recipient !== undefined) {
    addRecipientRoutes(app, recipient);
    addQuarantineRoutes(app, recipient.quarantine);
  }

  app.use((_request, response) =>
    sendError(response, new ExchangeError({ code: 'NOT_FOUND' }, 'there is nothing here')),
  );
  app.use(errorHandler(options.onFailure ?? (() => undefined)));
  return app;
}

function addSourceRoutes(app: Express, source: ImageSource): void {
  app.post('/v1/source/define', async (request, response) => {
    const body = membersOf(request.body, ['name', 'nodeKey', 'nodeProof', 'vrfKey', 'vrfProof']);
    const { txId } = await source.directory.define({
      name: textOf(body.name, 64),
      nodeKey: hexOf(body.nodeKey, 32),
      nodeProof: hexOf(body.nodeProof, 64),
      vrfKey: hexOf(body.vrfKey, 32),
      vrfProof: hexOf(body.vrfProof, 64),
    });
    response.status(202).json({ txId: toHex(txId) });
  });
  app.post('/v1/source/move', async (request, response) => {
    const { name } = membersOf(request.body, ['name']);
    const { txId } = await source.directory.move({ name: textOf(name, 64) });
    response.status(202).json({ txId: toHex(txId) });
  });
  app.get('/v1/studies', async (request, response) => {
    const { state } = request.query;
    if (state !== undefined && typeof state !== 'string') throw malformed('one state');
    const studies = [];
    for await (const entry of source.worklist()) {
      if (state === undefined || entry.state === state) studies.push(studyJson(entry));
    }
    response.json({ studies });
  });
  app.get('/v1/worklist', async (request, response) => {
    const { state } = request.query;
    if (state !== undefined && typeof state !== 'string') throw malformed('one state');
    const entries = [];
    for await (const appointment of source.appointments()) {
      const entry = appointmentJson(appointment);
      if (state === undefined || entry.state === state) entries.push(entry);
    }
    response.json({ entries });
  });
  app.get('/v1/disclosures', async (request, response) => {
    const { from = '0', to, studyInstanceUid } = request.query;
    const filter = {
      fromMs: timeOf(Number(from)),
      toMs: to === undefined ? Number.MAX_SAFE_INTEGER : timeOf(Number(to)),
      ...(studyInstanceUid === undefined ? {} : { studyInstanceUid: uidOf(studyInstanceUid) }),
    };
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    for await (const { atMs, receiverName, ...disclosure } of source.disclosures(filter)) {
      const line = { time: new Date(atMs).toISOString(), ...disclosure, receiverName: receiverName ?? null };
      if (!response.write(`${JSON.stringify(line)}\n`)) await drained(response, gone.signal);
      if (gone.signal.aborted) return;
    }
    response.end();
  });
  app.post('/v1/invitations', async (request, response) => {
    const body = membersOf(request.body, ['studyInstanceUid', 'label'], ['identityCheckedBy']);
    const studyInstanceUid = uidOf(body.studyInstanceUid);
    const label = textOf(body.label, 128);
    const checked = body.identityCheckedBy ?? undefined;
    const identityCheckedBy = checked === undefined ? undefined : oneIn(IDENTITY_CHECKS, checked);
    response.status(201).json(await source.invite({ studyInstanceUid, label, identityCheckedBy }));
  });
  app.post('/v1/studies/:studyInstanceUid/amend', async (request, response) => {
    membersOf(request.body, []);
    const { txId, content } = await source.amend(uidOf(request.params.studyInstanceUid));
    response.status(202).json({ txId: toHex(txId), content: toHex(content) });
  });
  app.post('/v1/studies/:studyInstanceUid/retire', async (request, response) => {
    const { reasonClass } = membersOf(request.body, ['reasonClass']);
    const { txId } = await source.retire(uidOf(request.params.studyInstanceUid), reasonOf(reasonClass));
    response.status(202).json({ txId: toHex(txId) });
  });
  app.post('/v1/studies/:studyInstanceUid/retry', async (request, response) => {
    membersOf(request.body, []);
    await source.retry(uidOf(request.params.studyInstanceUid));
    response.status(202).json({});
  });
}

function addRecipientRoutes(app: Express, recipient: ImageRecipient): void {
  app.post('/v1/requests', async (request, response) => {
    const body = membersOf(request.body, ['reason', 'wantedUntilMs'], ['patient', 'clinician']);
    const wantedUntilMs = timeOf(body.wantedUntilMs);
    const patient = body.patient === undefined ? undefined : patientOf(body.patient);
    const clinician = body.clinician === undefined ? undefined : textOf(body.clinician, 128);
    const reason = textOf(body.reason, 200);
    response.status(201).json(await recipient.request({ reason, wantedUntilMs, patient, clinician }));
  });
  app.get('/v1/requests', async (_request, response) => {
    response.json({ requests: (await recipient.requests()).map(requestJson) });
  });
  app.get('/v1/requests/:id', async (request, response) => {
    response.json(requestJson(await recipient.requestStatus(String(request.params.id))));
  });
  app.post('/v1/requests/:id/fetch', async (request, response) => {
    const { retrievalId, by } = membersOf(request.body, [], ['retrievalId', 'by']);
    if (by !== undefined && by !== 'iti-43' && by !== 'dicomweb') throw malformed('by iti-43 or dicomweb');
    const wanted = retrievalId === undefined || retrievalId === null ? undefined : textOf(retrievalId, 128);
    response
      .status(202)
      .json(requestJson(await recipient.fetch(String(request.params.id), { retrievalId: wanted, by })));
  });
  app.post('/v1/recipient/withdraw', async (request, response) => {
    const { key } = membersOf(request.body, ['key']);
    if (!equalBytes(hexOf(key, 32), recipient.recipientKey))
      throw malformed('the recipient key: it is withdrawn for ever');
    const { told, left } = await recipient.withdrawKey();
    response.json({ told, left: left.map(({ source, code }) => ({ source: toHex(source), code })) });
  });
  app.get('/v1/requests/:id/events', async (request, response) => {
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    const id = String(request.params.id);
    await recipient.requestStatus(id); // an unknown request is an error answer, not an empty stream
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for await (const status of recipient.watchRequest(id, gone.signal)) {
      const isDrained = response.write(`event: request\ndata: ${JSON.stringify(requestJson(status))}\n\n`);
      if (!isDrained) await drained(response, gone.signal);
    }
    response.end();
  });
}

function drained(response: NodeJS.EventEmitter, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    response.on('drain', done);
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
  });
}

function requireToken(token: string): RequestHandler {
  const expected = utf8(`Bearer ${token}`);
  return (request, response, next) => {
    const given = utf8(request.headers.authorization ?? '');
    if (equalSecrets(given, expected)) next();
    else
      sendError(response, new ExchangeError({ code: 'UNAUTHORIZED' }, 'expected the bearer token of the token file'));
  };
}

function viewJson(view: LedgerView) {
  const standing = view.standing();
  return {
    height: view.head.height,
    viewAgeMs: view.ageMs(),
    fresh: standing === 'fresh',
    halted: standing === 'halted',
  };
}

async function sourceJson(source: ImageSource, tlsPins: readonly Uint8Array[]) {
  const { state, txId, height, failure } = await source.directory.state();
  return {
    id: toHex(source.source),
    signingKey: toHex(source.signingKey),
    state,
    txId: txId === undefined ? null : toHex(txId),
    height: height ?? null,
    code: failure ?? null,
    iti43: source.endpointUrl,
    tlsPins: tlsPins.map(toHex),
  };
}

function studyJson({
  studyInstanceUid,
  instances,
  state,
  studyId,
  height,
  label,
  code,
  identityCheckedBy,
}: WorklistEntry) {
  return {
    studyInstanceUid,
    instances,
    state,
    studyId: studyId === undefined ? null : toHex(studyId),
    height: height ?? null,
    label: label ?? null,
    code: code ?? null,
    identityCheckedBy: identityCheckedBy ?? null,
  };
}

function appointmentJson({ study, orders }: Appointment) {
  const nothing = { studyId: null, height: null, label: null, code: null, identityCheckedBy: null };
  const none = { instances: 0, state: 'expected', ...nothing } as const;
  const shown =
    study === undefined ? { studyInstanceUid: orders[0]?.studyInstanceUid ?? null, ...none } : studyJson(study);
  return { ...shown, orders: orders.map(orderJson) };
}

function orderJson({ accession, studyInstanceUid, patient, description, modality, scheduledAt }: Order) {
  return {
    accessionNumber: accession?.number ?? null,
    accessionIssuer: accession?.issuer ?? null,
    studyInstanceUid: studyInstanceUid ?? null,
    patientName: patient.name,
    patientId: patient.id,
    birthDate: patient.birthDate ?? null,
    description,
    modality: modality ?? null,
    scheduledAt: scheduledAt ?? null,
  };
}

function originJson({ name, lookedAtMs, code, reason, refused }: OrderOriginState) {
  return { name, lookedAtMs: lookedAtMs ?? null, code: code ?? null, reason: reason ?? null, refused };
}

function requestJson({ requestId, reason, wantedUntilMs, expiresAtMs, retrievals }: RequestStatus) {
  const shown = retrievals.map((retrieval) => ({
    retrievalId: retrieval.retrievalId,
    state: retrieval.state,
    source: toHex(retrieval.source),
    studyId: toHex(retrieval.studyId),
    label: retrieval.label,
    notAfterMs: retrieval.notAfterMs,
    progress: { bytes: retrieval.bytesReceived },
    folder: retrieval.location ?? null,
    code: retrieval.code ?? null,
    changed: retrieval.changed,
  }));
  const newest = shown.at(-1);
  return {
    requestId,
    state: newest?.state ?? 'waiting',
    reason,
    wantedUntilMs,
    expiresAtMs,
    progress: newest?.progress ?? { bytes: 0 },
    folder: newest?.folder ?? null,
    code: newest?.code ?? null,
    retrievals: shown,
  };
}

function sentJson({ recipientKey, state, ...transfer }: TransferRecord) {
  return { ...transferJson(transfer), recipientKey: toHex(recipientKey), state };
}

function receivedJson({ source, ...transfer }: ReceiptRecord) {
  return { ...transferJson(transfer), source: toHex(source) };
}

function transferJson(transfer: Pick<TransferRecord, keyof TransferRecord & keyof ReceiptRecord>) {
  const { requestDigest, studyId, content, bytes, atMs, received, given } = transfer;
  return {
    requestDigest: toHex(requestDigest),
    studyId: toHex(studyId),
    content: toHex(content),
    bytes,
    atMs,
    received: received === undefined ? null : toHex(received),
    given: given === undefined ? null : toHex(given),
  };
}
