/** What an owner tells a recipient about a grant (design D5). Spec: docs/spec/links.md, section 8. */
import {
  encodeCanonical,
  encodeWith,
  equalBytes,
  type Infer,
  isStrictPublicKey,
  optional,
  struct,
} from '@radledger/primitives';
import { recipientTag, studyIdOf } from '@radledger/transactions';
import { HandoverError } from './errors.js';
import { validatePlainText, validateStudyInstanceUid } from './plain-text.js';
import { openSealed, type SealContext, type SealingKeyPair, sealTo } from './sealing.js';
import { decodeMessage, format, id16, id32, key, label, studyInstanceUid, timeMs } from './wire.js';

/** Largest sealed notice on the wire. */
export const GRANT_NOTICE_BYTES_MAX = 2048;

const INFO = 'radledger/grant-notice/1';

const schema = struct({
  format,
  chainId: id32,
  boxId: optional(id16),
  recipientKey: key,
  source: id32,
  studyId: id32,
  studySalt: id32,
  contentSalt: id32,
  studyInstanceUid,
  opening: id32,
  notAfterMs: timeMs,
  label,
});

/** Everything a recipient needs to find, prove, fetch and check one study; acts only while its grant cell is live. */
export interface GrantNotice {
  readonly chainId: Uint8Array;
  /** The box of the request that it answers; none when no request came first. */
  readonly boxId?: Uint8Array;
  readonly recipientKey: Uint8Array;
  readonly source: Uint8Array;
  readonly studyId: Uint8Array;
  readonly studySalt: Uint8Array;
  readonly contentSalt: Uint8Array;
  readonly studyInstanceUid: string;
  /** HMAC of the recipient key under the study's grant salt: proves this one grant (D5). */
  readonly opening: Uint8Array;
  readonly notAfterMs: number;
  readonly label: string;
}

/** An opened notice, with the tag under which its grant cell is found. */
export interface OpenedGrantNotice extends GrantNotice {
  readonly tag: Uint8Array;
}

/**
 * Checks and seals a notice to the sealing key of an image request.
 * @throws {HandoverError} `KEY_REFUSED` | `TEXT_REFUSED` | `STUDY_ID_MISMATCH`
 */
export async function sealGrantNotice(
  notice: GrantNotice,
  sealingKey: Uint8Array,
  options: { ephemeralKeyMaterial?: Uint8Array } = {},
): Promise<Uint8Array> {
  return sealTo(sealingKey, contextOf(notice), encodeGrantNotice(notice), options);
}

/**
 * Opens a notice that was sealed for one recipient key on one chain, and checks that its salts give its study id.
 * @throws {HandoverError} `MALFORMED_MESSAGE` | `SEAL_BROKEN` | `NOT_FOR_US` | `STUDY_ID_MISMATCH` | `TEXT_REFUSED`
 */
export async function openGrantNotice(input: {
  sealed: Uint8Array;
  sealingKeyPair: SealingKeyPair;
  chainId: Uint8Array;
  recipientKey: Uint8Array;
}): Promise<OpenedGrantNotice> {
  if (input.sealed.length > GRANT_NOTICE_BYTES_MAX) {
    throw new HandoverError({ code: 'MALFORMED_MESSAGE', message: 'grant notice' }, 'the grant notice is too large');
  }
  const notice = decodeGrantNotice(await openSealed(input.sealingKeyPair, contextOf(input), input.sealed));
  for (const field of ['chainId', 'recipientKey'] as const) {
    if (!equalBytes(notice[field], input[field])) {
      throw new HandoverError({ code: 'NOT_FOR_US', field }, `the notice names another ${field}`);
    }
  }
  return { ...notice, tag: recipientTag(notice.opening, notice.recipientKey) };
}

/** The notice before it is sealed; also what a printed or filed notice holds. */
export function encodeGrantNotice(notice: GrantNotice): Uint8Array {
  return encodeWith(schema, wireOf(notice));
}

/** @throws {HandoverError} `MALFORMED_MESSAGE` | `KEY_REFUSED` | `TEXT_REFUSED` | `STUDY_ID_MISMATCH` */
export function decodeGrantNotice(noticeBytes: Uint8Array): GrantNotice {
  const { format: _, boxId, ...fields } = decodeMessage(schema, noticeBytes, 'grant notice', GRANT_NOTICE_BYTES_MAX);
  const notice: GrantNotice = { ...fields, ...(boxId === undefined ? {} : { boxId }) };
  wireOf(notice);
  return notice;
}

function wireOf(notice: GrantNotice): Infer<typeof schema> {
  validateStudyInstanceUid(notice.studyInstanceUid);
  validatePlainText(notice.label, { field: 'label', bytesMax: 128 });
  if (!isStrictPublicKey(notice.recipientKey)) {
    throw new HandoverError({ code: 'KEY_REFUSED', field: 'recipientKey' }, 'not a recipient key');
  }
  if (!equalBytes(studyIdOf(notice), notice.studyId)) {
    throw new HandoverError({ code: 'STUDY_ID_MISMATCH' }, 'salt, source and Study Instance UID give another study id');
  }
  return { format: 1, ...notice, boxId: notice.boxId };
}

function contextOf({ chainId, recipientKey }: { chainId: Uint8Array; recipientKey: Uint8Array }): SealContext {
  return { info: INFO, aad: encodeCanonical([chainId, key.encode(recipientKey)]) };
}
