/** What an image source is given and what it does: the contract of `openImageSource`. */
import type { IdentityCheck } from '@radledger/handover';
import type { Order, OrderOrigin, PacsConnector } from '@radledger/imaging';
import type { DocumentRepositoryOptions, ReplayStore } from '@radledger/iti43/server';
import type { Signer } from '@radledger/primitives';
import type { RetireReason } from '@radledger/transactions';
import type { Audit } from '../audit/audit-trail.js';
import type { ExchangeDatabase } from '../exchange-store.js';
import type { LedgerPort } from '../ledger-port.js';
import type { LedgerView, ViewStanding } from '../ledger-view.js';
import type { SecretBox } from '../secret-box.js';
import type { Authorise } from './authorise.js';
import type { Desk } from './desk.js';
import type { DirectoryEntry } from './directory-entry.js';
import type { Disclosure, DisclosureFilter } from './disclosures.js';
import type { CreatedInvitation, DisclosureOptions, InvitationInput, Invitations } from './invitations.js';
import type { RetrievalPolicy } from './open-study.js';
import type { OrderOriginState } from './order-look.js';
import type { OpenWithinLimits } from './reader-limits.js';
import type { RetrievalAudit } from './retrieval-audit.js';
import type { TransferPlaces } from './transfer-places.js';
import type { Transfers } from './transfers.js';

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
  /** Signed requests of one owner's key a minute, of all kinds together; default 60. */
  readonly ownerRequestsPerMinute?: number;
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
  /** How long the accounting names to whom a study was given after the study was erased, in years from each time; default 6. */
  readonly disclosuresKeptYears?: number;
  /** How patients are identified whom an invitation says nothing else of; default none: each invitation says it. */
  readonly identityCheckedBy?: IdentityCheck | undefined;
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
  /** How its patient was identified; of a study that was sent, when she left the keys. */
  readonly identityCheckedBy: IdentityCheck | undefined;
}

/** A study of the archive with what was ordered of it, or an order whose images are not there yet. Holds patient data. */
export interface Appointment {
  /** Undefined: expected. */
  readonly study: WorklistEntry | undefined;
  /** Several, when one study was made for several orders: they should name one patient. */
  readonly orders: readonly Order[];
}

/** A viewer asks for each instance by itself: so many times more requests than of ITI-43 are within a limit. */
export const DICOMWEB_REQUESTS_FACTOR = 10;
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
  /**
   * Invites a patient to claim a study.
   * @param input.identityCheckedBy - default the source's own
   * @throws {ExchangeError} `STUDY_NOT_FOUND` | `STUDY_TAKEN` | `MALFORMED_REQUEST` when nothing says how she was identified |
   *   `AUDIT_UNWRITABLE`; {HandoverError} `TEXT_REFUSED`
   */
  invite(
    input: Omit<InvitationInput, 'identityCheckedBy'> & { readonly identityCheckedBy?: IdentityCheck | undefined },
  ): Promise<CreatedInvitation>;
  /** @throws {ExchangeError} see `createStudySecrets` */
  studySecret(requestBytes: Uint8Array, options?: DisclosureOptions): Promise<Uint8Array>;
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
