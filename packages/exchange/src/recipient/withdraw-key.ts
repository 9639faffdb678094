/** Tells the sources of a recipient's notices that its key is withdrawn. */
import { type ClientCertificate, postPinned } from '@radledger/iti43/client';
import { toHex } from '@radledger/primitives';
import { ExchangeError } from '../errors.js';
import type { LedgerPort } from '../ledger-port.js';
import { type EndpointGuardOptions, guardEndpoint } from './endpoint-guard.js';

const TIMEOUT_MS = 10_000;

/** @throws {ExchangeError} `SOURCE_UNPROVEN` | `ENDPOINT_REFUSED` | `RETRIEVAL_REFUSED`; {Iti43Error} when the source is not reached */
export async function sendWithdrawal(
  statement: Uint8Array,
  notice: { readonly source: Uint8Array; readonly studyId: Uint8Array },
  options: {
    readonly ledger: LedgerPort;
    readonly endpointGuard: EndpointGuardOptions;
    readonly clientCertificate: ClientCertificate | undefined;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const endpoint = (await options.ledger.source(notice.source))?.endpoint;
  if (endpoint === undefined) {
    throw new ExchangeError({ code: 'SOURCE_UNPROVEN' }, 'the ledger has no endpoint of this source');
  }
  const { addresses } = await guardEndpoint(endpoint.baseUrl, options.endpointGuard);
  const response = await postPinned({
    url: new URL(`${endpoint.baseUrl}/v1/key-withdrawals/${toHex(notice.studyId)}`),
    pins: endpoint.tlsPins,
    addresses,
    client: options.clientCertificate,
    contentType: 'application/octet-stream',
    body: statement,
    responseBytesMax: 4_096,
    idleTimeoutMs: TIMEOUT_MS,
    bytesPerSecondMin: 1_024,
    signal: options.signal,
  });
  response.close();
  if (response.status !== 202) {
    const info = { code: 'RETRIEVAL_REFUSED', reason: `HTTP_${response.status}` } as const;
    throw new ExchangeError(info, 'the source does not take the withdrawal');
  }
}
