/** `fetch` to a source's own listener, whose certificate is judged by the pins on the ledger and by nothing else (design D13). */
import { createHash, X509Certificate } from 'node:crypto';
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { connect, type TLSSocket } from 'node:tls';
import { Readable } from 'node:stream';
import type { Fetch } from '@radledger/client';
import { equalBytes } from '@radledger/primitives';
import { CliError } from './errors.js';

/**
 * @param pins - SHA-256 of the SubjectPublicKeyInfo; any of them matches
 * @returns a fetch for https addresses over TLS 1.3 that sends nothing before the pin was checked
 * @throws {CliError} from the fetch: `PIN_MISMATCH`
 */
export function createPinnedFetch(pins: readonly Uint8Array[]): Fetch {
  return async (address, init) => {
    const url = new URL(address);
    const signal = init.signal ?? undefined;
    signal?.throwIfAborted();
    const socket = await connectPinned(url, pins, signal);
    const body = init.body instanceof Uint8Array || typeof init.body === 'string' ? init.body : undefined;
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const request = httpRequest({
        createConnection: () => socket,
        method: init.method ?? 'GET',
        path: url.pathname + url.search,
        headers: { ...(init.headers as Record<string, string>), host: url.host, connection: 'close' },
        ...(signal === undefined ? {} : { signal }),
      });
      request.once('response', resolve).once('error', reject);
      // A switch of protocols is never asked for: Node hands the socket over and gives no response.
      request.once('upgrade', (_, upgraded) => {
        upgraded.destroy();
        reject(new Error('the server switched protocols'));
      });
      request.once('close', () => reject(new Error('the server closed the connection before it answered')));
      request.end(body);
    });
    const headers = new Headers();
    for (const [name, value] of Object.entries(answer.headers)) if (typeof value === 'string') headers.set(name, value);
    return new Response(Readable.toWeb(answer) as ReadableStream<Uint8Array>, {
      status: answer.statusCode ?? 502,
      headers,
    });
  };
}

function connectPinned(url: URL, pins: readonly Uint8Array[], signal: AbortSignal | undefined): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const socket = connect({
      host,
      port: Number(url.port || 443),
      minVersion: 'TLSv1.3',
      // The pin replaces authority and host name: what the ledger says about the source is all that counts.
      rejectUnauthorized: false,
      ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
    });
    const abort = () => socket.destroy(new Error('aborted'));
    signal?.addEventListener('abort', abort, { once: true });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the server closed the connection')));
    socket.once('secureConnect', () => {
      signal?.removeEventListener('abort', abort);
      const certificate = socket.getPeerCertificate(false);
      const key = new X509Certificate(certificate.raw).publicKey.export({ type: 'spki', format: 'der' });
      const pin = new Uint8Array(createHash('sha256').update(key).digest());
      if (pins.some((known) => equalBytes(known, pin))) return resolve(socket);
      socket.destroy();
      reject(new CliError({ code: 'PIN_MISMATCH' }, "the server's key is not the one on the ledger"));
    });
  });
}
