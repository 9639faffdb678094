/**
 * `fetch` to an address that somebody else chose, on the ledger or in a link: only where it may lead, and to a source's own listener only
 * by the pins on the ledger (design D13).
 */
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { connect, type TLSSocket } from 'node:tls';
import type { Fetch } from '@radledger/client';
import { spkiPinOf } from '@radledger/iti43';
import { type AddressRules, guardedAddresses, lookupIn } from '@radledger/iti43/client';
import { equalBytes } from '@radledger/primitives';
import { CliError } from './errors.js';

/**
 * @param rules - where it may lead: public addresses, unless they say more
 * @param pins - SHA-256 of the SubjectPublicKeyInfo, any of which matches; undefined: the web's authorities judge the certificate
 * @returns a fetch that sends nothing before address and certificate were judged
 * @throws {Iti43Error} from the fetch: `ADDRESS_REFUSED`; {CliError} `PIN_MISMATCH`
 */
export function createGatewayFetch(rules: AddressRules, pins?: readonly Uint8Array[]): Fetch {
  return async (address, init) => {
    const url = new URL(address);
    const signal = init.signal ?? undefined;
    signal?.throwIfAborted();
    const addresses = await guardedAddresses(address, rules);
    signal?.throwIfAborted();
    const socket = await connectTo(url, { addresses, pins, signal });
    const body = init.body instanceof Uint8Array || typeof init.body === 'string' ? init.body : undefined;
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const request = httpRequest({
        createConnection: () => socket,
        method: init.method ?? 'GET',
        path: url.pathname + url.search,
        headers: {
          ...(init.headers as Record<string, string>),
          host: url.host,
          connection: 'close',
        },
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
    const status = answer.statusCode ?? 502;
    if (WITHOUT_BODY.has(status)) {
      answer.resume();
      return new Response(null, { status, headers });
    }
    return new Response(Readable.toWeb(answer) as ReadableStream<Uint8Array>, { status, headers });
  };
}

/** Answers that a `Response` takes no body for, not even an empty one. */
const WITHOUT_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

function connectTo(
  url: URL,
  options: {
    readonly addresses: readonly string[];
    readonly pins: readonly Uint8Array[] | undefined;
    readonly signal: AbortSignal | undefined;
  },
): Promise<Socket> {
  const { addresses, pins, signal } = options;
  return new Promise((resolve, reject) => {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const to = { host, lookup: lookupIn(addresses) };
    const isPlain = url.protocol === 'http:';
    const socket = isPlain
      ? connectPlain({ ...to, port: Number(url.port || 80) })
      : connect({
          ...to,
          port: Number(url.port || 443),
          minVersion: 'TLSv1.3',
          // A pin replaces authority and host name: what the ledger says about the source is all that counts.
          rejectUnauthorized: pins === undefined,
          ...(isIP(host) === 0 ? { servername: host } : {}),
        });
    const abort = () => socket.destroy(new Error('aborted'));
    signal?.addEventListener('abort', abort, { once: true });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the server closed the connection')));
    socket.once(isPlain ? 'connect' : 'secureConnect', () => {
      signal?.removeEventListener('abort', abort);
      if (pins === undefined || ('getPeerCertificate' in socket && isPinned(socket, pins))) return resolve(socket);
      socket.destroy();
      reject(new CliError({ code: 'PIN_MISMATCH' }, "the server's key is not the one on the ledger"));
    });
  });
}

function isPinned(socket: TLSSocket, pins: readonly Uint8Array[]): boolean {
  const pin = spkiPinOf(socket.getPeerCertificate(false).raw);
  return pins.some((known) => equalBytes(known, pin));
}
