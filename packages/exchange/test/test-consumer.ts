/** A Document Consumer for tests: asks the hospital's ITI-43 listener with any key. */
import { request as httpsRequest } from 'node:https';
import { type RetrieveResult, retrieveDocuments, signRequest } from '@radledger/iti43/client';
import { type Signer, toHex } from '@radledger/primitives';
import type { TestHospital } from './test-hospital.js';

export function retrieve(
  hospital: TestHospital,
  signer: Signer,
  documentUniqueId: string,
  repositoryUniqueId = toHex(hospital.source.source),
  signal?: AbortSignal,
): Promise<RetrieveResult> {
  return retrieveDocuments({
    endpoint: hospital.source.endpointUrl,
    documents: [{ repositoryUniqueId, documentUniqueId }],
    signer,
    tls: { pins: [hospital.tlsPin] },
    limits: { responseBytesMax: 1024 * 1024 * 1024 },
    now: () => new Date(hospital.ledger.nowMs),
    ...(signal && { signal }),
  });
}

/** The answer's error code, or `served` with the number of bytes. */
export async function outcomeOf(result: RetrieveResult): Promise<string> {
  try {
    let bytes = 0;
    for await (const document of result.documents) for await (const chunk of document.content) bytes += chunk.length;
    return result.errors[0]?.errorCode ?? `served ${bytes}`;
  } finally {
    result.close();
  }
}

export async function ask(hospital: TestHospital, signer: Signer, documentUniqueId: string): Promise<string> {
  return outcomeOf(await retrieve(hospital, signer, documentUniqueId));
}

/** A signed request as bytes, to be sent as often as one likes. */
export async function signedMessage(
  hospital: TestHospital,
  signer: Signer,
  documentUniqueId: string,
): Promise<Uint8Array> {
  const { envelope } = await signRequest({
    endpointUrl: hospital.source.endpointUrl,
    documents: [{ repositoryUniqueId: toHex(hospital.source.source), documentUniqueId }],
    signer,
    now: new Date(hospital.ledger.nowMs),
  });
  return envelope;
}

/** Sends an envelope in MTOM packaging; gives status and body as they came. */
export function post(
  hospital: TestHospital,
  envelope: Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ status: number; body: string }> {
  const head =
    '--b\r\nContent-Type: application/xop+xml; charset=UTF-8; type="application/soap+xml"\r\n' +
    'Content-Transfer-Encoding: binary\r\nContent-ID: <root@test>\r\n\r\n';
  const body = Buffer.concat([Buffer.from(head), envelope, Buffer.from('\r\n--b--\r\n')]);
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      hospital.source.endpointUrl,
      {
        method: 'POST',
        rejectUnauthorized: false, // the pin is not under test here
        agent: false,
        headers: {
          ...headers,
          'content-type':
            'multipart/related; boundary="b"; type="application/xop+xml"; start="<root@test>"; start-info="application/soap+xml"',
          'content-length': body.length,
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('latin1') }),
        );
        response.on('error', reject);
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}
