/** The errors of an archive behind DIMSE: no address, no AE title, no UID. */
import { ImagingError } from '@radledger/imaging';

export function answerInvalid(rule: string, message: string): ImagingError {
  return new ImagingError({ code: 'ARCHIVE_ANSWER_INVALID', rule }, message);
}

export function unavailable(reason: string, cause?: unknown): ImagingError {
  const message = `the archive does not answer (${reason})`;
  return new ImagingError({ code: 'ARCHIVE_UNAVAILABLE', reason }, message, { cause });
}

/** @param status - of the DIMSE response (PS3.7, annex C) */
export function refused(status: number): ImagingError {
  const message = `the archive answers with DIMSE status 0x${status.toString(16).padStart(4, '0')}`;
  return new ImagingError({ code: 'ARCHIVE_REFUSED', status }, message);
}
