/** An image recipient: asks patients for images, learns of grants, fetches what the ledger allows, files what it checked. */
import { join } from 'node:path';
import { createKeyWithdrawal } from '@radledger/handover';
import { clearQuarantine } from '@radledger/imaging';
import { toHex } from '@radledger/primitives';
import { createCoalesced } from '../coalesce.js';
import { ExchangeError } from '../errors.js';
import { openExchangeStore, put } from '../exchange-store.js';
import { createKeyedLock } from '../keyed-lock.js';
import { openLedgerView } from '../ledger-view.js';
import { createChangeWatch } from './change-watch.js';
import type { FetchStudyOptions } from './fetch-study.js';
import { openHeldStudies } from './held-studies.js';
import { hasLiveGrant } from './live-grant.js';
import { createReceipts } from './receipts.js';
import type { ImageRecipient, ImageRecipientOptions, RequestStatus } from './recipient-contract.js';
import {
  type RequestRecord,
  requestRecords,
  retrievalRecords,
  WITHDRAWAL,
  withdrawalRecords,
} from './recipient-records.js';
import { createRequestBoxes } from './request-boxes.js';
import { failureCodeOf } from './retrieval-failure.js';
import { DEFAULT_REFUSED_LIMITS, openRefusedStudies } from './refused-studies.js';
import { createRetrievals } from './retrievals.js';
import { DEFAULT_QUARANTINE_LIMITS, openWaitingStudies } from './waiting-studies.js';
import { sendWithdrawal } from './withdraw-key.js';

const RESPONSE_BYTES_MAX = 64 * 1024 ** 3;
const HELD_BYTES_MAX = 64 * 1024 ** 3;
const TRANSFERS_MAX = 4;

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
  const endpointGuard = options.endpointGuard ?? {};
  const { clientCertificate } = options;
  const fetching: FetchStudyOptions = {
    ledger,
    view,
    signer,
    now,
    audit: options.audit,
    // One after the other for one study: the second finds what the first has filed.
    sink: { fileStudy: (study) => lock(`filing/${study.studyInstanceUid}`, () => options.sink.fileStudy(study)) },
    endpointGuard,
    clientCertificate,
    responseBytesMax: options.responseBytesMax ?? RESPONSE_BYTES_MAX,
    ...(options.busyWaitMs === undefined ? {} : { busyWaitMs: options.busyWaitMs }),
    ...(options.importLimits === undefined ? {} : { importLimits: options.importLimits }),
    ...(options.importPolicy === undefined ? {} : { importPolicy: options.importPolicy }),
    ...(options.reconcile === undefined ? {} : { reconcile: options.reconcile }),
  };

  let isWithdrawn = (await store.get(withdrawalRecords, WITHDRAWAL)) !== undefined;
  const held = await openHeldStudies({
    store,
    lock,
    quarantineFolder: options.quarantineFolder,
    bytesMax: options.heldBytesMax ?? HELD_BYTES_MAX,
    now,
    onFailure,
    async prospectOf(retrievalId) {
      const record = await store.get(retrievalRecords, retrievalId);
      if (record?.state === 'fetching') return 'runs';
      if (isWithdrawn || record?.state !== 'failed') return 'over';
      return (await hasLiveGrant(record, fetching)) ? 'may-run' : 'over';
    },
  });

  const refuseWithdrawn = (): void => {
    if (isWithdrawn)
      throw new ExchangeError({ code: 'KEY_WITHDRAWN' }, 'this recipient key was withdrawn: make another');
  };

  const stop = new AbortController();
  const watchers = createChangeWatch();
  const onChange = (boxId: string): void => watchers.changed(boxId);
  const receipts = createReceipts({
    store,
    ledger,
    chainId,
    signer,
    now,
    onFailure,
    endpointGuard,
    clientCertificate,
  });
  const delivering = createCoalesced(() => receipts.deliver(stop.signal), onFailure);
  const boxes = createRequestBoxes({
    store,
    lock,
    chainId,
    signer,
    gatewayApi,
    walletPage: options.walletPage ?? `${gatewayApi}/`,
    displayName: options.displayName ?? '',
    now,
    onNotice: () => catchUp.trigger(),
    onChange,
    onFailure,
  });
  const quarantineLimits = { ...DEFAULT_QUARANTINE_LIMITS, ...options.quarantineLimits };
  const waiting = await openWaitingStudies({
    store,
    folder: join(options.quarantineFolder, 'waiting'),
    limits: quarantineLimits,
    importLimits: options.importLimits ?? {},
    now,
  });
  const refusedLimits = { ...DEFAULT_REFUSED_LIMITS, ...options.refusedLimits };
  const refused = await openRefusedStudies({
    store,
    folder: join(options.quarantineFolder, 'refused'),
    limits: refusedLimits,
    importLimits: options.importLimits ?? {},
    now,
  });
  const retrievals = createRetrievals({
    store,
    lock,
    fetching,
    receipts,
    held,
    waiting,
    quarantineLimits,
    refused,
    refusedLimits,
    transfersMax: options.transfersMax ?? TRANSFERS_MAX,
    stop: stop.signal,
    onChange,
    onEnd: () => delivering.trigger(),
    onFailure,
  });
  const catchUp = createCoalesced(async () => {
    await boxes.openNotices();
    await retrievals.judgeAll();
    await held.sweep();
  }, onFailure);

  const statusOf = async ({ boxId, reason, wantedUntilMs, expiresAtMs }: RequestRecord): Promise<RequestStatus> => {
    const requestId = toHex(boxId);
    return { requestId, reason, wantedUntilMs, expiresAtMs, retrievals: await retrievals.statusOf(requestId) };
  };

  view.listen({
    onFinalized: async () => catchUp.trigger(),
    async onHeartbeat() {
      catchUp.trigger();
      delivering.trigger();
    },
  });
  await retrievals.goOn();
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
          await sendWithdrawal(statement, notice, { ledger, endpointGuard, clientCertificate, signal: stop.signal });
          told += 1;
        } catch (error) {
          onFailure(error);
          left.push({ source: notice.source, code: failureCodeOf(error) });
        }
      }
      return { told, left };
    },

    async request(input) {
      refuseWithdrawn();
      return boxes.request(input);
    },

    async requests() {
      const requests = await store.list(requestRecords);
      return Promise.all(requests.map(({ value }) => statusOf(value)));
    },

    requestStatus: async (requestId) => statusOf(await boxes.requestOf(requestId)),

    async *watchRequest(requestId, signal) {
      const request = await boxes.requestOf(requestId);
      yield* watchers.watch(requestId, () => statusOf(request), [signal, stop.signal]);
    },

    takeNotice: (boxId, sealed) => boxes.takeNotice(boxId, sealed),

    async fetch(requestId, wish = {}) {
      refuseWithdrawn();
      const request = await boxes.requestOf(requestId);
      if ((await retrievals.start(requestId, wish)) === 0) {
        throw new ExchangeError(
          { code: 'NOTHING_TO_FETCH' },
          'no study of this request is allowed and not yet filed as it is now',
        );
      }
      return statusOf(request);
    },

    quarantine: retrievals.quarantine,
    receipts: () => receipts.list(),

    async close() {
      stop.abort();
      await view.close();
      await catchUp.idle();
      await retrievals.idle();
      await delivering.idle();
    },
  };
}
