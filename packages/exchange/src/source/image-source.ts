/** An image source: everything between an archive on one side, and patients, other gateways and the ledger on the other. */
import type { Order, OrderOrigin, PacsConnector, StudySummary } from '@radledger/imaging';
import type { DocumentRepositoryOptions, ReplayStore } from '@radledger/iti43/server';
import { equalBytes, fromHex, type Signer, toHex } from '@radledger/primitives';
import { isKind, type RetireReason } from '@radledger/transactions';
import type { AuditEvent } from '../audit/audit-event.js';
import type { Audit } from '../audit/audit-trail.js';
import { createCoalesced } from '../coalesce.js';
import { ExchangeError } from '../errors.js';
import { type ExchangeDatabase, openExchangeStore } from '../exchange-store.js';
import { createKeyedLock } from '../keyed-lock.js';
import type { LedgerPort } from '../ledger-port.js';
import { type LedgerView, openLedgerView, type ViewStanding } from '../ledger-view.js';
import type { SecretBox } from '../secret-box.js';
import { createArchiveFollower } from './archive-follower.js';
import { createArchiveWatch } from './archive-watch.js';
import { type Authorise, createAuthoriser, decoyStudy } from './authorise.js';
import { createDirectoryEntry, type DirectoryEntry } from './directory-entry.js';
import { createAccessLogs } from './access-log.js';
import { createEras } from './eras.js';
import { type Disclosure, type DisclosureFilter, disclosuresOf } from './disclosures.js';
import { createRefusalCount } from './refusal-count.js';
import { createInvitations, currentStudy, type Invitations } from './invitations.js';
import { createOrderLook, type OrderOriginState } from './order-look.js';
import { openOrders } from './orders.js';
import { createClaimSpread } from './claim-spread.js';
import { createPublisher } from './publisher.js';
import { createReplayStore } from './replay-store.js';
import { createDesk, type Desk } from './desk.js';
import { openEmergencies } from './emergencies.js';
import { heldUntil } from './replacements.js';
import { createStandingLinks } from './standing-links.js';
import { readStudyFacts } from './study-facts.js';
import { openWrongPatients } from './wrong-patients.js';
import { createOpenSnapshots } from './open-snapshots.js';
import { createOpenStudy, type RetrievalPolicy } from './open-study.js';
import { createReaderLimits, type OpenWithinLimits } from './reader-limits.js';
import { createRetrieve } from './serving.js';
import { openServedKeys } from './served-keys.js';
import { type StudyRecord, studyRecords } from './source-records.js';
import { createRetrievalAudit, type RetrievalAudit } from './retrieval-audit.js';
import { createStudySecrets } from './study-secrets.js';
import { openSuspensions } from './suspensions.js';
import { createTransferPlaces, type TransferPlaces } from './transfer-places.js';
import { createTransfers, type Transfers } from './transfers.js';
import { openWithdrawnKeys } from './withdrawn-keys.js';

export interface ImageSourceOptions {
  /** Any `abstract-level` database; this process is its only user. */
  readonly database: ExchangeDatabase;
  readonly secretBox: SecretBox;
  /** The operator's own node. */
  readonly ledger: LedgerPort;
  /** Where every retrieval is recorded: `openAuditTrail`, or the site's own. */
  readonly audit: Audit;
  /** Where the studies are. */
  readonly connector: PacsConnector;
  /** The source's current signing key. */
  readonly signer: Signer;
  /** The source id; default the signing key, which it is until the first rotation. */
  readonly source?: Uint8Array;
  /** Address of the patient-facing API: https, or http on loopback. */
  readonly gatewayApi: string;
  /** The wallet page that opens invitations, without a fragment; default `<gatewayApi>/`. */
  readonly walletPage?: string;
  /** Base URL for Define Source: https; ITI-43 is at `<baseUrl>/xds/iti43`. */
  readonly baseUrl: string;
  /** SHA-256 of the SubjectPublicKeyInfo of each TLS key in use, 1 to 3; a function when they change while the source runs. */
  readonly tlsPins: readonly Uint8Array[] | (() => readonly Uint8Array[]);
  /** Work asked of a source that genesis does not name; default 0. */
  readonly workBits?: number;
  /** Documents that one key may ask for by ITI-43 a minute, default 600; by DICOMweb ten times as many studies. */
  readonly requestsPerMinute?: number;
  /**
   * Documents and studies a minute that are asked for by keys that may not have them, default 1200: a twentieth of them from one address, and
   * by one key. Each costs the node two reads.
   */
  readonly missesPerMinute?: number;
  /**
   * Answers under way at a time, of both protocols, default 256, and no more than the archive gives to read at a time. An eighth of them,
   * at least one, is for one key. Further ones wait 20 s for their turn.
   */
  readonly transfersMax?: number;
  /** A rule of the site beyond the ledger's, for every retrieval: default none. */
  readonly policy?: RetrievalPolicy;
  /** Longest age of a ledger view that still serves; default 60 000. */
  readonly viewAgeMsMax?: number;
  /** Longest age of a view that counts while the network has proven that it stands still; default a day, 0 for none. */
  readonly haltedMsMax?: number;
  /** How long a study of the archive must stay as it is before it is offered, and before late images are amended, in ms; default 0. */
  readonly settleMs?: number;
  /** How long a published study must be missing in the archive before it is retired, in ms; default never. */
  readonly purgedMs?: number;
  /** Where the worklist knows from what was ordered; default nowhere. */
  readonly orders?: {
    /** Each with a name of its own. */
    readonly origins: readonly OrderOrigin[];
    /** Whose accession numbers those are that name no issuer, of orders and of studies in the archive; default nobody's. */
    readonly issuer?: string;
    /** How long an order is kept after it was last given, and after it was to take place, in ms; default 30 days. */
    readonly keepMs?: number;
  };
  /** Sends new studies of patients with a standing link by itself, `releaseMs` after they are whole; default: only the desk does. */
  readonly sendsByItself?: { readonly releaseMs: number };
  /**
   * Of what one patient claims within this time, in ms, the first is published at once, each further study at a random time of as long a
   * span: what arrives together on the ledger is seen to be one person's. Default 0: all at once.
   */
  readonly spreadClaimsMs?: number;
  /** Told when the view becomes fresh, halted or stale. */
  readonly onStanding?: (standing: ViewStanding) => void;
  /** Whom the operator knows, by key in hex: names in the accounting of disclosures. */
  readonly receiverNames?: ReadonlyMap<string, string>;
  /** Break-glass: keys of whom the desk may release a study to without the patient's word; default nobody. */
  readonly emergencyReceivers?: readonly Uint8Array[];
  /** Told of each document that is served on such a view. */
  readonly onServedHalted?: () => void;
  /** The clock, Unix ms; default the system's. */
  readonly now?: () => number;
  /** Told of failures that are tried again or answered elsewhere; never holds patient data. */
  readonly onFailure?: (error: unknown) => void;
  /** Told of every durable change of a study. */
  readonly onStudyChange?: (study: WorklistEntry) => void;
}

export type WorklistState =
  | 'arriving'
  | 'draft'
  | 'invited'
  | 'claimed'
  | 'planned'
  | 'submitted'
  | 'published'
  | 'amending'
  | 'retiring'
  | 'retired'
  | 'failed';

/** A study of the archive and how far it is. */
export interface WorklistEntry {
  readonly studyInstanceUid: string;
  /** As far as the archive knows without opening the study. */
  readonly instances: number;
  readonly state: WorklistState;
  readonly studyId: Uint8Array | undefined;
  /** When Define Study was finalized. */
  readonly height: number | undefined;
  readonly label: string | undefined;
  /** Why it failed, or why it waits. */
  readonly code: string | undefined;
}

/** A study of the archive with what was ordered of it, or an order whose images are not there yet. Holds patient data. */
export interface Appointment {
  /** Undefined: expected. */
  readonly study: WorklistEntry | undefined;
  /** Several, when one study was made for several orders: they should name one patient. */
  readonly orders: readonly Order[];
}

const ORDERS_KEPT_MS = 30 * 86_400_000;

/** A viewer asks for each instance by itself: so many times more requests than of ITI-43 are within a limit. */
export const DICOMWEB_REQUESTS_FACTOR = 10;
/** With two reads each, less than half of what a node answers one address by default. */
const MISSES_PER_MINUTE = 1_200;
const TRANSFERS_MAX = 256;

/** The same studies for whoever signs HTTP requests. */
export interface DicomwebPort {
  /** Where a request may be addressed to: the base URL on the ledger, and the patient-facing API. */
  readonly baseUrls: readonly string[];
  readonly repositoryUniqueId: string;
  readonly replay: ReplayStore;
  readonly openStudy: OpenWithinLimits;
  readonly audit: RetrievalAudit;
  readonly places: TransferPlaces;
  readonly now: () => number;
}

export interface ImageSource extends Pick<Invitations, 'claim'> {
  /** The source id: also the repositoryUniqueId, in hex on the wire. */
  readonly source: Uint8Array;
  readonly signingKey: Uint8Array;
  readonly chainId: Uint8Array;
  readonly view: LedgerView;
  readonly directory: Pick<DirectoryEntry, 'define' | 'move' | 'state'>;
  /** Suspensions that hold now. */
  readonly suspended: number;
  readonly authorise: Authorise;
  /** The ITI-43 URL that requests must be addressed to. */
  readonly endpointUrl: string;
  /** What `@radledger/iti43/server` needs to serve this source. */
  readonly repository: Pick<DocumentRepositoryOptions, 'endpointUrl' | 'repositoryUniqueId' | 'retrieve' | 'now'> & {
    readonly replay: ReplayStore;
  };
  /** What `createDicomwebHandler` needs to serve this source. */
  readonly dicomweb: DicomwebPort;
  worklist(): AsyncIterable<WorklistEntry>;
  /** The worklist with the orders that its studies were made for, and at its end those that have no images yet. */
  appointments(): AsyncIterable<Appointment>;
  /** Looks once at the origin of orders of this name, else at each. To be called every minute or so. */
  lookForOrders(origin?: string): Promise<void>;
  /** How the origins of orders do, and how many orders are kept. */
  readonly orders: { readonly kept: number; readonly origins: readonly OrderOriginState[] };
  /**
   * Looks once at the whole archive: notices new studies, amends those with late images, retires those that were purged. To be called
   * every minute or so; nothing new is published by it.
   * @throws {ImagingError} what listing the archive throws
   */
  lookAtArchive(): Promise<void>;
  /** @throws {ExchangeError} `STUDY_NOT_FOUND` | `STUDY_TAKEN`; {HandoverError} `TEXT_REFUSED` */
  invite: Invitations['invite'];
  /** @throws {ExchangeError} see `createStudySecrets` */
  studySecret(requestBytes: Uint8Array): Promise<Uint8Array>;
  /** Who looked, sealed to the owner or her delegate. @throws {ExchangeError} see `createAccessLogs` */
  accessLog(requestBytes: Uint8Array): Promise<Uint8Array>;
  /** To whom studies were given. Holds patient data. */
  disclosures(filter: DisclosureFilter): AsyncIterable<Disclosure>;
  /** Serves nobody under a key any more that its holder withdrew. @throws {ExchangeError} see `openWithdrawnKeys` */
  withdrawKey(statement: Uint8Array, studyId: Uint8Array): Promise<void>;
  /** Told of each request that was refused before anybody knew whose it is: the audit trail gets one line a minute of them. */
  countRefusal(): void;
  /** Takes a recipient's receipt for a study that was sent. @throws {ExchangeError} see `Transfers` */
  exchangeReceipts: Transfers['exchangeReceipts'];
  /** Every study that was sent, with both receipts. */
  transfers: Transfers['list'];
  amend(studyInstanceUid: string): Promise<{ readonly txId: Uint8Array; readonly content: Uint8Array }>;
  retire(studyInstanceUid: string, reason: RetireReason): Promise<{ readonly txId: Uint8Array }>;
  retry(studyInstanceUid: string): Promise<void>;
  /** Standing links, mailboxes, wrong patients, replaced access, the privacy office. */
  readonly desk: Desk;
  close(): Promise<void>;
}

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
    isWrongPatient,
    isEmergency,
    source,
    now,
  });
  const links = createStandingLinks({ store, lock, now });
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
  const invitations = createInvitations({
    store,
    lock,
    identity,
    now,
    gatewayApi: options.gatewayApi,
    walletPage: options.walletPage ?? `${options.gatewayApi}/`,
    onClaimed,
    keysLeft: (studyId, prekeys) => links.begin(studyId, prekeys),
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
    emergencies,
    audit: options.audit,
    endpointUrl,
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
    async invite(input) {
      await mustExist(connector, input.studyInstanceUid);
      return invitations.invite(input);
    },
    claim: (claimBytes) => invitations.claim(claimBytes),
    studySecret,
    accessLog: (requestBytes) => accessLogs.answer(requestBytes),
    disclosures: (filter) => disclosuresOf(store, filter, options.receiverNames ?? new Map()),
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
  const nothing = { studyId: undefined, height: undefined, label: undefined, code: undefined };
  return { studyInstanceUid, instances, state, ...nothing };
}

function entryOf(study: StudyRecord, instances: number): WorklistEntry {
  const { studyInstanceUid, studyId, height, label, failure } = study;
  return { studyInstanceUid, instances, state: stateOf(study), studyId, height, label, code: failure };
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
