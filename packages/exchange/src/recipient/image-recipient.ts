/** An image recipient: asks patients for images, learns of grants, fetches what the ledger allows, files what it checked. */
import {
  createImageRequest,
  createKeyWithdrawal,
  encodeImageRequestLink,
  GRANT_NOTICE_BYTES_MAX,
  generateSealingKeyPair,
  HandoverError,
  openGrantNotice,
  validatePlainText,
} from '@radledger/handover';
import { clearQuarantine, type ImportLimits, type ImportPolicy, type StudySink } from '@radledger/imaging';
import { equalBytes, randomBytes, type Signer, sha256, toHex } from '@radledger/primitives';
import type { Audit } from '../audit/audit-trail.js';
import { createCoalesced } from '../coalesce.js';
import { ExchangeError } from '../errors.js';
import { type Change, type ExchangeDatabase, openExchangeStore, put, remove } from '../exchange-store.js';
import { createKeyedLock } from '../keyed-lock.js';
import type { LedgerPort } from '../ledger-port.js';
import { type LedgerView, openLedgerView, type ViewStanding } from '../ledger-view.js';
import type { SecretBox } from '../secret-box.js';
import { createSlots } from '../slots.js';
import type { EndpointGuardOptions } from './endpoint-guard.js';
import { failureCodeOf, type FetchStudyOptions, fetchStudy, hasLiveGrant, type Reconcile } from './fetch-study.js';
import { createReceipts, type Receipts } from './receipts.js';
import {
  noticeRecords,
  filedContentRecords,
  openRetrievalRecords,
  type RequestRecord,
  type RetrievalRecord,
  type RetrievalState,
  requestRecords,
  retrievalRecords,
  WITHDRAWAL,
  withdrawalRecords,
} from './recipient-records.js';
import { sendWithdrawal } from './withdraw-key.js';

/** How long a request can be answered. */
export const REQUEST_LIFETIME_MS = 30 * 24 * 3_600_000;
/** Notices that one box takes in its life. */
export const BOX_NOTICES_MAX = 64;
const RESPONSE_BYTES_MAX = 64 * 1024 ** 3;
const TRANSFERS_MAX = 4;

export interface ImageRecipientOptions {
  /** Any `abstract-level` database; this process is its only user. */
  readonly database: ExchangeDatabase;
  readonly secretBox: SecretBox;
  /** The operator's own node. */
  readonly ledger: LedgerPort;
  /** The recipient key. */
  readonly signer: Signer;
  /** Where every retrieval is recorded: `openAuditTrail`, or the site's own. */
  readonly audit: Audit;
  /** Where checked studies go. */
  readonly sink: StudySink;
  /** Holds studies while they are checked; belongs to this recipient alone. */
  readonly quarantineFolder: string;
  /** Address of the patient-facing API: https, or http on loopback. */
  readonly gatewayApi: string;
  /** The wallet page that opens requests, without a fragment; default `<gatewayApi>/`. */
  readonly walletPage?: string;
  readonly endpointGuard?: EndpointGuardOptions;
  readonly importLimits?: Partial<ImportLimits>;
  /** What may be filed: transfer syntaxes, SOP classes, preambles; default that of `imaging`. */
  readonly importPolicy?: Partial<ImportPolicy>;
  /** Files studies under the recipient's own patients; default: under the patient that the source names. */
  readonly reconcile?: Reconcile;
  /** Most transfers at a time; the others wait their turn; default 4. */
  readonly transfersMax?: number;
  /** Largest ITI-43 response; default 64 GiB. */
  readonly responseBytesMax?: number;
  /** Longest age of a ledger view that is still acted on; default 60 000. */
  readonly viewAgeMsMax?: number;
  /** Longest age of a view that counts while the network has proven that it stands still; default a day, 0 for none. */
  readonly haltedMsMax?: number;
  /** Told when the view becomes fresh, halted or stale. */
  readonly onStanding?: (standing: ViewStanding) => void;
  /** The clock, Unix ms; default the system's. */
  readonly now?: () => number;
  readonly onFailure?: (error: unknown) => void;
}

/** One study that a patient allowed, and how far it is. */
export interface RetrievalStatus {
  readonly retrievalId: string;
  readonly state: RetrievalState;
  readonly source: Uint8Array;
  readonly studyId: Uint8Array;
  readonly label: string;
  readonly notAfterMs: number;
  readonly bytesReceived: number;
  /** Where the sink filed it. */
  readonly location: string | undefined;
  /** Why it failed or ended. */
  readonly code: string | undefined;
  /** True when the source has amended the study since it was filed: it can be fetched again. */
  readonly changed: boolean;
}

export interface RequestStatus {
  readonly requestId: string;
  readonly reason: string;
  readonly wantedUntilMs: number;
  readonly expiresAtMs: number;
  /** Oldest first. */
  readonly retrievals: readonly RetrievalStatus[];
}

export interface ImageRecipient {
  readonly recipientKey: Uint8Array;
  readonly chainId: Uint8Array;
  readonly view: LedgerView;
  /**
   * Makes an image request with a box of its own.
   * @param input.reason - shown to the patient: one plain line of at most 200 bytes
   * @throws {HandoverError} `TEXT_REFUSED`
   */
  request(input: {
    readonly reason: string;
    readonly wantedUntilMs: number;
  }): Promise<{ readonly requestId: string; readonly link: string; readonly expiresAtMs: number }>;
  requests(): Promise<readonly RequestStatus[]>;
  /** @throws {ExchangeError} `REQUEST_UNKNOWN` */
  requestStatus(requestId: string): Promise<RequestStatus>;
  /** The state now and after each change, until `signal` aborts. @throws {ExchangeError} `REQUEST_UNKNOWN` */
  watchRequest(requestId: string, signal: AbortSignal): AsyncIterable<RequestStatus>;
  /** Takes a sealed notice into a box; it is opened afterwards. @throws {ExchangeError} `BOX_UNKNOWN` | `BOX_FULL` | `TOO_LARGE` */
  takeNotice(boxId: string, sealed: Uint8Array): Promise<void>;
  /**
   * Starts to fetch what is allowed or failed before; returns when the start is durable.
   * @param retrievalId - one of the request's; default all of them
   * @throws {ExchangeError} `REQUEST_UNKNOWN` | `NOTHING_TO_FETCH`
   */
  fetch(requestId: string, retrievalId?: string): Promise<RequestStatus>;
  /**
   * Withdraws the recipient key for ever and tells the source of each notice; nothing is asked for or fetched under it from now on. To be
   * called again until nobody is left.
   */
  withdrawKey(): Promise<{
    readonly told: number;
    readonly left: readonly { readonly source: Uint8Array; readonly code: string }[];
  }>;
  /** Every study that was received, with both receipts. */
  receipts: Receipts['list'];
  /** Ends transfers; they go on after the next start. */
  close(): Promise<void>;
}

/**
 * Opens a recipient over its records and starts to follow the ledger; goes on with transfers that a stop interrupted.
 * @throws {ExchangeError} `RECORD_UNREADABLE` | `NODE_UNREACHABLE`; {ImagingError} `FOLDER_UNUSABLE`
 */
export async function openImageRecipient(options: ImageRecipientOptions): Promise<ImageRecipient> {
  const { ledger, signer, gatewayApi } = options;
  const now = options.now ?? Date.now;
  const onFailure = options.onFailure ?? (() => undefined);
  const recipientKey = signer.publicKey;
  const lock = createKeyedLock();
  const store = await openExchangeStore(options);
  await clearQuarantine(options.quarantineFolder);
  const view = await openLedgerView({
    ledger,
    source: recipientKey,
    now,
    onFailure,
    ...(options.viewAgeMsMax === undefined ? {} : { ageMsMax: options.viewAgeMsMax }),
    ...(options.haltedMsMax === undefined ? {} : { haltedMsMax: options.haltedMsMax }),
    ...(options.onStanding && { onStanding: options.onStanding }),
  });
  const { chainId } = view;
  const fetching: FetchStudyOptions = {
    ledger,
    view,
    signer,
    now,
    audit: options.audit,
    sink: options.sink,
    quarantineFolder: options.quarantineFolder,
    endpointGuard: options.endpointGuard ?? {},
    responseBytesMax: options.responseBytesMax ?? RESPONSE_BYTES_MAX,
    ...(options.importLimits === undefined ? {} : { importLimits: options.importLimits }),
    ...(options.importPolicy === undefined ? {} : { importPolicy: options.importPolicy }),
    ...(options.reconcile === undefined ? {} : { reconcile: options.reconcile }),
  };

  let isWithdrawn = (await store.get(withdrawalRecords, WITHDRAWAL)) !== undefined;
  const refuseWithdrawn = (): void => {
    if (isWithdrawn)
      throw new ExchangeError({ code: 'KEY_WITHDRAWN' }, 'this recipient key was withdrawn: make another');
  };
  const receipts = createReceipts({
    store,
    ledger,
    chainId,
    signer,
    now,
    onFailure,
    endpointGuard: fetching.endpointGuard,
  });

  const stop = new AbortController();
  const transfers = new Map<string, Promise<void>>();
  const slots = createSlots(options.transfersMax ?? TRANSFERS_MAX);
  const progress = new Map<string, number>();
  const watchers = new Map<string, Set<() => void>>();

  const changed = (boxId: string): void => {
    for (const wake of watchers.get(boxId) ?? []) wake();
  };

  /** Every change of a retrieval: one batch, then the watchers hear of it. */
  const save = async (id: string, record: RetrievalRecord, more: readonly Change[] = []): Promise<void> => {
    const isOpen = record.state === 'waiting' || record.state === 'allowed' || record.state === 'fetching';
    const open = isOpen ? put(openRetrievalRecords, id, 0) : remove(openRetrievalRecords, id);
    await store.commit([put(retrievalRecords, id, record), open, ...more]);
    changed(toHex(record.boxId));
  };

  const openNotice = async (id: string, sealed: Uint8Array, request: RequestRecord): Promise<void> => {
    let record: RetrievalRecord;
    try {
      const notice = await openGrantNotice({
        sealed,
        chainId,
        recipientKey,
        sealingKeyPair: { publicKey: request.sealingPublicKey, privateKey: request.sealingPrivateKey },
      });
      if (notice.boxId === undefined || !equalBytes(notice.boxId, request.boxId)) {
        throw new ExchangeError({ code: 'NOTICE_INVALID' }, 'the notice is for another box');
      }
      const { source, studyId, tag, studySalt, contentSalt, opening, studyInstanceUid, label, notAfterMs } = notice;
      const { boxId } = request;
      const state = { state: 'waiting' as const, code: undefined, bytesReceived: 0, location: undefined };
      const told = { source, studyId, tag, studySalt, contentSalt, opening, studyInstanceUid, label, notAfterMs };
      record = { format: 1, boxId, receivedAtMs: now(), ...told, ...state };
    } catch (error) {
      if (!(error instanceof HandoverError) && !(error instanceof ExchangeError)) throw error;
      onFailure(
        new ExchangeError({ code: 'NOTICE_INVALID', reason: error.code }, 'a notice was dropped', { cause: error }),
      );
      return store.commit([remove(noticeRecords, id)]);
    }
    await store.commit([
      remove(noticeRecords, id),
      put(retrievalRecords, id, record),
      put(openRetrievalRecords, id, 0),
    ]);
    changed(toHex(request.boxId));
  };

  const openNotices = async (): Promise<void> => {
    for (const { id, value } of await store.list(noticeRecords)) {
      const request = await store.get(requestRecords, boxOf(id));
      if (request !== undefined) await openNotice(id, value, request);
    }
  };

  /** Brings what waits up to the finalized ledger. */
  const judge = (id: string): Promise<void> =>
    lock(`retrieval/${id}`, async () => {
      const record = await store.get(retrievalRecords, id);
      if (record === undefined || (record.state !== 'waiting' && record.state !== 'allowed')) return;
      const isAllowed = await hasLiveGrant(record, fetching);
      const isOver = record.state === 'allowed' || record.notAfterMs <= now();
      const state = isAllowed ? 'allowed' : isOver ? 'ended' : 'waiting';
      if (state === record.state) return;
      await save(id, { ...record, state, code: state === 'ended' ? 'GRANT_NOT_LIVE' : undefined });
    });

  const catchUp = createCoalesced(async () => {
    await openNotices();
    for (const { id } of await store.list(openRetrievalRecords)) await judge(id);
  }, onFailure);

  const delivering = createCoalesced(() => receipts.deliver(stop.signal), onFailure);

  const startTransfer = (id: string): void => {
    if (transfers.has(id) || stop.signal.aborted) return;
    const transfer = slots(() => runTransfer(id))
      .catch(onFailure)
      .finally(() => {
        transfers.delete(id);
        progress.delete(id);
      });
    transfers.set(id, transfer);
  };

  const runTransfer = async (id: string): Promise<void> => {
    if (stop.signal.aborted) return;
    const record = await store.get(retrievalRecords, id);
    if (record?.state !== 'fetching') return;
    let end: RetrievalRecord;
    let more: readonly Change[] = [];
    try {
      const { location, received } = await fetchStudy(record, fetching, {
        signal: stop.signal,
        onProgress(bytes) {
          progress.set(id, bytes);
          changed(boxOf(id));
        },
      });
      end = { ...record, state: 'filed', location, bytesReceived: received.bytes };
      more = [put(filedContentRecords, id, received.content), ...(await receipts.sign(received))];
    } catch (error) {
      // Stopped from here: still `fetching` on disk, taken up again by the next start.
      if (stop.signal.aborted) return;
      onFailure(error);
      const code = failureCodeOf(error);
      end = { ...record, state: code === 'GRANT_NOT_LIVE' ? 'ended' : 'failed', code };
    }
    await lock(`retrieval/${id}`, () => save(id, end, more));
    delivering.trigger();
  };

  const statusOf = async (request: RequestRecord): Promise<RequestStatus> => {
    const requestId = toHex(request.boxId);
    const retrievals = await store.list(retrievalRecords, `${requestId}.`);
    const { reason, wantedUntilMs, expiresAtMs } = request;
    return {
      requestId,
      reason,
      wantedUntilMs,
      expiresAtMs,
      retrievals: await Promise.all(
        retrievals
          .toSorted((a, b) => a.value.receivedAtMs - b.value.receivedAtMs)
          .map(async ({ id, value }) => ({
            retrievalId: id,
            state: value.state,
            source: value.source,
            studyId: value.studyId,
            label: value.label,
            notAfterMs: value.notAfterMs,
            bytesReceived: progress.get(id) ?? value.bytesReceived,
            location: value.location,
            code: value.code,
            // Who cannot ask the ledger does not know; the answer about the rest is worth having.
            changed: await isChanged(id, value).catch(() => false),
          })),
      ),
    };
  };

  /** Whether the ledger names another content of the study than the one that was filed. */
  const isChanged = async (id: string, { state, source, studyId }: RetrievalRecord): Promise<boolean> => {
    const filed = state === 'filed' ? await store.get(filedContentRecords, id) : undefined;
    const cell = filed === undefined ? undefined : await ledger.study(source, studyId);
    return filed !== undefined && cell !== undefined && !equalBytes(cell.content, filed);
  };

  const requestOf = async (requestId: string): Promise<RequestRecord> => {
    const request = BOX_ID.test(requestId) ? await store.get(requestRecords, requestId) : undefined;
    if (request === undefined) throw new ExchangeError({ code: 'REQUEST_UNKNOWN' }, 'there is no such request');
    return request;
  };

  view.listen({
    onFinalized: async () => catchUp.trigger(),
    async onHeartbeat() {
      catchUp.trigger();
      delivering.trigger();
    },
  });
  for (const { id } of await store.list(openRetrievalRecords)) startTransfer(id);
  catchUp.trigger();
  delivering.trigger();

  return {
    recipientKey,
    chainId,
    view,

    async withdrawKey() {
      await store.commit([put(withdrawalRecords, WITHDRAWAL, 0)]);
      isWithdrawn = true;
      const statement = await createKeyWithdrawal({ chainId, signer });
      const left: { source: Uint8Array; code: string }[] = [];
      let told = 0;
      for (const { value: notice } of await store.list(retrievalRecords)) {
        try {
          const { endpointGuard } = fetching;
          await sendWithdrawal(statement, notice, { ledger, endpointGuard, signal: stop.signal });
          told += 1;
        } catch (error) {
          onFailure(error);
          left.push({ source: notice.source, code: failureCodeOf(error) });
        }
      }
      return { told, left };
    },

    async request({ reason, wantedUntilMs }) {
      refuseWithdrawn();
      validatePlainText(reason, { field: 'reason', bytesMax: 200 });
      const sealing = await generateSealingKeyPair();
      const boxId = randomBytes(16);
      const createdAtMs = now();
      const expiresAtMs = createdAtMs + REQUEST_LIFETIME_MS;
      const signed = await createImageRequest(
        { chainId, recipientKey, sealingKey: sealing.publicKey, gatewayApi, boxId, reason, wantedUntilMs, expiresAtMs },
        signer,
      );
      const keys = { sealingPublicKey: sealing.publicKey, sealingPrivateKey: sealing.privateKey };
      const record: RequestRecord = { format: 1, boxId, reason, wantedUntilMs, createdAtMs, expiresAtMs, ...keys };
      const requestId = toHex(boxId);
      await store.commit([put(requestRecords, requestId, record)]);
      return { requestId, expiresAtMs, link: encodeImageRequestLink(signed, options.walletPage ?? `${gatewayApi}/`) };
    },

    async requests() {
      const requests = await store.list(requestRecords);
      return Promise.all(requests.map(({ value }) => statusOf(value)));
    },

    requestStatus: async (requestId) => statusOf(await requestOf(requestId)),

    async *watchRequest(requestId, signal) {
      const request = await requestOf(requestId);
      const woken = watchers.get(requestId) ?? new Set<() => void>();
      watchers.set(requestId, woken);
      let isChanged = true;
      let wake = (): void => undefined;
      const hear = (): void => {
        isChanged = true;
        wake();
      };
      woken.add(hear);
      signal.addEventListener('abort', hear, { once: true });
      stop.signal.addEventListener('abort', hear, { once: true });
      try {
        while (!signal.aborted && !stop.signal.aborted) {
          isChanged = false;
          yield await statusOf(request);
          if (!isChanged) {
            await new Promise<void>((resolve) => {
              wake = resolve;
              if (isChanged || signal.aborted || stop.signal.aborted) resolve();
            });
          }
        }
      } finally {
        woken.delete(hear);
        if (woken.size === 0) watchers.delete(requestId);
        signal.removeEventListener('abort', hear);
        stop.signal.removeEventListener('abort', hear);
      }
    },

    async takeNotice(boxId, sealed) {
      if (sealed.length > GRANT_NOTICE_BYTES_MAX) {
        throw new ExchangeError({ code: 'TOO_LARGE' }, `a notice has at most ${GRANT_NOTICE_BYTES_MAX} bytes`);
      }
      const request = BOX_ID.test(boxId) ? await store.get(requestRecords, boxId) : undefined;
      if (request === undefined || request.expiresAtMs <= now()) {
        throw new ExchangeError({ code: 'BOX_UNKNOWN' }, 'there is no such box');
      }
      await lock(`box/${boxId}`, async () => {
        const id = `${boxId}.${toHex(sha256(sealed))}`;
        if ((await store.get(retrievalRecords, id)) !== undefined) return;
        const [waiting, opened] = await Promise.all([
          store.list(noticeRecords, `${boxId}.`),
          store.list(retrievalRecords, `${boxId}.`),
        ]);
        if (waiting.length + opened.length >= BOX_NOTICES_MAX) {
          throw new ExchangeError({ code: 'BOX_FULL' }, `a box takes ${BOX_NOTICES_MAX} notices`);
        }
        await store.commit([put(noticeRecords, id, sealed)]);
      });
      catchUp.trigger();
    },

    async fetch(requestId, retrievalId) {
      refuseWithdrawn();
      const request = await requestOf(requestId);
      const wanted = (await store.list(retrievalRecords, `${requestId}.`)).filter(
        ({ id }) => retrievalId === undefined || id === retrievalId,
      );
      let started = 0;
      for (const { id } of wanted) {
        await judge(id);
        await lock(`retrieval/${id}`, async () => {
          const record = await store.get(retrievalRecords, id);
          if (record === undefined) return;
          const isWanted = ['allowed', 'failed', 'fetching'].includes(record.state) || (await isChanged(id, record));
          if (!isWanted) return;
          started += 1;
          if (record.state !== 'fetching') {
            await save(id, { ...record, state: 'fetching', code: undefined, bytesReceived: 0 });
          }
        });
        startTransfer(id);
      }
      if (started === 0) {
        throw new ExchangeError(
          { code: 'NOTHING_TO_FETCH' },
          'no study of this request is allowed and not yet filed as it is now',
        );
      }
      return statusOf(request);
    },

    receipts: () => receipts.list(),

    async close() {
      stop.abort();
      await view.close();
      await catchUp.idle();
      await Promise.all(transfers.values());
      await delivering.idle();
    },
  };
}

const BOX_ID = /^[0-9a-f]{32}$/;

/** The box of a notice or retrieval id. */
function boxOf(id: string): string {
  return id.slice(0, 32);
}
