import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { generate } from 'selfsigned';
import {
  createDocumentRepository,
  type DocumentRepositoryOptions,
  listenerOptions,
  type ReplayStore,
  type RequestHandler,
} from '../../src/server/index.js';
import { spkiPinOf } from '../../src/spki-pin.js';

const certificate = await generate([{ name: 'commonName', value: 'source.test' }], {
  keyType: 'ec',
  algorithm: 'sha256',
});
export const pin = spkiPinOf(certificate.cert);

function memoryReplayStore(): ReplayStore {
  const seen = new Set<string>();
  return {
    async remember(signer, messageId) {
      const key = `${signer} ${messageId}`;
      return !seen.has(key) && seen.add(key) !== undefined;
    },
  };
}

export interface RunningServer {
  readonly endpoint: string;
  readonly port: number;
  close(): Promise<void>;
}

/** An https server on 127.0.0.1 with the test certificate. */
export async function listen(handler: RequestHandler, overrides: Record<string, unknown> = {}): Promise<RunningServer> {
  const server: Server = createServer(
    { key: certificate.private, cert: certificate.cert, ...listenerOptions, ...overrides },
    handler,
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `https://127.0.0.1:${port}/xds/iti43`,
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A Document Repository under test; its endpoint URL is known only once it listens. */
export async function startRepository(
  options: Omit<DocumentRepositoryOptions, 'endpointUrl' | 'replay'> & { readonly replay?: ReplayStore },
  overrides: Record<string, unknown> = {},
): Promise<RunningServer> {
  const late: { handler?: RequestHandler } = {};
  const server = await listen((request, response) => late.handler?.(request, response), overrides);
  late.handler = createDocumentRepository({ replay: memoryReplayStore(), ...options, endpointUrl: server.endpoint });
  return server;
}
