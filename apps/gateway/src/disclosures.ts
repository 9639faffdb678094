/** `radledger-gateway disclosures`: the accounting of disclosures as CSV, from the running gateway. */
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import type { GatewayConfig } from './config.js';
import { GatewayAppError } from './errors.js';
import { readToken } from './secret-files.js';

const COLUMNS = [
  'time',
  'studyInstanceUid',
  'receiverName',
  'receiver',
  'displayName',
  'origin',
  'what',
  'purpose',
  'readings',
  'bytes',
  'outcome',
] as const;

/**
 * @param filter - Unix ms, `to` exclusive
 * @returns lines of CSV (RFC 4180), a head first, without their line ends
 * @throws {GatewayAppError} `GATEWAY_UNREACHABLE`
 */
export async function* disclosureLines(
  config: GatewayConfig,
  filter: { readonly from?: number; readonly to?: number; readonly study?: string },
): AsyncGenerator<string, void, void> {
  const { host, port, tokenFile } = config.operator;
  const url = new URL(`http://${host.includes(':') ? `[${host}]` : host}:${port}/v1/disclosures`);
  if (filter.from !== undefined) url.searchParams.set('from', String(filter.from));
  if (filter.to !== undefined) url.searchParams.set('to', String(filter.to));
  if (filter.study !== undefined) url.searchParams.set('studyInstanceUid', filter.study);
  const authorization = `Bearer ${await readToken(tokenFile)}`;
  const response = await fetch(url, { headers: { authorization }, redirect: 'error' }).catch((cause: unknown) => {
    throw unreachable(`${host}:${port} does not answer: start it first`, cause);
  });
  if (response.status !== 200 || response.body === null) throw unreachable(`it answers HTTP ${response.status}`);
  yield COLUMNS.join(',');
  const lines = createInterface({ input: Readable.fromWeb(response.body as ReadableStream) });
  for await (const line of lines) {
    const disclosure = JSON.parse(line) as Readonly<Record<string, unknown>>;
    yield COLUMNS.map((name) => cell(disclosure[name])).join(',');
  }
}

/** Quoted, and no formula for a spreadsheet that opens it. */
function cell(value: unknown): string {
  const text = typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function unreachable(reason: string, cause?: unknown): GatewayAppError {
  return new GatewayAppError({ code: 'GATEWAY_UNREACHABLE' }, `the running gateway is asked, and ${reason}`, { cause });
}
