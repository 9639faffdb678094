/** From a study secret to what stands on the ledger (D4, D5). Spec: docs/spec/transactions.md, section 7. */
import { algorithmBytes, encodeWith, equalBytes, hash, hkdfSha256, hmacSha256 } from '@radledger/primitives';
import { validateUid } from './dicom-uid.js';

const key = algorithmBytes(32);

/** The three 32-byte salts of a study secret. `grantSalt` holds for era 0; later eras have fresh random bytes. */
export interface StudySalts {
  readonly studySalt: Uint8Array;
  readonly contentSalt: Uint8Array;
  readonly grantSalt: Uint8Array;
}

/** HKDF-SHA-256 of a 32-byte study secret, one label a salt. */
export function studySalts(studySecret: Uint8Array): StudySalts {
  return {
    studySalt: hkdfSha256(studySecret, 'radledger/study-salt/1'),
    contentSalt: hkdfSha256(studySecret, 'radledger/content-salt/1'),
    grantSalt: hkdfSha256(studySecret, 'radledger/grant-salt/1'),
  };
}

/**
 * The salted identity of a study: the only function that hashes a Study Instance UID.
 * @throws {TransactionError} `UID_INVALID`
 */
export function studyIdOf(input: { source: Uint8Array; studySalt: Uint8Array; studyInstanceUid: string }): Uint8Array {
  validateUid(input.studyInstanceUid);
  return hash('radledger/study/1', input.source, input.studySalt, input.studyInstanceUid);
}

/**
 * The name of a series in addresses: 32 bytes that tell the UID to nobody without the study salt. Spec: docs/spec/dicomweb.md, section 1.
 * @throws {TransactionError} `UID_INVALID`
 */
export function seriesIdOf(input: { studySalt: Uint8Array; seriesInstanceUid: string }): Uint8Array {
  validateUid(input.seriesInstanceUid);
  return hash('radledger/series/1', input.studySalt, input.seriesInstanceUid);
}

/**
 * The name of an instance in addresses, as `seriesIdOf`.
 * @throws {TransactionError} `UID_INVALID`
 */
export function instanceIdOf(input: { studySalt: Uint8Array; sopInstanceUid: string }): Uint8Array {
  validateUid(input.sopInstanceUid);
  return hash('radledger/instance/1', input.studySalt, input.sopInstanceUid);
}

/** HMAC-SHA-256(grantSalt, canonical key): shown in a grant notice, it proves that one grant and no other. */
export function openingOf(grantSalt: Uint8Array, recipientKey: Uint8Array): Uint8Array {
  return hmacSha256(grantSalt, encodeWith(key, recipientKey));
}

/** The recipient's name on the ledger: H(opening, recipient key). */
export function recipientTag(opening: Uint8Array, recipientKey: Uint8Array): Uint8Array {
  return hash('radledger/recipient/1', opening, key.encode(recipientKey));
}

/** Whether an opening belongs to that tag and key. */
export function isOpeningOf(input: { opening: Uint8Array; recipientKey: Uint8Array; tag: Uint8Array }): boolean {
  return equalBytes(recipientTag(input.opening, input.recipientKey), input.tag);
}
