import { TransactionError } from './errors.js';

const UID = /^[0-9.]{1,64}$/;

/**
 * A DICOM unique identifier as found in files: 1 to 64 digits and full stops. Not stricter: archives hold UIDs whose
 * components have leading zeros, and they must stay the same bytes.
 * @throws {TransactionError} `UID_INVALID`
 * @see DICOM PS3.5, chapter 9
 */
export function validateUid(uid: string): void {
  if (UID.test(uid)) return;
  throw new TransactionError({ code: 'UID_INVALID' }, 'expected 1 to 64 digits and full stops');
}
