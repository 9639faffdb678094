/** Invitations and their claims. Spec: docs/spec/gateway-api.md, section 1; docs/spec/links.md, sections 4 to 6. */
import {
  type AcceptedKey,
  type CheckedIdentity,
  type Claim,
  createInvitation,
  decodeClaim,
  encodeInvitationLink,
  generateInvitationCode,
  HandoverError,
  type IdentityCheck,
  sealClaimReply,
  validatePlainText,
  verifyClaim,
} from '@radledger/handover';
import { equalBytes, equalSecrets, fromHex, randomBytes, toHex, utf8 } from '@radledger/primitives';
import { studyIdOf, studySalts } from '@radledger/transactions';
import { ExchangeError } from '../errors.js';
import { type Change, type ExchangeStore, put, remove } from '../exchange-store.js';
import type { KeyedLock } from '../keyed-lock.js';
import type { DeskAudit } from './desk-audit.js';
import {
  type InvitationRecord,
  invitationRecords,
  planRecords,
  type StudyRecord,
  studyRecords,
  workRecords,
  worklistRecords,
} from './source-records.js';
import type { SourceIdentity } from './source-identity.js';

/** How long an invitation can be claimed. */
export const INVITATION_LIFETIME_MS = 14 * 24 * 3_600_000;
/** Wrong codes that an invitation bears in its life. */
export const WRONG_TRIES_MAX = 5;

export interface InvitationsOptions {
  readonly store: ExchangeStore;
  readonly lock: KeyedLock;
  readonly identity: SourceIdentity;
  /** Address of the patient-facing API, as it stands in links. */
  readonly gatewayApi: string;
  /** The wallet page that opens invitations, without a fragment. */
  readonly walletPage: string;
  readonly now: () => number;
  /** Told of a study that was claimed: publishing starts. */
  readonly onClaimed: (studyId: Uint8Array) => void;
  /** Keeps the keys for repeat visits that came with a first claim, in its batch. */
  readonly keysLeft: (
    study: Pick<StudyRecord, 'studyId' | 'identity'>,
    prekeys: readonly AcceptedKey[],
  ) => readonly Change[];
  readonly deskAudit: DeskAudit;
  /** Whether a study was given to the wrong patient: its invitation is void. */
  readonly isWrongPatient: (studyId: Uint8Array) => boolean;
  /** Until when a study cannot be claimed yet, Unix ms. */
  readonly heldUntil: (studyId: Uint8Array) => Promise<number | undefined>;
}

export interface CreatedInvitation {
  /** 32 hex. */
  readonly invitationId: string;
  readonly link: string;
  /** Six digits, to travel apart from the link. */
  readonly code: string;
  readonly expiresAtMs: number;
}

export interface InvitationInput {
  readonly studyInstanceUid: string;
  /** What the patient is shown, one plain line of at most 128 bytes. */
  readonly label: string;
  /** How the source knows who she is. */
  readonly identityCheckedBy: IdentityCheck;
}

/** What a patient's app can read: 2 says how the source knew who she is; default 1. */
export interface DisclosureOptions {
  readonly disclosureFormat?: 1 | 2;
}

/** An invitation as it was issued. */
export interface FoundInvitation extends CreatedInvitation {
  /** When its waiting time is over, Unix ms; undefined when there is none. */
  readonly availableAtMs: number | undefined;
}

export interface Invitations {
  /**
   * Makes an invitation with a fresh study secret; an earlier unclaimed one for the study is void from then on. How the patient was
   * identified is in the audit trail before anybody has the link.
   * @throws {ExchangeError} `STUDY_TAKEN` when the study is claimed or published | `AUDIT_UNWRITABLE`; {HandoverError} `TEXT_REFUSED`
   */
  invite(input: InvitationInput): Promise<CreatedInvitation>;
  /**
   * Judges a claim and accepts the first good one.
   * @returns the sealed reply; to a claim that was answered already the same, in whatever format
   * @throws {ExchangeError} `MALFORMED_CLAIM` | `INVITATION_UNKNOWN` | `INVITATION_EXPIRED` | `PROOF_INVALID` |
   *   `WRONG_CODE` | `NOT_YET` | `INVITATION_CLAIMED`
   */
  claim(claimBytes: Uint8Array, options?: DisclosureOptions): Promise<Uint8Array>;
  /**
   * An invitation that can still be claimed, as it was made: to be printed.
   * @param invitationId - 32 hex
   * @throws {ExchangeError} `INVITATION_UNKNOWN` | `INVITATION_EXPIRED` | `INVITATION_CLAIMED`
   */
  find(invitationId: string): Promise<FoundInvitation>;
  /** An invitation with a fresh study secret that nobody knows of before its changes are committed. @throws {ExchangeError} `AUDIT_UNWRITABLE` */
  draft(input: InvitationInput): Promise<{
    readonly studyId: Uint8Array;
    readonly created: CreatedInvitation;
    readonly changes: readonly Change[];
  }>;
}

export function createInvitations(options: InvitationsOptions): Invitations {
  const { store, lock, identity, now } = options;
  const { chainId, source } = identity;

  const draft: Invitations['draft'] = async ({ studyInstanceUid, label, identityCheckedBy }) => {
    const { gatewayApi } = options;
    const invitation = createInvitation({ chainId, gatewayApi, source, expiresAtMs: now() + INVITATION_LIFETIME_MS });
    const { invitationId, expiresAtMs } = invitation;
    const code = generateInvitationCode();
    const identity = { checkedBy: identityCheckedBy, checkedAtMs: now() };
    const study = { ...newStudy({ source, studyInstanceUid, label, invitationId }), identity };
    const { studyId } = study;
    await options.deskAudit({ kind: 'invited', studyId, identityCheckedBy });
    const record: InvitationRecord = {
      format: 1,
      studyId,
      secret: invitation.secret,
      code,
      createdAtMs: now(),
      expiresAtMs,
      wrongTries: 0,
      closed: false,
    };
    const id = toHex(invitationId);
    const link = encodeInvitationLink(invitation, options.walletPage);
    return {
      studyId,
      created: { invitationId: id, link, code, expiresAtMs },
      changes: [put(studyRecords, toHex(studyId), study), put(invitationRecords, id, record)],
    };
  };

  return {
    draft,
    async find(invitationId) {
      const record = INVITATION_ID.test(invitationId) ? await store.get(invitationRecords, invitationId) : undefined;
      if (record === undefined || record.closed) throw unknownInvitation();
      const { secret, code, expiresAtMs } = record;
      if (now() >= expiresAtMs) throw expired();
      if ((await store.get(studyRecords, toHex(record.studyId)))?.claim !== undefined) throw claimed();
      const { gatewayApi, walletPage } = options;
      const invitation = { chainId, gatewayApi, source, invitationId: fromHex(invitationId), secret, expiresAtMs };
      const availableAtMs = await options.heldUntil(record.studyId);
      return { invitationId, link: encodeInvitationLink(invitation, walletPage), code, expiresAtMs, availableAtMs };
    },
    invite: ({ studyInstanceUid, label, identityCheckedBy }) => {
      validatePlainText(label, { field: 'label', bytesMax: 128 });
      const worklistId = store.pseudonymOf(studyInstanceUid);
      return lock(`worklist/${worklistId}`, async () => {
        const older = await currentStudy(store, studyInstanceUid);
        if (older !== undefined && !isReplaceable(older)) {
          throw new ExchangeError({ code: 'STUDY_TAKEN' }, 'the study is claimed or published; retire it first');
        }
        const { studyId, created, changes } = await draft({ studyInstanceUid, label, identityCheckedBy });
        await store.commit([
          ...(older === undefined ? [] : await erasureOf(store, older)),
          ...changes,
          put(worklistRecords, worklistId, studyId),
        ]);
        return created;
      });
    },

    async claim(claimBytes, reading) {
      const claim = readClaim(claimBytes);
      const id = toHex(claim.invitationId);
      // One at a time for an invitation: tries that arrive together are counted like tries that follow each other.
      return lock(`invitation/${id}`, async () => {
        const record = await store.get(invitationRecords, id);
        if (record === undefined || record.closed || options.isWrongPatient(record.studyId)) throw unknownInvitation();
        await proveClaim(claim, record);
        if (now() >= record.expiresAtMs) throw expired();
        await judgeCode(id, record, claim.code);
        const availableAtMs = await options.heldUntil(record.studyId);
        if (availableAtMs !== undefined) {
          throw new ExchangeError({ code: 'NOT_YET', availableAtMs }, 'the waiting time is not over; try again then');
        }
        const reply = await lock(`study/${toHex(record.studyId)}`, () => acceptClaim(claim, record, reading));
        options.onClaimed(record.studyId);
        return reply;
      });
    },
  };

  async function proveClaim(claim: Claim, { secret, expiresAtMs }: InvitationRecord): Promise<void> {
    const { invitationId } = claim;
    try {
      await verifyClaim(claim, { chainId, gatewayApi: options.gatewayApi, invitationId, secret, source, expiresAtMs });
    } catch (cause) {
      if (!(cause instanceof HandoverError)) throw cause;
      if (cause.code !== 'SIGNATURE_INVALID') throw unknownInvitation(cause);
      throw new ExchangeError({ code: 'PROOF_INVALID' }, 'a signature of the claim does not hold', { cause });
    }
  }

  async function judgeCode(id: string, record: InvitationRecord, code: string): Promise<void> {
    // The try is on disk before the digits are looked at: pulling the plug gives no free guess.
    const wrongTries = record.wrongTries + 1;
    const counted = { ...record, wrongTries, closed: wrongTries >= WRONG_TRIES_MAX };
    await store.commit([put(invitationRecords, id, counted)]);
    if (!equalSecrets(utf8(code), utf8(record.code))) {
      const triesLeft = WRONG_TRIES_MAX - wrongTries;
      throw new ExchangeError({ code: 'WRONG_CODE', triesLeft }, `the code is wrong; ${triesLeft} tries left`);
    }
    await store.commit([put(invitationRecords, id, record)]);
  }

  async function acceptClaim(
    claim: Claim,
    { studyId }: InvitationRecord,
    reading?: DisclosureOptions,
  ): Promise<Uint8Array> {
    const study = await store.get(studyRecords, toHex(studyId));
    if (study === undefined) throw unknownInvitation();
    if (study.claim !== undefined) {
      if (!equalBytes(study.claim.ownerKey, claim.ownerKey)) throw claimed();
      if (equalBytes(study.claim.claimHash, claim.claimHash)) return study.claim.reply;
    }
    const { studySalt, contentSalt } = studySalts(study.secret);
    const grantSalt = study.grantSalts[0];
    if (grantSalt === undefined) throw unknownInvitation();
    const reply = await sealClaimReply({
      claim,
      signer: identity.signer,
      disclosure: {
        source,
        studyId,
        ownerKey: claim.ownerKey,
        era: 0,
        studySalt,
        contentSalt,
        grantSalt,
        studyInstanceUid: study.studyInstanceUid,
        label: study.label,
        issuedAtMs: now(),
        ...identityFor(study, claim, reading),
      },
    });
    const { ownerKey, acceptance, prekeys, claimHash } = claim;
    const first = study.claim === undefined;
    await store.commit([
      put(studyRecords, toHex(studyId), {
        ...study,
        ...(first ? { state: 'claimed' as const } : {}),
        claim: { ownerKey, acceptance, prekeys, claimHash, reply },
      }),
      // In the same batch: a stop right behind it must not leave a claim that nobody publishes.
      ...(first ? [put(workRecords, toHex(studyId), 0 as const), ...options.keysLeft(study, prekeys)] : []),
    ]);
    return reply;
  }
}

/** A study that nobody has claimed, with a fresh study secret. */
export function newStudy(input: {
  readonly source: Uint8Array;
  readonly studyInstanceUid: string;
  readonly label: string;
  readonly invitationId: Uint8Array;
}): StudyRecord {
  const { source, ...named } = input;
  const secret = randomBytes(32);
  const { studySalt, grantSalt } = studySalts(secret);
  return {
    format: 1,
    studyId: studyIdOf({ source, studySalt, studyInstanceUid: named.studyInstanceUid }),
    ...named,
    secret,
    grantSalts: [grantSalt],
    state: 'invited',
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

/** How the source knew her, for a disclosure: told to the key that claimed the study, not to whom it was moved. */
export function identityFor(
  { claim, identity }: Pick<StudyRecord, 'claim' | 'identity'>,
  { ownerKey }: Pick<Claim, 'ownerKey'>,
  { disclosureFormat = 1 }: DisclosureOptions = {},
): { readonly identity?: CheckedIdentity } {
  const isHers = claim === undefined || equalBytes(claim.ownerKey, ownerKey);
  return disclosureFormat === 1 || !isHers || identity === undefined ? {} : { identity };
}

/** The study record that an archive's study has now, if any. */
export async function currentStudy(store: ExchangeStore, studyInstanceUid: string): Promise<StudyRecord | undefined> {
  const studyId = await store.get(worklistRecords, store.pseudonymOf(studyInstanceUid));
  return studyId === undefined ? undefined : store.get(studyRecords, toHex(studyId));
}

/** Whether a new study record may take the place of this one. */
export function isReplaceable({ state, claim }: StudyRecord): boolean {
  return state === 'retired' || state === 'failed' || (state === 'invited' && claim === undefined);
}

/** Erases what an unpublished study left; a retired one keeps its record, so that its owner can still ask for it. */
export async function erasureOf(store: ExchangeStore, older: StudyRecord): Promise<readonly Change[]> {
  const closing = [remove(invitationRecords, toHex(older.invitationId))];
  if (older.state === 'retired') return closing;
  const plans = await store.list(planRecords, `${toHex(older.studyId)}.`);
  return [...closing, remove(studyRecords, toHex(older.studyId)), ...plans.map(({ id }) => remove(planRecords, id))];
}

function readClaim(claimBytes: Uint8Array): Claim {
  try {
    return decodeClaim(claimBytes);
  } catch (cause) {
    throw new ExchangeError({ code: 'MALFORMED_CLAIM' }, 'expected a claim as docs/spec/links.md writes it', { cause });
  }
}

const INVITATION_ID = /^[0-9a-f]{32}$/;

function expired(): ExchangeError {
  return new ExchangeError({ code: 'INVITATION_EXPIRED' }, 'ask for a new invitation');
}

function claimed(): ExchangeError {
  return new ExchangeError({ code: 'INVITATION_CLAIMED' }, 'the invitation was used already');
}

function unknownInvitation(cause?: unknown): ExchangeError {
  return new ExchangeError({ code: 'INVITATION_UNKNOWN' }, 'there is no such invitation', { cause });
}
