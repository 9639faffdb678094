/** Sockets of a gateway, with limits set, and an end that lets running answers finish. */
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { equalBytes } from '@radledger/primitives';
import { createDocumentRepository, type DocumentRepositoryLimits, listenerOptions } from '@radledger/iti43/server';
import express, { type Request } from 'express';
import { rateLimit } from 'express-rate-limit';
import { ExchangeError } from '../errors.js';
import { createMinuteCounts } from '../minute-counts.js';
import type { ImageSource } from '../source/source-contract.js';
import { requesterAddress, requesterNetwork } from './requester-address.js';
import { tlsPinOf } from './tls-pin.js';

export interface Address {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

export interface Listener extends Address {
  /** `http(s)://host:port` */
  readonly url: string;
  /**
   * Stops accepting and waits for running answers, at most `drainMs` (default 10 000); then cuts what is left.
   */
  close(drainMs?: number): Promise<void>;
}

const CONNECTIONS_MAX = 1024;
/** Of an ITI-43 request, as limits count: one for one document has 5 KB, with an assertion beside it 10 to 20 KB. */
const ENVELOPE_BYTES = 16_384;
/** Of a whole ITI-43 request. */
const REQUEST_BYTES_MAX = 1_048_576;

/** A bound socket that answers 503 until something is mounted: its port is known before what it serves. */
export interface BoundListener extends Listener {
  mount(handler: RequestListener): void;
}

/** A key and its certificate in PEM. */
export interface TlsPair {
  readonly key: string;
  readonly cert: string;
}

export interface BoundTlsListener extends BoundListener {
  /** Takes another key for connections from now on; those that are open go on. @throws what `node:tls` throws for a key that does not fit */
  renew(tls: TlsPair): void;
}

/** Binds plain HTTP; TLS for it is the work of a reverse proxy. @throws {ExchangeError} `LISTEN_FAILED` */
export function bindHttp(address: Address): Promise<BoundListener> {
  return bind(
    (handler) =>
      createServer(
        { maxHeaderSize: 16_384, headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 5_000 },
        handler,
      ),
    address,
    'http',
  );
}

/** Whose connections are taken: who shows a certificate of one of the authorities, or one whose key is pinned. Others are cut off unheard. */
export interface KnownClients {
  /** PEM of one or more certificates. */
  readonly authorities?: string | undefined;
  /** SHA-256 of the key's SubjectPublicKeyInfo. */
  readonly pins?: readonly Uint8Array[];
  /** Told of each caller that was cut off. */
  readonly onRefusal?: () => void;
}

export interface TlsListenerOptions {
  /** Default: anybody, unasked. */
  readonly clients?: KnownClients | undefined;
  /** Connections of one address at a time; more are cut off before a byte is read. Default no limit: all come from the proxy in front. */
  readonly connectionsPerAddressMax?: number | undefined;
}

/**
 * Binds TLS 1.3 with the key whose pin is on the ledger.
 * @param tls - PEM
 * @throws {ExchangeError} `LISTEN_FAILED`; what `node:tls` throws for a key that does not fit its certificate
 */
export async function bindTls(
  address: Address,
  tls: TlsPair,
  { clients, connectionsPerAddressMax }: TlsListenerOptions = {},
): Promise<BoundTlsListener> {
  const authorities = clients?.authorities === undefined ? {} : { ca: clients.authorities };
  const asking = clients === undefined ? {} : { requestCert: true, rejectUnauthorized: false, ...authorities };
  const server = createTlsServer({ ...listenerOptions, ...tls, ...asking });
  if (connectionsPerAddressMax !== undefined) limitPerAddress(server, connectionsPerAddressMax);
  if (clients !== undefined) {
    // Before the listener that reads HTTP: not a byte of a stranger's request is parsed.
    server.prependListener('secureConnection', (socket) => {
      if (isKnown(socket, clients)) return;
      clients.onRefusal?.();
      socket.destroy();
    });
  }
  const bound = await bind((handler) => server.on('request', handler), address, 'https');
  return {
    ...bound,
    renew: ({ key, cert }) =>
      server.setSecureContext({ minVersion: listenerOptions.minVersion, key, cert, ...authorities }),
  };
}

/** So that one address cannot take every connection there is, with sockets that say nothing. */
function limitPerAddress(server: Server, max: number): void {
  const open = new Map<string, number>();
  server.prependListener('connection', (socket: Socket) => {
    const { remoteAddress } = socket;
    const count = remoteAddress === undefined ? max : (open.get(remoteAddress) ?? 0);
    if (remoteAddress === undefined || count >= max) return void socket.destroy();
    open.set(remoteAddress, count + 1);
    socket.once('close', () => {
      const left = (open.get(remoteAddress) ?? 1) - 1;
      if (left === 0) open.delete(remoteAddress);
      else open.set(remoteAddress, left);
    });
  });
}

function isKnown(socket: TLSSocket, { authorities, pins = [] }: KnownClients): boolean {
  // Without authorities of the site's own, those of the web would count.
  if (authorities !== undefined && socket.authorized) return true;
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return false;
  const pin = tlsPinOf(certificate.toString());
  return pins.some((known) => equalBytes(known, pin));
}

/**
 * ITI-43 of a source at `/xds/iti43`, to be mounted on a TLS listener. Behind a base URL with a path, a proxy strips that path.
 * @param options.otherPaths - the patient-facing API: whoever knows a source from the ledger alone finds it at the base URL
 */
export function createIti43Handler(options: {
  readonly source: ImageSource;
  readonly otherPaths: RequestListener;
  readonly limits?: DocumentRepositoryLimits;
  /** ITI-43 requests of one address a minute, default 600, with 16 KiB each on average, in all at least as much as one may have: what verifying costs grows with the size. */
  readonly requestsPerMinute?: number;
  /** Number of reverse proxies in front whose `X-Forwarded-For` is believed, by limits and audit; default 0. */
  readonly trustedProxies?: number;
  readonly onRefusal?: (error: Error) => void;
}): RequestListener {
  const { source, otherPaths, requestsPerMinute = 600 } = options;
  const bytesNow = createMinuteCounts(Date.now);
  const { requestBytesMax = REQUEST_BYTES_MAX } = options.limits ?? {};
  // One request of the largest size is always within it.
  const bytesPerMinute = Math.max(requestsPerMinute * ENVELOPE_BYTES, requestBytesMax);
  const serve = createDocumentRepository({
    ...source.repository,
    limits: { ...options.limits, requestBytesMax },
    // What is served below has passed the app.
    admit(request, envelopeBytes) {
      const bytes = bytesNow();
      const network = requesterNetwork(request as Request);
      if (bytes.of(network) + envelopeBytes > bytesPerMinute) {
        source.countRefusal();
        return false;
      }
      bytes.add([network], envelopeBytes);
      return true;
    },
    peerAddressOf: (request) => requesterAddress(request as Request),
    onRefusal(error) {
      source.countRefusal();
      options.onRefusal?.(error);
    },
  });
  const app = express();
  app.disable('x-powered-by');
  app.enable('strict routing');
  app.enable('case sensitive routing');
  app.set('trust proxy', options.trustedProxies ?? 0);
  const limit = rateLimit({
    windowMs: 60_000,
    limit: requestsPerMinute,
    keyGenerator: requesterNetwork,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    handler(_request, response) {
      source.countRefusal();
      // What is left of the body is not read.
      response.writeHead(429, { 'content-length': 0, connection: 'close' }).end();
    },
  });
  app.all('/xds/iti43', limit, (request, response) => serve(request, response));
  app.use((request, response) => otherPaths(request, response));
  return app;
}

async function bind(
  create: (handler: RequestListener) => Server,
  address: Address,
  scheme: 'http' | 'https',
): Promise<BoundListener> {
  let mounted: RequestListener = (_request, response) =>
    void response.writeHead(503, { 'content-length': 0, 'retry-after': '1' }).end();
  const listener = await listen(
    create((request, response) => mounted(request, response)),
    address,
    scheme,
  );
  return {
    ...listener,
    mount(handler) {
      mounted = handler;
    },
  };
}

async function listen(server: Server, address: Address, scheme: 'http' | 'https'): Promise<Listener> {
  server.maxConnections = CONNECTIONS_MAX;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const reason = cause.code ?? 'UNKNOWN';
      const message = `cannot listen on ${address.host}:${address.port} (${reason})`;
      reject(new ExchangeError({ code: 'LISTEN_FAILED', reason }, message, { cause }));
    });
    server.listen(address.port, address.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const hostInUrl = address.host.includes(':') ? `[${address.host}]` : address.host;
  return {
    host: address.host,
    port,
    url: `${scheme}://${hostInUrl}:${port}`,
    close: (drainMs = 10_000) =>
      new Promise<void>((resolve) => {
        const cut = setTimeout(() => server.closeAllConnections(), drainMs);
        server.close(() => {
          clearTimeout(cut);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}
