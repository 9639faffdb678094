/** Invitations and their claims. Spec: docs/spec/gateway-api.md, section 1; docs/spec/links.md, sections 4 to 6. */
import {
  type Claim,
  createInvitation,
  decodeClaim,
  encodeInvitationLink,
  generateInvitationCode,
  HandoverError,
  sealClaimReply,
  validatePlainText,
  verifyClaim,
} from '@radledger/handover';
import { equalBytes, equalSecrets, randomBytes, toHex, utf8 } from '@radledger/primitives';
import { studyIdOf, studySalts } from '@radledger/transactions';
import { ExchangeError } from '../errors.js';
import { type ExchangeStore, put, remove } from '../exchange-store.js';
import type { KeyedLock } from '../keyed-lock.js';
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
}

export interface CreatedInvitation {
  /** 32 hex. */
  readonly invitationId: string;
  readonly link: string;
  /** Six digits, to travel apart from the link. */
  readonly code: string;
  readonly expiresAtMs: number;
}

export interface Invitations {
  /**
   * Makes an invitation with a fresh study secret; an earlier unclaimed one for the study is void from then on.
   * @param input.label - what the patient is shown, one plain line of at most 128 bytes
   * @throws {ExchangeError} `STUDY_TAKEN` when the study is claimed or published; {HandoverError} `TEXT_REFUSED`
   */
  invite(input: { readonly studyInstanceUid: string; readonly label: string }): Promise<CreatedInvitation>;
  /**
   * Judges a claim and accepts the first good one.
   * @returns the sealed reply
   * @throws {ExchangeError} `MALFORMED_CLAIM` | `INVITATION_UNKNOWN` | `INVITATION_EXPIRED` | `PROOF_INVALID` |
   *   `WRONG_CODE` | `INVITATION_CLAIMED`
   */
  claim(claimBytes: Uint8Array): Promise<Uint8Array>;
}

export function createInvitations(options: InvitationsOptions): Invitations {
  const { store, lock, identity, now } = options;
  const { chainId, source } = identity;

  return {
    invite: ({ studyInstanceUid, label }) => {
      validatePlainText(label, { field: 'label', bytesMax: 128 });
      const worklistId = store.pseudonymOf(studyInstanceUid);
      return lock(`worklist/${worklistId}`, async () => {
        const older = await currentStudy(store, studyInstanceUid);
        if (older !== undefined && !isReplaceable(older)) {
          throw new ExchangeError({ code: 'STUDY_TAKEN' }, 'the study is claimed or published; retire it first');
        }
        const invitation = createInvitation({
          chainId,
          gatewayApi: options.gatewayApi,
          source,
          expiresAtMs: now() + INVITATION_LIFETIME_MS,
        });
        const code = generateInvitationCode();
        const secret = randomBytes(32);
        const { studySalt, grantSalt } = studySalts(secret);
        const studyId = studyIdOf({ source, studySalt, studyInstanceUid });
        const study: StudyRecord = {
          format: 1,
          studyId,
          studyInstanceUid,
          label,
          secret,
          grantSalts: [grantSalt],
          invitationId: invitation.invitationId,
          state: 'invited',
          claim: undefined,
          ownerNote: undefined,
          content: undefined,
          pending: undefined,
          height: undefined,
          failure: undefined,
        };
        const record: InvitationRecord = {
          format: 1,
          studyId,
          secret: invitation.secret,
          code,
          createdAtMs: now(),
          expiresAtMs: invitation.expiresAtMs,
          wrongTries: 0,
          closed: false,
        };
        await store.commit([
          ...(older === undefined ? [] : await erasureOf(store, older)),
          put(studyRecords, toHex(studyId), study),
          put(worklistRecords, worklistId, studyId),
          put(invitationRecords, toHex(invitation.invitationId), record),
        ]);
        return {
          invitationId: toHex(invitation.invitationId),
          link: encodeInvitationLink(invitation, options.walletPage),
          code,
          expiresAtMs: invitation.expiresAtMs,
        };
      });
    },

    async claim(claimBytes) {
      const claim = readClaim(claimBytes);
      const id = toHex(claim.invitationId);
      // One at a time for an invitation: tries that arrive together are counted like tries that follow each other.
      return lock(`invitation/${id}`, async () => {
        const record = await store.get(invitationRecords, id);
        if (record === undefined || record.closed) throw unknownInvitation();
        await proveClaim(claim, record);
        if (now() >= record.expiresAtMs) {
          throw new ExchangeError({ code: 'INVITATION_EXPIRED' }, 'ask for a new invitation');
        }
        await judgeCode(id, record, claim.code);
        const reply = await lock(`study/${toHex(record.studyId)}`, () => acceptClaim(claim, record));
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

  async function acceptClaim(claim: Claim, { studyId }: InvitationRecord): Promise<Uint8Array> {
    const study = await store.get(studyRecords, toHex(studyId));
    if (study === undefined) throw unknownInvitation();
    if (study.claim !== undefined) {
      if (!equalBytes(study.claim.ownerKey, claim.ownerKey)) {
        throw new ExchangeError({ code: 'INVITATION_CLAIMED' }, 'the invitation was used by another app');
      }
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
      ...(first ? [put(workRecords, toHex(studyId), 0 as const)] : []),
    ]);
    return reply;
  }
}

/** The study record that an archive's study has now, if any. */
export async function currentStudy(store: ExchangeStore, studyInstanceUid: string): Promise<StudyRecord | undefined> {
  const studyId = await store.get(worklistRecords, store.pseudonymOf(studyInstanceUid));
  return studyId === undefined ? undefined : store.get(studyRecords, toHex(studyId));
}

function isReplaceable({ state, claim }: StudyRecord): boolean {
  return state === 'retired' || state === 'failed' || (state === 'invited' && claim === undefined);
}

/** Erases what an unpublished study left; a retired one keeps its record, so that its owner can still ask for it. */
async function erasureOf(store: ExchangeStore, older: StudyRecord) {
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

function unknownInvitation(cause?: unknown): ExchangeError {
  return new ExchangeError({ code: 'INVITATION_UNKNOWN' }, 'there is no such invitation', { cause });
}
