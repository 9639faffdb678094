/** Why a retrieval ended without a study, and what that means for what arrived. */
import { ImagingError } from '@radledger/imaging';
import { Iti43Error } from '@radledger/iti43';
import { ExchangeError } from '../errors.js';
import { type GrantedStudy, type GrantReading, hasLiveGrant } from './live-grant.js';

/** The source said no, and this is all it said. */
export function refused(reason = 'NO_DOCUMENT'): ExchangeError {
  return new ExchangeError({ code: 'RETRIEVAL_REFUSED', reason }, EXPLANATIONS[reason] ?? 'the source refused');
}

const BUSY =
  "the source's view of the ledger is out of date, or more was asked of it than it allows; retry in a minute";
const NOT_GIVEN = 'the source failed, or its archive does not give the study now; retry later';
const EXPLANATIONS: Readonly<Record<string, string>> = {
  XDSDocumentUniqueIdError:
    'the ledger allows it, but the source does not hold the study or has seen an end of access that is not final yet',
  XDSUnknownRepositoryId: 'the endpoint on the ledger is served by another source',
  XDSRepositoryBusy: BUSY,
  XDSRepositoryError: NOT_GIVEN,
  HTTP_429: 'the source limits what one key or address asks for; retry in a minute',
  HTTP_502: NOT_GIVEN,
  HTTP_503: BUSY,
};
/** What a source answers to whoever may not read. */
const NOT_AVAILABLE = new Set(['XDSDocumentUniqueIdError', 'HTTP_404']);

/** A refusal says little on purpose; what the ledger says about our own grant tells the rest. */
export async function explained(error: unknown, target: GrantedStudy, options: GrantReading): Promise<unknown> {
  const reason = error instanceof ExchangeError && error.code === 'RETRIEVAL_REFUSED' ? error.info.reason : undefined;
  if (reason === undefined || !NOT_AVAILABLE.has(reason) || (await hasLiveGrant(target, options))) return error;
  return new ExchangeError({ code: 'GRANT_NOT_LIVE', reason }, 'the owner has ended access, or it has run out');
}

/** Whether what arrived is of use for another try: nobody has found fault with it, and it may still be fetched. */
export function isWorthHolding(error: unknown): boolean {
  if (error instanceof ImagingError) return OWN_CODES.has(error.code);
  if (error instanceof Iti43Error) return error.code !== 'RESPONSE_TOO_LARGE';
  return !(error instanceof ExchangeError && (error.code === 'CONTENT_MISMATCH' || error.code === 'GRANT_NOT_LIVE'));
}

/** The recipient's own disk and archive, which are full or out of order: they have said nothing about the study. */
const OWN_CODES: ReadonlySet<string> = new Set([
  'FOLDER_UNUSABLE',
  'ARCHIVE_UNAVAILABLE',
  'ARCHIVE_REFUSED',
  'FILING_INCOMPLETE',
]);

/** The code under which a failed retrieval is kept and shown. */
export function failureCodeOf(error: unknown): string {
  if (error instanceof ExchangeError)
    return error.code === 'RETRIEVAL_REFUSED' ? (error.info.reason ?? error.code) : error.code;
  if (error instanceof Iti43Error || error instanceof ImagingError) return error.code;
  return 'RETRIEVAL_FAILED';
}
