/** Client of a gateway's operator API. Spec: docs/spec/gateway-api.md, section 2. */
import type { IdentityCheck } from '@radledger/handover';
import { toHex } from '@radledger/primitives';
import { readEventStream } from './event-stream.js';
import { Http, type HttpOptions } from './http.js';
import { JsonReader } from './json-reader.js';
import { createQuarantineClient, type LocalPatient, type QuarantineClient } from './quarantine-client.js';

interface CallOptions {
  readonly signal?: AbortSignal;
}

export interface OperatorStatus {
  readonly chainId: Uint8Array;
  readonly node: {
    readonly height: number;
    readonly viewAgeMs: number | null;
    readonly fresh: boolean;
    /** The view is old, and counts: the network has proven that it stands still. */
    readonly halted: boolean;
  } | null;
  readonly source: {
    readonly id: Uint8Array;
    readonly signingKey: Uint8Array;
    readonly state: string;
    readonly txId: Uint8Array | null;
    readonly height: number | null;
    readonly code: string | null;
  } | null;
  readonly recipient: { readonly key: Uint8Array } | null;
  /** What the worklist knows of orders; null of a gateway that is no source. */
  readonly orders: { readonly kept: number; readonly origins: readonly OperatorOrderOrigin[] } | null;
}

/** How an origin of orders does; `code` says what is wrong, `reason` more of it. */
export interface OperatorOrderOrigin {
  readonly name: string;
  readonly lookedAtMs: number | null;
  readonly code: string | null;
  readonly reason: string | null;
  readonly refused: number;
}

/** A study of the archive and how far it is on the ledger. */
export interface OperatorStudy {
  readonly studyInstanceUid: string;
  readonly instances: number;
  readonly state: string;
  readonly studyId: Uint8Array | null;
  readonly height: number | null;
  readonly label: string | null;
  readonly code: string | null;
  /** How its patient was identified, as in `IDENTITY_CHECKS` of `@radledger/handover`; null of a gateway that does not say. */
  readonly identityCheckedBy: string | null;
}

/** An examination that was ordered. Patient data. */
export interface OperatorOrder {
  readonly accessionNumber: string | null;
  readonly accessionIssuer: string | null;
  readonly studyInstanceUid: string | null;
  readonly patientName: string;
  readonly patientId: string;
  /** `1961-04-07` */
  readonly birthDate: string | null;
  readonly description: string;
  readonly modality: string | null;
  /** In the hospital's own time: `2026-11-29T10:30` or `2026-11-29`. */
  readonly scheduledAt: string | null;
}

/** A study with what was ordered of it; `expected`, when there are no images yet: then perhaps without a UID. */
export interface OperatorAppointment extends Omit<OperatorStudy, 'studyInstanceUid'> {
  readonly studyInstanceUid: string | null;
  readonly orders: readonly OperatorOrder[];
}

export interface IssuedInvitation {
  readonly invitationId: string;
  readonly link: string;
  readonly code: string;
  readonly expiresAtMs: number;
}

export interface Retrieval {
  readonly retrievalId: string;
  readonly state: string;
  readonly source: Uint8Array;
  readonly studyId: Uint8Array;
  readonly label: string | null;
  readonly notAfterMs: number;
  readonly progress: { readonly bytes: number } | null;
  readonly folder: string | null;
  readonly code: string | null;
  /** The source has amended the study since it was filed: it can be fetched again. */
  readonly changed: boolean;
}

/** An image request and what became of it. */
export interface RequestState {
  readonly requestId: string;
  readonly state: string;
  readonly reason: string | null;
  readonly wantedUntilMs: number | null;
  readonly progress: { readonly bytes: number } | null;
  readonly folder: string | null;
  readonly code: string | null;
  readonly retrievals: readonly Retrieval[];
}

interface FetchOptions extends CallOptions {
  /** One of the request's retrievals; default all of them. */
  readonly retrievalId?: string;
  /** How to fetch what nothing has arrived of; default `iti-43`. */
  readonly by?: 'iti-43' | 'dicomweb';
}

/** What the operator of a gateway asks of it. */
export interface OperatorClient {
  status(options?: CallOptions): Promise<OperatorStatus>;
  /** Publishes the directory entry; the proofs are the output of `radledger-node prove`. */
  defineSource(
    input: { name: string; nodeKey: Uint8Array; nodeProof: Uint8Array; vrfKey: Uint8Array; vrfProof: Uint8Array },
    options?: CallOptions,
  ): Promise<{ txId: Uint8Array }>;
  /** Publishes the gateway's configured address and pins anew, with a name. */
  moveSource(input: { name: string }, options?: CallOptions): Promise<{ txId: Uint8Array }>;
  studies(options?: CallOptions): Promise<readonly OperatorStudy[]>;
  /** The studies of the archive with their orders, and orders whose images are expected. Holds patient data. */
  worklist(options?: CallOptions): Promise<readonly OperatorAppointment[]>;
  /** @param input.identityCheckedBy - how the source knows who she is; default the one of the gateway's configuration */
  invite(
    input: { studyInstanceUid: string; label: string; identityCheckedBy?: IdentityCheck | undefined },
    options?: CallOptions,
  ): Promise<IssuedInvitation>;
  amendStudy(studyInstanceUid: string, options?: CallOptions): Promise<{ txId: Uint8Array; content: Uint8Array }>;
  /** @param input.reasonClass - that of Retire Study (docs/spec/transactions.md) */
  retireStudy(
    input: { studyInstanceUid: string; reasonClass: number },
    options?: CallOptions,
  ): Promise<{ txId: Uint8Array }>;
  /** @param input.patient - whom the practice's archive knows her as: what arrives is compared with it; never leaves the gateway */
  request(
    input: {
      reason: string;
      wantedUntilMs: number;
      clinician?: string | undefined;
      patient?: LocalPatient | undefined;
    },
    options?: CallOptions,
  ): Promise<{ requestId: string; link: string; expiresAtMs: number }>;
  requestState(requestId: string, options?: CallOptions): Promise<RequestState>;
  fetchRequest(requestId: string, options?: FetchOptions): Promise<RequestState>;
  /** The state now and after each change, until the signal aborts. */
  watchRequest(requestId: string, options: { signal: AbortSignal }): AsyncIterable<RequestState>;
  /**
   * Withdraws the recipient key for ever, and tells the sources; again until nobody is left.
   * @param key - the recipient key itself: nobody withdraws it by mistake
   */
  withdrawRecipientKey(
    key: Uint8Array,
    options?: CallOptions,
  ): Promise<{ told: number; left: readonly { source: Uint8Array; code: string }[] }>;
  /** Received studies that wait for a person. */
  readonly quarantine: QuarantineClient;
}

/** @param options.bearerToken - the content of the gateway's token file */
export function createOperatorClient(options: HttpOptions & { bearerToken: string }): OperatorClient {
  const http = new Http(options);
  const post = async (path: string, body: Readonly<Record<string, unknown>>, { signal }: CallOptions = {}) =>
    new JsonReader(await http.json(path, { method: 'POST', body, signal }));
  const get = async (path: string, { signal }: CallOptions = {}) => new JsonReader(await http.json(path, { signal }));
  const txIdOf = (reader: JsonReader) => ({ txId: reader.bytes('txId', 32) });
  return {
    quarantine: createQuarantineClient(http),
    async status(call) {
      const reader = await get('/v1/status', call);
      return {
        chainId: reader.bytes('chainId', 32),
        node: reader.isAbsent('node') ? null : readView(reader.object('node')),
        source: reader.isAbsent('source') ? null : readOwnSource(reader.object('source')),
        recipient: reader.isAbsent('recipient') ? null : { key: reader.object('recipient').bytes('key', 32) },
        orders: reader.isAbsent('orders') ? null : readOrders(reader.object('orders')),
      };
    },
    defineSource: async ({ name, nodeKey, nodeProof, vrfKey, vrfProof }, call) =>
      txIdOf(
        await post(
          '/v1/source/define',
          {
            name,
            nodeKey: toHex(nodeKey),
            nodeProof: toHex(nodeProof),
            vrfKey: toHex(vrfKey),
            vrfProof: toHex(vrfProof),
          },
          call,
        ),
      ),
    moveSource: async ({ name }, call) => txIdOf(await post('/v1/source/move', { name }, call)),
    studies: async (call) => (await get('/v1/studies', call)).list('studies', readStudy),
    worklist: async (call) => (await get('/v1/worklist', call)).list('entries', readAppointment),
    async invite({ studyInstanceUid, label, identityCheckedBy }, call) {
      const checked = identityCheckedBy === undefined ? {} : { identityCheckedBy };
      return readInvitation(await post('/v1/invitations', { studyInstanceUid, label, ...checked }, call));
    },
    async amendStudy(studyInstanceUid, call) {
      const reader = await post(`/v1/studies/${encodeURIComponent(studyInstanceUid)}/amend`, {}, call);
      return { ...txIdOf(reader), content: reader.bytes('content', 32) };
    },
    retireStudy: async ({ studyInstanceUid, reasonClass }, call) =>
      txIdOf(await post(`/v1/studies/${encodeURIComponent(studyInstanceUid)}/retire`, { reasonClass }, call)),
    async request({ reason, wantedUntilMs, clinician, patient }, call) {
      const further = { ...(clinician !== undefined && { clinician }), ...(patient && { patient }) };
      const reader = await post('/v1/requests', { reason, wantedUntilMs, ...further }, call);
      return {
        requestId: reader.string('requestId', 128),
        link: reader.string('link'),
        expiresAtMs: reader.integer('expiresAtMs'),
      };
    },
    requestState: async (requestId, { signal } = {}) =>
      readRequest(await http.json(`/v1/requests/${encodeURIComponent(requestId)}`, { signal })),
    fetchRequest: async (requestId, { signal, ...wish } = {}) =>
      readRequest(
        await http.json(`/v1/requests/${encodeURIComponent(requestId)}/fetch`, { method: 'POST', body: wish, signal }),
      ),
    async withdrawRecipientKey(key, call) {
      const reader = await post('/v1/recipient/withdraw', { key: toHex(key) }, call);
      return {
        told: reader.integer('told'),
        left: reader.list('left', (item, path) => {
          const one = new JsonReader(item, path);
          return { source: one.bytes('source', 32), code: one.string('code', 64) };
        }),
      };
    },
    async *watchRequest(requestId, { signal }) {
      const path = `/v1/requests/${encodeURIComponent(requestId)}/events`;
      // The gateway sends an event at each change only, so silence says nothing about the connection.
      for await (const { data } of readEventStream(http, () => path, { signal, silenceMsMax: 3_600_000 })) {
        yield readRequest(data);
      }
    },
  };
}

export function readInvitation(reader: JsonReader): IssuedInvitation {
  return {
    invitationId: reader.string('invitationId', 128),
    link: reader.string('link'),
    code: reader.string('code', 6),
    expiresAtMs: reader.integer('expiresAtMs'),
  };
}

function readView(reader: JsonReader): NonNullable<OperatorStatus['node']> {
  return {
    height: reader.integer('height'),
    viewAgeMs: reader.integerOrNull('viewAgeMs'),
    fresh: reader.boolean('fresh'),
    halted: reader.isAbsent('halted') ? false : reader.boolean('halted'),
  };
}

function readOwnSource(reader: JsonReader): NonNullable<OperatorStatus['source']> {
  return {
    id: reader.bytes('id', 32),
    signingKey: reader.bytes('signingKey', 32),
    state: reader.string('state', 64),
    txId: reader.bytesOrNull('txId', 32),
    height: reader.integerOrNull('height'),
    code: reader.stringOrNull('code', 64),
  };
}

function readOrders(reader: JsonReader): NonNullable<OperatorStatus['orders']> {
  const origins = reader.list('origins', (item, path) => {
    const origin = new JsonReader(item, path);
    return {
      name: origin.string('name', 64),
      lookedAtMs: origin.integerOrNull('lookedAtMs'),
      code: origin.stringOrNull('code', 64),
      reason: origin.stringOrNull('reason', 256),
      refused: origin.integer('refused'),
    };
  });
  return { kept: reader.integer('kept'), origins };
}

function readStudy(item: unknown, path: string): OperatorStudy {
  const reader = new JsonReader(item, path);
  return { studyInstanceUid: reader.string('studyInstanceUid', 64), ...readProgressOfStudy(reader) };
}

function readAppointment(item: unknown, path: string): OperatorAppointment {
  const reader = new JsonReader(item, path);
  return {
    studyInstanceUid: reader.stringOrNull('studyInstanceUid', 64),
    ...readProgressOfStudy(reader),
    orders: reader.list('orders', readOrder),
  };
}

function readOrder(item: unknown, path: string): OperatorOrder {
  const reader = new JsonReader(item, path);
  return {
    accessionNumber: reader.stringOrNull('accessionNumber', 256),
    accessionIssuer: reader.stringOrNull('accessionIssuer', 256),
    studyInstanceUid: reader.stringOrNull('studyInstanceUid', 64),
    patientName: reader.string('patientName', 256),
    patientId: reader.string('patientId', 256),
    birthDate: reader.stringOrNull('birthDate', 10),
    description: reader.string('description', 256),
    modality: reader.stringOrNull('modality', 16),
    scheduledAt: reader.stringOrNull('scheduledAt', 16),
  };
}

function readProgressOfStudy(reader: JsonReader): Omit<OperatorStudy, 'studyInstanceUid'> {
  return {
    instances: reader.integer('instances'),
    state: reader.string('state', 64),
    studyId: reader.bytesOrNull('studyId', 32),
    height: reader.integerOrNull('height'),
    label: reader.stringOrNull('label', 512),
    code: reader.stringOrNull('code', 64),
    identityCheckedBy: reader.stringOrNull('identityCheckedBy', 64),
  };
}

function readProgress(reader: JsonReader): { bytes: number } | null {
  return reader.isAbsent('progress') ? null : { bytes: reader.object('progress').integer('bytes') };
}

function readRequest(json: unknown): RequestState {
  const reader = new JsonReader(json);
  return {
    requestId: reader.string('requestId', 128),
    state: reader.string('state', 64),
    reason: reader.stringOrNull('reason', 512),
    wantedUntilMs: reader.integerOrNull('wantedUntilMs'),
    progress: readProgress(reader),
    folder: reader.stringOrNull('folder'),
    code: reader.stringOrNull('code', 64),
    retrievals: reader.isAbsent('retrievals') ? [] : reader.list('retrievals', readRetrieval),
  };
}

function readRetrieval(item: unknown, path: string): Retrieval {
  const reader = new JsonReader(item, path);
  return {
    retrievalId: reader.string('retrievalId', 128),
    state: reader.string('state', 64),
    source: reader.bytes('source', 32),
    studyId: reader.bytes('studyId', 32),
    label: reader.stringOrNull('label', 512),
    notAfterMs: reader.integer('notAfterMs'),
    progress: readProgress(reader),
    folder: reader.stringOrNull('folder'),
    code: reader.stringOrNull('code', 64),
    changed: reader.isAbsent('changed') ? false : reader.boolean('changed'),
  };
}
