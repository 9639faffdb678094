/** A viewer for tests: asks the hospital over DICOMweb with any key. */
import { request as httpsRequest } from 'node:https';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { type SignatureHeaders, signHttpRequest } from '@radledger/handover';
import { parseContentType, readMultipart } from '@radledger/multipart';
import type { Signer } from '@radledger/primitives';
import type { TestHospital } from './test-hospital.js';

export interface Seen {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** The headers that sign a GET of `path`. */
export function signed(hospital: TestHospital, signer: Signer, path: string): Promise<SignatureHeaders> {
  return signHttpRequest({ method: 'GET', url: hospital.listener.url + path, signer, nowMs: hospital.ledger.nowMs });
}

export async function look(hospital: TestHospital, signer: Signer, path: string, accept?: string): Promise<Seen> {
  return send(hospital, path, {
    ...(await signed(hospital, signer, path)),
    ...(accept === undefined ? {} : { accept }),
  });
}

/** Sends one request as it is. */
export function send(
  hospital: TestHospital,
  path: string,
  headers: Readonly<Record<string, string | string[]>>,
  method = 'GET',
): Promise<Seen> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(hospital.listener.url);
    // The pin is not under test here. The path is not a URL object's: it goes out letter for letter.
    const options = { hostname, port, path, method, headers, rejectUnauthorized: false, agent: false };
    const request = httpsRequest(options, (response: IncomingMessage) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    });
    request.on('error', reject);
    request.end();
  });
}

/** What an answer is, without what changes by itself: to be compared. */
export function shown({ status, headers, body }: Seen): string {
  const { date: _date, ...others } = headers;
  return `${status} ${JSON.stringify(others)} ${body.toString('latin1')}`;
}

export function jsonOf(seen: Seen): unknown {
  return JSON.parse(seen.body.toString('utf8'));
}

/** The parts of a multipart answer: their headers and bytes. */
export async function partsOf({ headers, body }: Seen) {
  const boundary = parseContentType(headers['content-type'] ?? '')?.parameters.get('boundary') ?? '';
  const parts: { headers: ReadonlyMap<string, string>; bytes: Buffer }[] = [];
  async function* whole() {
    yield body;
  }
  for await (const part of readMultipart(whole(), boundary)) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of part.body) chunks.push(chunk);
    parts.push({ headers: part.headers, bytes: Buffer.concat(chunks) });
  }
  return parts;
}
