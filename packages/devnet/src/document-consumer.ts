/** The story's own Document Consumer: asks a hospital's gateway directly, also in ways that must be refused. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { request as httpsRequest } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { retrieveDocuments, signRequest } from '@radledger/iti43/client';
import type { Signer } from '@radledger/primitives';

export interface Endpoint {
  /** https URL of ITI-43. */
  readonly url: string;
  /** SHA-256 of the server key's SPKI, 32 bytes. */
  readonly pin: Uint8Array;
}

export interface Wish {
  readonly repositoryUniqueId: string;
  readonly documentUniqueId: string;
}

export interface Outcome {
  /** `retrieved`, or the error codes of the answer. */
  readonly answer: string;
  /** Of the document, 64 hex; of nothing when nothing came. */
  readonly sha256: string;
  readonly bytes: number;
}

/** Asks once and reads whatever comes. */
export async function ask(endpoint: Endpoint, wish: Wish, signer: Signer): Promise<Outcome> {
  const result = await retrieveDocuments({
    endpoint: endpoint.url,
    documents: [wish],
    signer,
    tls: { pins: [endpoint.pin] },
    limits: { responseBytesMax: 1024 ** 3 },
  });
  try {
    const digest = createHash('sha256');
    let documents = 0;
    let bytes = 0;
    for await (const document of result.documents) {
      documents++;
      for await (const chunk of document.content) {
        digest.update(chunk);
        bytes += chunk.length;
      }
    }
    const answer = documents > 0 ? 'retrieved' : result.errors.map(({ errorCode }) => errorCode).join(', ');
    return { answer, sha256: digest.digest('hex'), bytes };
  } finally {
    result.close();
  }
}

/** Sends one signed request twice, as a thief of the message would; gives both answers. */
export async function askTwiceWithTheSameBytes(endpoint: Endpoint, wish: Wish, signer: Signer): Promise<string[]> {
  const { envelope } = await signRequest({ endpointUrl: endpoint.url, documents: [wish], signer, now: new Date() });
  return [await post(endpoint, envelope), await post(endpoint, envelope)];
}

/**
 * Sends an envelope as it is; gives `retrieved`, the first error code of the answer, or the Fault.
 * @param localAddress - one of this machine's, as which it is sent; default whichever the system takes
 */
export async function post(endpoint: Endpoint, envelope: Uint8Array, localAddress?: string): Promise<string> {
  const boundary = 'radledger-devnet';
  const head =
    `--${boundary}\r\nContent-Type: application/xop+xml; charset=UTF-8; type="application/soap+xml"\r\n` +
    'Content-Transfer-Encoding: binary\r\nContent-ID: <root@devnet>\r\n\r\n';
  const body = Buffer.concat([Buffer.from(head), envelope, Buffer.from(`\r\n--${boundary}--\r\n`)]);
  const request = httpsRequest(endpoint.url, {
    method: 'POST',
    agent: false,
    localAddress,
    minVersion: 'TLSv1.3',
    rejectUnauthorized: false, // the ledger's pin takes the place of a CA
    headers: {
      'Content-Type': `multipart/related; boundary="${boundary}"; type="application/xop+xml"; start="<root@devnet>"; start-info="application/soap+xml"`,
      'Content-Length': body.length,
    },
  });
  request.once('socket', (socket) => {
    socket.once('secureConnect', () => {
      if (!hasPin(socket as TLSSocket, endpoint.pin))
        request.destroy(new Error('the server key is not the pinned one'));
    });
  });
  request.end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('latin1');
  const subcode = /Subcode>\s*<[^>]*Value[^>]*>([^<]+)</.exec(text)?.[1];
  if (response.statusCode !== 200)
    return subcode ? `Fault ${subcode} (HTTP ${response.statusCode})` : `HTTP ${response.statusCode}`;
  return /errorCode="([^"]+)"/.exec(text)?.[1] ?? 'retrieved';
}

function hasPin(socket: TLSSocket, pin: Uint8Array): boolean {
  const spki = socket.getPeerX509Certificate()?.publicKey.export({ type: 'spki', format: 'der' });
  return spki !== undefined && createHash('sha256').update(spki).digest().equals(pin);
}
