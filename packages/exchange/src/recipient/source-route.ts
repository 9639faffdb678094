/** Where a study is to be had and which version of it, from proven cells of the ledger alone. */
import { ExchangeError } from '../errors.js';
import type { LedgerPort } from '../ledger-port.js';
import { type EndpointGuardOptions, guardEndpoint } from './endpoint-guard.js';

export interface SourceRoute {
  readonly baseUrl: string;
  readonly iti43Url: string;
  readonly tlsPins: readonly Uint8Array[];
  /** Connect to these alone. */
  readonly addresses: readonly string[];
  /** The study's current content. */
  readonly content: Uint8Array;
}

/** @throws {ExchangeError} `SOURCE_UNPROVEN` | `ENDPOINT_REFUSED` */
export async function routeTo(
  { source, studyId }: { readonly source: Uint8Array; readonly studyId: Uint8Array },
  { ledger, endpointGuard }: { readonly ledger: LedgerPort; readonly endpointGuard: EndpointGuardOptions },
): Promise<SourceRoute> {
  const [sourceCell, studyCell] = await Promise.all([ledger.source(source), ledger.study(source, studyId)]);
  if (sourceCell?.endpoint === undefined || studyCell === undefined) {
    throw new ExchangeError({ code: 'SOURCE_UNPROVEN' }, 'the ledger has no endpoint of this source');
  }
  const { baseUrl, tlsPins } = sourceCell.endpoint;
  const { url: iti43Url, addresses } = await guardEndpoint(baseUrl, endpointGuard);
  return { baseUrl, iti43Url, tlsPins, addresses, content: studyCell.content };
}
