/** How errors become HTTP answers, one table for both APIs. Spec: docs/spec/gateway-api.md. */
import { CodedError } from '@radledger/primitives';
import type { ErrorRequestHandler, Response } from 'express';
import { ExchangeError } from '../errors.js';

const STATUS_BY_CODE: Readonly<Record<string, number>> = {
  // exchange
  MALFORMED_REQUEST: 400,
  MALFORMED_CLAIM: 400,
  PROOF_INVALID: 400,
  UNAUTHORIZED: 401,
  SIGNATURE_INVALID: 401,
  REQUEST_EXPIRED: 401,
  REPLAYED: 401,
  WRONG_CODE: 403,
  MAILBOX_UNKNOWN: 404,
  NOT_FOUND: 404,
  INVITATION_UNKNOWN: 404,
  STUDY_NOT_FOUND: 404,
  STUDY_UNKNOWN: 404,
  BOX_UNKNOWN: 404,
  REQUEST_UNKNOWN: 404,
  NOT_IN_QUARANTINE: 404,
  TRANSFER_UNKNOWN: 404,
  INVITATION_CLAIMED: 409,
  NOT_YET: 409,
  TRANSFER_UNFINISHED: 409,
  NO_STANDING_LINK: 409,
  REPLACEMENT_WAITING: 409,
  NO_REPLACEMENT: 409,
  EMERGENCY_REFUSED: 409,
  MAILBOX_TAKEN: 409,
  KEY_WITHDRAWN: 409,
  STUDY_TAKEN: 409,
  NOT_PUBLISHED: 409,
  UNCHANGED: 409,
  SOURCE_DEFINED: 409,
  SOURCE_NOT_DEFINED: 409,
  NOTHING_TO_FETCH: 409,
  NOT_MATCHING: 409,
  TRANSACTION_REFUSED: 409,
  INVITATION_EXPIRED: 410,
  TOO_LARGE: 413,
  TOO_MANY_REQUESTS: 429,
  NODE_UNREACHABLE: 502,
  VIEW_STALE: 503,
  BOX_FULL: 507,
  // imaging, transactions and handover, of texts that the operator wrote
  LOCAL_PATIENT_REFUSED: 400,
  TEXT_REFUSED: 400,
  NAME_INVALID: 400,
  BASE_URL_INVALID: 400,
  OUT_OF_RANGE: 400,
};

/** Answers `{ "error": { code, message } }`. */
export function sendError(response: Response, error: ExchangeError): void {
  send(response, error);
}

function send(response: Response, error: CodedError<{ readonly code: string }>): void {
  const { triesLeft, availableAtMs } = error instanceof ExchangeError ? error.info : {};
  const message = error.message.slice(error.code.length + 2);
  response
    .status(STATUS_BY_CODE[error.code] ?? 500)
    // Absent members are left out by JSON.
    .json({ error: { code: error.code, message, triesLeft, availableAtMs } });
}

/**
 * The last handler of an app. A coded error is answered with its code; anything else as `INTERNAL`, without its text: it may
 * hold anything.
 */
export function errorHandler(onFailure: (error: unknown) => void): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const type = (error as { type?: unknown } | null)?.type;
    if (type === 'entity.too.large') {
      send(response, new ExchangeError({ code: 'TOO_LARGE' }, 'the body is too large'));
    } else if (typeof type === 'string') {
      send(response, new ExchangeError({ code: 'MALFORMED_REQUEST' }, 'the body is not what this path takes'));
    } else if (error instanceof URIError) {
      send(response, new ExchangeError({ code: 'MALFORMED_REQUEST' }, 'the path is not percent-encoded UTF-8'));
    } else if (error instanceof CodedError) {
      const coded = error as CodedError<{ readonly code: string }>;
      if (STATUS_BY_CODE[coded.code] === undefined) onFailure(error);
      send(response, coded);
    } else {
      onFailure(error);
      response.status(500).json({ error: { code: 'INTERNAL', message: 'the gateway failed; its log says why' } });
    }
  };
}
