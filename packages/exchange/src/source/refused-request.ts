import { HandoverError } from '@radledger/handover';
import { ExchangeError } from '../errors.js';

/** Why a signed request of a patient's app is not answered; anything else is thrown on. */
export function refusedRequest(cause: unknown): ExchangeError {
  if (!(cause instanceof HandoverError)) throw cause;
  if (cause.code === 'SIGNATURE_INVALID') {
    return new ExchangeError({ code: 'SIGNATURE_INVALID' }, 'the request is not signed by the key it names', { cause });
  }
  if (cause.code === 'EXPIRED') {
    return new ExchangeError({ code: 'REQUEST_EXPIRED' }, 'the request is not from the last five minutes', { cause });
  }
  return new ExchangeError({ code: 'MALFORMED_REQUEST' }, 'expected a request for this source', { cause });
}
