/** An image source: everything between an archive on one side, and patients, other gateways and the ledger on the other. */
import { IDENTITY_CHECKS } from '@radledger/handover';
import type { PacsConnector, StudySummary } from '@radledger/imaging';
import { equalBytes, fromHex, toHex } from '@radledger/primitives';
import { isKind } from '@radledger/transactions';
import type { AuditEvent } from '../audit/audit-event.js';
import { createCoalesced } from '../coalesce.js';
import { ExchangeError } from '../errors.js';
import { openExchangeStore } from '../exchange-store.js';
import { createKeyedLock } from '../keyed-lock.js';
import { openLedgerView } from '../ledger-view.js';
import { createArchiveFollower } from './archive-follower.js';
import { createArchiveWatch } from './archive-watch.js';
import { createAuthoriser, decoyStudy } from './authorise.js';
import { createDirectoryEntry } from './directory-entry.js';
import { createAccessLogs } from './access-log.js';
import { createEras } from './eras.js';
import { disclosuresOf } from './disclosures.js';
import { createRefusalCount } from './refusal-count.js';
import { createInvitations, currentStudy } from './invitations.js';
import { createOrderLook } from './order-look.js';
import { openOrders } from './orders.js';
import { createClaimSpread } from './claim-spread.js';
import { createOwnerLimit } from './owner-limits.js';
import { createPublisher } from './publisher.js';
import { createReplayStore } from './replay-store.js';
import { createDesk } from './desk.js';
import { createDeskAudit } from './desk-audit.js';
import { openEmergencies } from './emergencies.js';
import { openErasures } from './erasures.js';
import { forgetOldDisclosures } from './kept-disclosures.js';
import { heldUntil } from './replacements.js';
import { createStandingLinks } from './standing-links.js';
import { readStudyFacts } from './study-facts.js';
import { openWrongPatients } from './wrong-patients.js';
import { createOpenSnapshots } from './open-snapshots.js';
import { createOpenStudy } from './open-study.js';
import { createRunningReads } from './running-reads.js';
import { createReaderLimits } from './reader-limits.js';
import { createRetrieve } from './serving.js';
import { openServedKeys } from './served-keys.js';
import {
  DICOMWEB_REQUESTS_FACTOR,
  type ImageSource,
  type ImageSourceOptions,
  type WorklistEntry,
  type WorklistState,
} from './source-contract.js';
import { type StudyRecord, studyRecords } from './source-records.js';
import { createRetrievalAudit, type RetrievalAudit } from './retrieval-audit.js';
import { createStudySecrets } from './study-secrets.js';
import { openSuspensions } from './suspensions.js';
import { createTransferPlaces } from './transfer-places.js';
import { createTransfers } from './transfers.js';
import { openWithdrawnKeys } from './withdrawn-keys.js';

/** What 45 CFR 164.528 asks for. */
const DISCLOSURES_KEPT_YEARS = 6;
const ORDERS_KEPT_MS = 30 * 86_400_000;

/** With two reads each, less than half of what a node answers one address by default. */
const MISSES_PER_MINUTE = 1_200;
const TRANSFERS_MAX = 256;

/**
 * Opens a source over its records and starts to follow the ledger; goes on with whatever a stop interrupted.
 * @throws {ExchangeError} `RECORD_UNREADABLE` | `NODE_UNREACHABLE`
 */
export async function openImageSource(options: ImageSourceOptions): Promise<ImageSource> {
  const { ledger, connector, signer } = options;
  const now = options.now ?? Date.now;
  const onFailure = options.onFailure ?? (() => undefined);
  const source = options.source ?? signer.publicKey;
  const lock = createKeyedLock();
  const store = await openExchangeStore(options);
  const view = await openLedgerView({
    ledger,
    source,
    now,
    onFailure,
    ...(options.viewAgeMsMax === undefined ? {} : { ageMsMax: options.viewAgeMsMax }),
    ...(options.haltedMsMax === undefined ? {} : { haltedMsMax: options.haltedMsMax }),
    ...(options.onStanding && { onStanding: options.onStanding }),
  });
  const { chainId } = view;
  const identity = { chainId, source, signer };
  const repositoryUniqueId = toHex(source);
  const endpointUrl = `${options.baseUrl}/xds/iti43`;
  const requestsPerMinute = options.requestsPerMinute ?? 600;
  const limitOwner = createOwnerLimit(options.ownerRequestsPerMinute ?? 60, now);

  const suspensions = await openSuspensions({
    store,
    lock,
    ledger,
    identity,
    now,
    onFailure,
    forget: (studyId) => view.forget(studyId),
  });
  const eras = createEras({ store, lock });
  const replay = createReplayStore({ store, lock, scope: 'iti43', now });
  const decoy = await store.createDecoy(studyRecords, decoyStudy());
  const wrongPatients = await openWrongPatients(store);
  const isWrongPatient = (studyId: Uint8Array): boolean => wrongPatients.has(studyId);
  const links = createStandingLinks({ store, lock, now });
  const reads = createRunningReads();
  const receiverNames = options.receiverNames ?? new Map<string, string>();
  const erasures = await openErasures({
    store,
    lock,
    identity,
    links,
    running: reads,
    audit: options.audit,
    endpointUrl,
    disclosuresKeptYears: options.disclosuresKeptYears ?? DISCLOSURES_KEPT_YEARS,
    receiverNames,
    now,
  });
  const isEnding = (studyId: Uint8Array): boolean => isWrongPatient(studyId) || erasures.has(studyId);
  const emergencies = await openEmergencies({
    store,
    receivers: options.emergencyReceivers ?? [],
    audit: options.audit,
    source,
    endpointUrl,
    now,
  });
  const isEmergency = (studyId: Uint8Array, key: Uint8Array): boolean => emergencies.covers(studyId, key);
  const isEmergencyReceiver = (key: Uint8Array): boolean => emergencies.names(key);
  const withdrawn = await openWithdrawnKeys({ store, view, decoy, isEmergencyReceiver });
  const isWithdrawn = (key: Uint8Array): boolean => withdrawn.has(key);
  const authorise = await createAuthoriser({
    store,
    view,
    suspensions,
    isWithdrawn,
    isEnding,
    isEmergency,
    source,
    now,
  });
  const spreadOf = createClaimSpread({ store, spreadMs: options.spreadClaimsMs ?? 0, now });
  const publisher = createPublisher({
    now,
    store,
    lock,
    ledger,
    identity,
    connector,
    onFailure,
    onChange: (study) => options.onStudyChange?.(entryOf(study, 0)),
    async onPlanned({ studyId, state }, snapshot, save) {
      const facts = await readStudyFacts(snapshot);
      const patient = facts.patient && store.pseudonymOf(facts.patient);
      return links.planned({ studyId, patient }, async (changes) => {
        // What stands on the ledger already tells nothing new when it changes.
        const spread = state === 'claimed' ? await spreadOf(patient) : undefined;
        return save([...changes, ...(spread?.changes ?? [])], spread?.publishAtMs);
      });
    },
    wrongPatients,
    erasures,
  });
  const watch = createArchiveWatch({
    now,
    settleMs: options.settleMs ?? 0,
    purgedMs: options.purgedMs ?? Number.POSITIVE_INFINITY,
  });
  const lookAtArchive = createArchiveFollower({
    store,
    connector,
    watch,
    publisher,
    onFailure,
    hasStudy: (studyInstanceUid) => hasStudy(connector, studyInstanceUid),
    offer: async (studyInstanceUid) => options.sendsByItself === undefined || desk.offer(studyInstanceUid),
  });
  const orders = await openOrders({
    store,
    now,
    issuer: options.orders?.issuer,
    keepMs: options.orders?.keepMs ?? ORDERS_KEPT_MS,
  });
  const origins = options.orders?.origins ?? [];
  // Where nobody tells of orders any more, nobody would look when their time is over.
  if (origins.length === 0) await orders.forgetAll();
  const orderLook = createOrderLook({ origins, orders, lock, now, onFailure });
  async function* listed(): AsyncGenerator<readonly [StudySummary, WorklistEntry], void, void> {
    for await (const summary of connector.listStudies()) {
      const study = await currentStudy(store, summary.studyInstanceUid);
      const offer = (): WorklistEntry => offerOf(summary, watch.isSettled(summary) ? 'draft' : 'arriving');
      yield [summary, study === undefined ? offer() : entryOf(study, summary.instances)];
    }
  }
  const directory = createDirectoryEntry({
    store,
    lock,
    ledger,
    identity,
    onFailure,
    baseUrl: options.baseUrl,
    tlsPins: () => (typeof options.tlsPins === 'function' ? options.tlsPins() : options.tlsPins),
    workBits: options.workBits ?? 0,
  });

  // Work that nobody waits for; `close` does.
  const running = new Set<Promise<void>>();
  const inBackground = (work: Promise<void>): void => {
    const settled = work.catch(onFailure).finally(() => running.delete(settled));
    running.add(settled);
  };

  const onClaimed = (studyId: Uint8Array): void => inBackground(publisher.advance(studyId));
  const deskAudit = createDeskAudit({ audit: options.audit, source, endpointUrl });
  const invitations = createInvitations({
    store,
    lock,
    identity,
    now,
    gatewayApi: options.gatewayApi,
    walletPage: options.walletPage ?? `${options.gatewayApi}/`,
    onClaimed,
    keysLeft: (study, prekeys) => links.begin(study, prekeys),
    deskAudit,
    isWrongPatient,
    heldUntil: (studyId) => heldUntil(store, studyId),
  });
  const desk = createDesk({
    store,
    lock,
    ledger,
    view,
    identity,
    connector,
    publisher,
    invitations,
    gatewayApi: options.gatewayApi,
    links,
    wrongPatients,
    erasures,
    emergencies,
    audit: options.audit,
    limitOwner,
    endpointUrl,
    deskAudit,
    releaseMs: options.sendsByItself?.releaseMs ?? 0,
    onClaimed,
    now,
    onFailure,
  });
  const studySecret = createStudySecrets({
    store,
    lock,
    ledger,
    view,
    identity,
    eras,
    now,
    replay: createReplayStore({ store, lock, scope: 'study-secret', now }),
    limitOwner,
    decoy,
    isWrongPatient,
  });

  const accessLogs = createAccessLogs({
    store,
    ledger,
    view,
    identity,
    now,
    replay: createReplayStore({ store, lock, scope: 'access-log', now }),
    limitOwner,
    isWrongPatient,
  });

  const refusals = createRefusalCount({ audit: options.audit, endpointUrl, onFailure });
  const auditOf = (protocol: Pick<AuditEvent, 'transaction' | 'endpointUrl'>): RetrievalAudit =>
    createRetrievalAudit({ audit: options.audit, accesses: accessLogs, refusals, protocol });
  const transfers = createTransfers({ store, lock, identity, now });
  const snapshots = createOpenSnapshots({ connector, onFailure });
  const openStudy = createOpenStudy({
    store,
    snapshots,
    authorise,
    transfers,
    running: reads,
    ...(options.policy && { policy: options.policy }),
    ...(options.onServedHalted && { onServedHalted: options.onServedHalted }),
  });
  const places = createTransferPlaces({
    max: Math.min(options.transfersMax ?? TRANSFERS_MAX, connector.readsMax ?? Number.POSITIVE_INFINITY),
  });
  const served = await openServedKeys({ store, inBackground, now });
  const limitReaders = createReaderLimits({
    missesPerMinute: options.missesPerMinute ?? MISSES_PER_MINUTE,
    entitled: { has: (key) => served.has(key) || emergencies.coversAny(fromHex(key)), add: (key) => served.add(key) },
    now,
  });

  const advancing = createCoalesced(async () => {
    await directory.advance();
    await desk.advance();
    await publisher.advanceAll();
    await forgetOldDisclosures(store, now());
  }, onFailure);
  const resubmitting = createCoalesced(() => suspensions.resubmit(), onFailure);

  view.listen({
    onSeen: (transaction) => suspensions.see(transaction),
    async onFinalized({ height, transactions }) {
      await suspensions.settle(height);
      for (const transaction of transactions ?? []) {
        if (!isKind(transaction, 'move-owner')) continue;
        const { payload } = transaction.transaction;
        if (!equalBytes(payload.source, source)) continue;
        const cell = await ledger.study(source, payload.studyId);
        if (cell !== undefined) await eras.reach(payload.studyId, cell.era);
      }
      advancing.trigger();
    },
    async onHeartbeat() {
      resubmitting.trigger();
      advancing.trigger();
    },
  });
  await suspensions.settle(view.head.height);
  advancing.trigger();

  return {
    source,
    chainId,
    view,
    directory,
    authorise,
    endpointUrl,
    signingKey: signer.publicKey,
    get suspended() {
      return suspensions.size;
    },
    repository: {
      endpointUrl,
      repositoryUniqueId,
      replay,
      now: () => new Date(now()),
      retrieve: createRetrieve({
        repositoryUniqueId,
        openStudy: limitReaders(openStudy, requestsPerMinute),
        audit: auditOf({ transaction: 'ITI-43', endpointUrl }),
        places,
        onFailure,
      }),
    },
    dicomweb: {
      baseUrls: [options.baseUrl, options.gatewayApi],
      repositoryUniqueId,
      replay,
      openStudy: limitReaders(openStudy, DICOMWEB_REQUESTS_FACTOR * requestsPerMinute),
      audit: auditOf({ transaction: 'RAD-107', endpointUrl: `${options.baseUrl}/dicom-web` }),
      places,
      now,
    },
    async *worklist() {
      for await (const [, entry] of listed()) yield entry;
    },
    async *appointments() {
      const index = orders.index();
      for await (const [summary, study] of listed()) yield { study, orders: index.of(summary) };
      for (const order of index.left()) yield { study: undefined, orders: [order] };
    },
    lookForOrders: (origin) => orderLook.look(origin),
    get orders() {
      return { kept: orders.size, origins: orderLook.states };
    },
    lookAtArchive: () => lock('archive', lookAtArchive),
    async invite({ identityCheckedBy = options.identityCheckedBy, ...input }) {
      if (identityCheckedBy === undefined) {
        const expected = `expected identityCheckedBy, one of ${IDENTITY_CHECKS.join(', ')}: how you know who the patient is`;
        throw new ExchangeError({ code: 'MALFORMED_REQUEST' }, expected);
      }
      await mustExist(connector, input.studyInstanceUid);
      return invitations.invite({ ...input, identityCheckedBy });
    },
    claim: (claimBytes, reading) => invitations.claim(claimBytes, reading),
    studySecret,
    accessLog: (requestBytes) => accessLogs.answer(requestBytes),
    disclosures: (filter) => disclosuresOf(store, filter, receiverNames),
    withdrawKey: (statement, studyId) => withdrawn.take(statement, studyId),
    countRefusal: () => refusals.count(),
    exchangeReceipts: (encoded) => transfers.exchangeReceipts(encoded),
    transfers: () => transfers.list(),
    amend: (studyInstanceUid) => publisher.amend(studyInstanceUid),
    retire: (studyInstanceUid, reason) => publisher.retire(studyInstanceUid, reason),
    retry: (studyInstanceUid) => publisher.retry(studyInstanceUid),
    desk,
    async close() {
      await view.close();
      await Promise.all([...running, advancing.idle(), resubmitting.idle(), refusals.close()]);
      snapshots.close();
    },
  };
}

async function mustExist(connector: PacsConnector, studyInstanceUid: string): Promise<void> {
  if (await hasStudy(connector, studyInstanceUid)) return;
  throw new ExchangeError({ code: 'STUDY_NOT_FOUND' }, 'the archive has no such study');
}

async function hasStudy(connector: PacsConnector, studyInstanceUid: string): Promise<boolean> {
  if (connector.hasStudy !== undefined) return connector.hasStudy(studyInstanceUid);
  for await (const study of connector.listStudies()) if (study.studyInstanceUid === studyInstanceUid) return true;
  return false;
}

function offerOf({ studyInstanceUid, instances }: StudySummary, state: 'draft' | 'arriving'): WorklistEntry {
  const nothing = {
    studyId: undefined,
    height: undefined,
    label: undefined,
    code: undefined,
    identityCheckedBy: undefined,
  };
  return { studyInstanceUid, instances, state, ...nothing };
}

function entryOf(study: StudyRecord, instances: number): WorklistEntry {
  const { studyInstanceUid, studyId, height, label, failure: code, identity } = study;
  const told = { studyId, height, label, code, identityCheckedBy: identity?.checkedBy };
  return { studyInstanceUid, instances, state: stateOf(study), ...told };
}

function stateOf({ state, pending }: StudyRecord): WorklistState {
  switch (pending?.kind) {
    case undefined:
      return state;
    case 'define-study':
      return 'submitted';
    case 'amend-study':
      return 'amending';
    case 'retire-study':
      return 'retiring';
  }
}
