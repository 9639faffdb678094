/** Where a recipient's gateway may be sent by a ledger cell: anyone who owns a source key chose that URL. */
import { Iti43Error } from '@radledger/iti43';
import { type AddressRules, guardedAddresses } from '@radledger/iti43/client';
import { ExchangeError } from '../errors.js';

export type EndpointGuardOptions = AddressRules;

/** Where a request may go. */
export interface GuardedEndpoint {
  /** The ITI-43 URL. */
  readonly url: string;
  /** Connect to these: a name that resolves differently a moment later leads nowhere else. */
  readonly addresses: readonly string[];
}

/**
 * Checks a source's base URL and every address that its host has now. Redirects are never followed, and the TLS pin is checked before a
 * byte of a request is sent.
 * @throws {ExchangeError} `ENDPOINT_REFUSED`
 */
export async function guardEndpoint(baseUrl: string, options: EndpointGuardOptions = {}): Promise<GuardedEndpoint> {
  if (!/^https:/i.test(baseUrl)) throw refused('https');
  if (/[?#]/.test(baseUrl)) throw refused('no query or fragment');
  const addresses = await guardedAddresses(baseUrl, options).catch((cause: unknown) => {
    if (!(cause instanceof Iti43Error) || cause.info.code !== 'ADDRESS_REFUSED') throw cause;
    if (cause.info.rule !== 'dns') throw refused(cause.info.rule, cause);
    const message = 'the host name of the source does not resolve';
    throw new ExchangeError({ code: 'ENDPOINT_REFUSED', reason: 'DNS' }, message, { cause });
  });
  return { url: `${baseUrl}/xds/iti43`, addresses };
}

function refused(rule: string, cause?: unknown): ExchangeError {
  const message = `the endpoint of the source is refused: expected ${rule}`;
  return new ExchangeError({ code: 'ENDPOINT_REFUSED' }, message, { cause });
}
