/** A TLS 1.3 connection to a server known by its key alone. Spec: docs/spec/iti-43.md, section 7; design of the pins: D13. */
import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { equalBytes } from '@radledger/primitives';
import { Iti43Error } from '../errors.js';
import { spkiPinOf } from '../spki-pin.js';
import { lookupIn } from './guarded-addresses.js';

/** What this side shows to a server that asks who calls: a key and its certificate, in PEM. */
export interface ClientCertificate {
  readonly key: string;
  readonly cert: string;
}

export interface PinnedConnectionOptions {
  readonly url: URL;
  /** SHA-256 pins, any of which must match. */
  readonly pins: readonly Uint8Array[];
  /** Addresses of the host that were checked: nothing is resolved then. */
  readonly addresses: readonly string[] | undefined;
  readonly client: ClientCertificate | undefined;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Connects and compares the pin before a byte of the request is written.
 * @throws {Iti43Error} `CONNECTION_FAILED` | `PIN_MISMATCH` | `TIMEOUT` | `ABORTED`
 */
export function openPinnedConnection({
  url,
  pins,
  addresses,
  client,
  timeoutMs,
  signal,
}: PinnedConnectionOptions): Promise<TLSSocket> {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(aborted());
      return;
    }
    const socket = connect({
      host,
      port: url.port === '' ? 443 : Number(url.port),
      minVersion: 'TLSv1.3',
      ALPNProtocols: ['http/1.1'],
      // The ledger's pin stands in for CA and host name: the handshake still proves that the server holds the key.
      rejectUnauthorized: false,
      ...client,
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(addresses === undefined ? {} : { lookup: lookupIn(addresses) }),
    });
    const fail = (error: Iti43Error): void => {
      release();
      socket.on('error', () => undefined);
      socket.destroy();
      reject(error);
    };
    const onError = (cause: Error): void =>
      fail(new Iti43Error({ code: 'CONNECTION_FAILED' }, 'no TLS 1.3 connection to the repository', { cause }));
    const onClose = (): void =>
      fail(new Iti43Error({ code: 'CONNECTION_FAILED' }, 'the repository closed the connection'));
    const onAbort = (): void => fail(aborted());
    const timer = setTimeout(
      () => fail(new Iti43Error({ code: 'TIMEOUT' }, 'the repository does not answer')),
      timeoutMs,
    );
    const release = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      socket.off('error', onError).off('close', onClose);
    };
    signal?.addEventListener('abort', onAbort);
    socket.on('error', onError).on('close', onClose);
    socket.once('secureConnect', () => {
      const certificate = socket.getPeerX509Certificate();
      const pin = certificate === undefined ? undefined : spkiPinOf(certificate.raw);
      if (pin === undefined || !pins.some((one) => equalBytes(one, pin))) {
        fail(new Iti43Error({ code: 'PIN_MISMATCH' }, 'the server does not hold the key that the ledger names'));
        return;
      }
      release();
      resolve(socket);
    });
  });
}

export function aborted(): Iti43Error {
  return new Iti43Error({ code: 'ABORTED' }, 'the caller gave up');
}
