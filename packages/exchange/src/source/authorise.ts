/** Who may retrieve what: the checks of a source, in one place. Spec: docs/spec/gateway-api.md, section 3. */
import { isLive, type StudyCell } from '@radledger/chain';
import { equalBytes, fromHex, isStrictPublicKey, randomBytes, toHex } from '@radledger/primitives';
import { openingOf, recipientTag } from '@radledger/transactions';
import type { Decoy, ExchangeStore } from '../exchange-store.js';
import type { LedgerView } from '../ledger-view.js';
import type { CellPair } from '../pair-cache.js';
import { type StudyRecord, studyRecords } from './source-records.js';
import type { Suspensions } from './suspensions.js';

/** A request for one study by the holder of one key, already verified as signed by that key. */
export interface ReadRequest {
  readonly studyId: Uint8Array;
  /** The key that signed, 32 bytes. */
  readonly signer: Uint8Array;
}

/** What allows a reading: the ledger, or in an `emergency` the source alone. */
export type Basis = 'grant' | 'owner' | 'delegate' | 'emergency';

export type Verdict =
  /** `content` is what the ledger says the study is now. */
  | {
      readonly allowed: true;
      readonly study: StudyRecord;
      readonly content: Uint8Array;
      /** The ledger's, which the gateway may not know yet: whose time the reading belongs to. */
      readonly era: number;
      readonly basis: Basis;
      /** `halted`: decided on an old view while the network stands still, which audits must show. */
      readonly standing: 'fresh' | 'halted';
    }
  | { readonly allowed: false; readonly reason: 'stale-view' | 'refused' };

export interface AuthoriserOptions {
  readonly store: ExchangeStore;
  readonly view: LedgerView;
  readonly suspensions: Suspensions;
  readonly isWithdrawn: (key: Uint8Array) => boolean;
  /** Whether a study was given to the wrong patient, or is to be erased: nobody reads it. */
  readonly isEnding: (studyId: Uint8Array) => boolean;
  /** Whether the source lets this key read without the patient's word. */
  readonly isEmergency: (studyId: Uint8Array, key: Uint8Array) => boolean;
  readonly source: Uint8Array;
  readonly now: () => number;
}

export type Authorise = (request: ReadRequest) => Promise<Verdict>;

/**
 * Makes the function that decides about every retrieval. For an unknown study, a reader without a grant and a reader whose
 * grant has ended it does the same reads and the same hashes, so that its cost tells nothing.
 */
export async function createAuthoriser(options: AuthoriserOptions): Promise<Authorise> {
  const { store, view, suspensions, now } = options;
  const decoy: Decoy<StudyRecord> = await store.createDecoy(studyRecords, decoyStudy());

  return async ({ studyId, signer }) => {
    // An old view serves nobody, whatever is asked for; but for a network that has proven that it stands still.
    if (!view.isUsable()) return { allowed: false, reason: 'stale-view' };

    const { found, value: study } = await store.getOrDecoy(studyRecords, toHex(studyId), decoy);
    const era = study.grantSalts.length - 1;
    const tag = tagOf(study, era, signer);
    const cells = await view.cells(studyId, tag);

    const allowed = readingBasis({ cells, era, signer, finalizedTimestampMs: view.head.timestampMs, nowMs: now() });
    const isEmergency = options.isEmergency(studyId, signer) && cells.study?.retired === undefined;
    const basis = allowed ?? (isEmergency ? 'emergency' : undefined);
    const isServed = found && study.state === 'published' && study.pending?.kind !== 'retire-study';
    const isSuspended = suspensions.covers(studyId, tag) || options.isEnding(studyId);
    const isKey = isStrictPublicKey(signer) && !options.isWithdrawn(signer);
    // Reading the cells took time: the view must still be usable when the decision falls.
    const standing = view.standing();
    if (standing === 'stale') return { allowed: false, reason: 'stale-view' };
    if (!isKey || !isServed || isSuspended || basis === undefined || cells.study === undefined) {
      return { allowed: false, reason: 'refused' };
    }
    const { content, era: ledgerEra } = cells.study;
    return { allowed: true, study, content, era: ledgerEra, basis, standing };
  };
}

/** The name under which the ledger knows `signer` in an era of a study. */
export function tagOf(study: Pick<StudyRecord, 'grantSalts'>, era: number, signer: Uint8Array): Uint8Array {
  return recipientTag(openingOf(study.grantSalts[era] ?? UNUSED_SALT, signer), signer);
}

/**
 * Why finalized cells allow `signer` to read; `undefined` when they do not. Pure. The gateway's own era must be the
 * ledger's: a grant salt of an era that has ended opens nothing.
 */
export function readingBasis(input: {
  readonly cells: CellPair;
  readonly era: number;
  readonly signer: Uint8Array;
  readonly finalizedTimestampMs: number;
  readonly nowMs: number;
}): 'grant' | 'owner' | 'delegate' | undefined {
  const { signer, finalizedTimestampMs, nowMs } = input;
  const { study, grant } = input.cells;
  if (study === undefined || study.retired !== undefined) return undefined;
  const role = roleOf(study, signer, Math.max(finalizedTimestampMs, nowMs));
  if (role !== undefined) return role;
  if (study.era !== input.era || grant === undefined) return undefined;
  return isLive({ study, grant, finalizedTimestampMs, nowMs }) ? 'grant' : undefined;
}

/** What a key is to a study without a grant: its owner's, or her delegate's before her end. */
export function roleOf(
  { owner, delegate }: Pick<StudyCell, 'owner' | 'delegate'>,
  key: Uint8Array,
  atMs: number,
): 'owner' | 'delegate' | undefined {
  if (equalBytes(owner, key)) return 'owner';
  return delegate !== undefined && equalBytes(delegate.key, key) && delegate.notAfterMs > atMs ? 'delegate' : undefined;
}

/** What a documentUniqueId of this source names. */
export interface DocumentName {
  readonly studyId: Uint8Array;
  readonly part: 'file-set' | 'manifest';
}

const DOCUMENT_UNIQUE_ID = /^([0-9a-f]{64})(\.manifest)?$/;

/** Reads `<studyId>` or `<studyId>.manifest`; any other id gets a name that no study has, and costs the same from here on. */
export function readDocumentUniqueId(documentUniqueId: string): DocumentName {
  const match = DOCUMENT_UNIQUE_ID.exec(documentUniqueId);
  return {
    studyId: match?.[1] === undefined ? randomBytes(32) : fromHex(match[1]),
    part: match?.[2] === undefined ? 'file-set' : 'manifest',
  };
}

const UNUSED_SALT = randomBytes(32);

/** A study that nobody has: what is read in place of one that does not exist. */
export function decoyStudy(): StudyRecord {
  return {
    format: 1,
    studyId: randomBytes(32),
    studyInstanceUid: '2.25.0',
    label: '',
    secret: randomBytes(32),
    grantSalts: [randomBytes(32)],
    invitationId: randomBytes(16),
    state: 'retired',
    claim: undefined,
    ownerNote: undefined,
    content: undefined,
    pending: undefined,
    height: undefined,
    failure: undefined,
    publishAtMs: undefined,
    identity: undefined,
  };
}
