/** The API on a socket of its own, with time and size limits set. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Express } from 'express';
import { LedgerError } from '../errors.js';

export interface ApiListener {
  readonly host: string;
  readonly port: number;
  /** `http://host:port` */
  readonly url: string;
  /** Stops accepting, ends open streams and connections. */
  close(): Promise<void>;
}

/**
 * Serves an API over plain HTTP: TLS for it is a reverse proxy's work.
 * @param address.port - 0 lets the system choose
 * @throws {LedgerError} `LISTEN_FAILED`
 */
export async function listenNodeApi(
  app: Express,
  address: { readonly host: string; readonly port: number },
): Promise<ApiListener> {
  const server = createServer(
    { maxHeaderSize: 16 * 1024, headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 10_000 },
    app,
  );
  server.maxConnections = 1_024;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const systemCode = cause.code ?? 'UNKNOWN';
      reject(
        new LedgerError(
          { code: 'LISTEN_FAILED', ...address, systemCode },
          `cannot listen on ${address.host}:${address.port} (${systemCode})`,
          { cause },
        ),
      );
    });
    server.listen(address.port, address.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const hostInUrl = address.host.includes(':') ? `[${address.host}]` : address.host;
  return {
    host: address.host,
    port,
    url: `http://${hostInUrl}:${port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
