/** What an image recipient is given and what it does: the contract of `openImageRecipient`. */
import type { ImportLimits, ImportPolicy, LocalPatient, StudySink } from '@radledger/imaging';
import type { ClientCertificate } from '@radledger/iti43/client';
import type { Signer } from '@radledger/primitives';
import type { Audit } from '../audit/audit-trail.js';
import type { ExchangeDatabase } from '../exchange-store.js';
import type { LedgerPort } from '../ledger-port.js';
import type { LedgerView, ViewStanding } from '../ledger-view.js';
import type { SecretBox } from '../secret-box.js';
import type { EndpointGuardOptions } from './endpoint-guard.js';
import type { Reconcile } from './matching.js';
import type { QuarantineDesk } from './quarantine-desk.js';
import type { Receipts } from './receipts.js';
import type { RetrievalState } from './recipient-records.js';
import type { RefusedLimits } from './refused-studies.js';
import type { QuarantineLimits } from './waiting-studies.js';

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
  /** Holds studies until they are checked, and what arrived of broken transfers; belongs to this recipient alone. */
  readonly quarantineFolder: string;
  /** Address of the patient-facing API: https, or http on loopback. */
  readonly gatewayApi: string;
  /** The wallet page that opens requests, without a fragment; default `<gatewayApi>/`. */
  readonly walletPage?: string;
  /** What the practice calls itself in its requests, e.g. "Lakeside Orthopaedics": one plain line; default nothing. */
  readonly displayName?: string;
  readonly endpointGuard?: EndpointGuardOptions;
  /** Shown to sources that ask who calls (mutual TLS, as sites under IHE ATNA demand it); default none. */
  readonly clientCertificate?: ClientCertificate | undefined;
  readonly importLimits?: Partial<ImportLimits>;
  /** What may be filed: transfer syntaxes, SOP classes, preambles; default that of `imaging`. */
  readonly importPolicy?: Partial<ImportPolicy>;
  /** Files studies under the recipient's own patients, or lets them wait for a person; default: under the patient that the source names. */
  readonly reconcile?: Reconcile;
  /** How much may wait in quarantine for a person, and for how long. */
  readonly quarantineLimits?: Partial<QuarantineLimits>;
  /** How much of refused studies is kept to be looked into, and for how long. */
  readonly refusedLimits?: Partial<RefusedLimits>;
  /** Most transfers at a time; the others wait their turn; default 4. */
  readonly transfersMax?: number;
  /** After how long a source that is busy is asked again, up to 20 times; default 30 000. */
  readonly busyWaitMs?: number;
  /** Largest response of a source; default 64 GiB. */
  readonly responseBytesMax?: number;
  /** Most bytes of broken transfers that are held in quarantine for another try, for 7 days; default 64 GiB, 0 for none. */
  readonly heldBytesMax?: number;
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
  /** By the newest transfer: what was here before it does not count. */
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

/** Of one transfer; a restart forgets `by`. */
export interface FetchWish {
  /** One of the request's; default all of them. */
  readonly retrievalId?: string | undefined;
  /** How to fetch what nothing has arrived of; default `iti-43`. From a source without DICOMweb it is ITI-43 in any case. */
  readonly by?: 'iti-43' | 'dicomweb' | undefined;
}

export interface ImageRecipient {
  readonly recipientKey: Uint8Array;
  readonly chainId: Uint8Array;
  readonly view: LedgerView;
  /**
   * Makes an image request with a box of its own.
   * @param input.reason - shown to the patient: one plain line of at most 200 bytes
   * @param input.clinician - who asks, shown to the patient before the name of the practice; both at most 128 bytes
   * @param input.patient - whom the recipient's own archive knows her as: what arrives is compared with it; never sent
   * @throws {HandoverError} `TEXT_REFUSED`; {ImagingError} `LOCAL_PATIENT_REFUSED`
   */
  request(input: {
    readonly reason: string;
    readonly wantedUntilMs: number;
    readonly clinician?: string | undefined;
    readonly patient?: LocalPatient | undefined;
  }): Promise<{ readonly requestId: string; readonly link: string; readonly expiresAtMs: number }>;
  requests(): Promise<readonly RequestStatus[]>;
  /** @throws {ExchangeError} `REQUEST_UNKNOWN` */
  requestStatus(requestId: string): Promise<RequestStatus>;
  /** The state now and after each change, until `signal` aborts. @throws {ExchangeError} `REQUEST_UNKNOWN` */
  watchRequest(requestId: string, signal: AbortSignal): AsyncIterable<RequestStatus>;
  /** Takes a sealed notice into a box; it is opened afterwards. @throws {ExchangeError} `BOX_UNKNOWN` | `BOX_FULL` | `TOO_LARGE` */
  takeNotice(boxId: string, sealed: Uint8Array): Promise<void>;
  /**
   * Starts to fetch what is allowed or failed before; returns when the start is durable. What arrived of a transfer that broke is used
   * again: the rest comes by DICOMweb, or from a source without it the whole.
   * @throws {ExchangeError} `REQUEST_UNKNOWN` | `NOTHING_TO_FETCH`
   */
  fetch(requestId: string, wish?: FetchWish): Promise<RequestStatus>;
  /**
   * Withdraws the recipient key for ever and tells the source of each notice; nothing is asked for or fetched under it from now on. To be
   * called again until nobody is left.
   */
  withdrawKey(): Promise<{
    readonly told: number;
    readonly left: readonly { readonly source: Uint8Array; readonly code: string }[];
  }>;
  /** Studies that wait for a person. */
  readonly quarantine: QuarantineDesk;
  /** Every study that was received, with both receipts. */
  receipts: Receipts['list'];
  /** Ends transfers; they go on after the next start. */
  close(): Promise<void>;
}
