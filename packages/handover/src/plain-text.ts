import { utf8 } from '@radledger/primitives';
import { validateUid } from '@radledger/transactions';
import { HandoverError } from './errors.js';

/** C0 and C1 controls, line separators, bidirectional controls, zero-width characters and other invisible format characters. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/u;

/**
 * Checks a text that a person will be shown (label, reason): NFC, one line, no invisible or direction-changing
 * characters, so that what is read is what was signed.
 * @throws {HandoverError} `TEXT_REFUSED`
 */
export function validatePlainText(text: string, options: { field: string; bytesMax: number }): string {
  const { field, bytesMax } = options;
  if (utf8(text).length > bytesMax) throw refused(field, `at most ${bytesMax} bytes of UTF-8`);
  if (text.normalize('NFC') !== text) throw refused(field, 'must be in Unicode form NFC');
  if (INVISIBLE.test(text)) throw refused(field, 'must be one line without invisible or direction characters');
  return text;
}

/** Checks a Study Instance UID by the ledger's rule. @throws {HandoverError} `TEXT_REFUSED` */
export function validateStudyInstanceUid(text: string): string {
  try {
    validateUid(text);
    return text;
  } catch (cause) {
    const rule = '1 to 64 digits and full stops';
    throw new HandoverError({ code: 'TEXT_REFUSED', field: 'studyInstanceUid', rule }, `expected ${rule}`, { cause });
  }
}

function refused(field: string, rule: string): HandoverError {
  return new HandoverError({ code: 'TEXT_REFUSED', field, rule }, `${field} refused: ${rule}`);
}
