/** Serves the patient's app on loopback, with the headers that its host must send. */
import { readFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { PROGRAMS } from './programs.js';

export interface WalletServer {
  /** `http://localhost:<port>/`: passkeys belong to a name, and an address is none. */
  readonly url: string;
  /** What `config.json` answers from now on. */
  configure(settings: {
    readonly genesis: unknown;
    readonly nodes: readonly string[];
    readonly gateways: readonly string[];
  }): void;
  stop(): Promise<void>;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
};

/** Only the app's own files run or show; it may talk to gateways and nodes, which on a local net have no certificate of the web. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'", // decoders of compressed pictures
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "manifest-src 'self'",
  "worker-src 'self'",
  "connect-src 'self' https: http://127.0.0.1:*",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types radledger-worker default',
].join('; ');

const HEADERS = {
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cache-Control': 'no-cache',
  'Permissions-Policy': 'camera=(self), geolocation=(), microphone=()',
};

export async function startWalletServer(): Promise<WalletServer> {
  let settings: string | undefined;
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    if (request.method !== 'GET' && request.method !== 'HEAD') return void response.writeHead(405, HEADERS).end();
    if (path === '/config.json' && settings !== undefined) {
      return void response.writeHead(200, { ...HEADERS, 'Content-Type': 'application/json' }).end(settings);
    }
    void answerFile(path === '/' ? '/index.html' : path, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}/`,
    configure: (next) => {
      settings = JSON.stringify(next);
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answerFile(path: string, response: ServerResponse): Promise<void> {
  const type = TYPES[extname(path)];
  // `normalize` leaves no `..` at the front of an absolute path.
  const file =
    type === undefined
      ? undefined
      : await readFile(join(PROGRAMS.walletFolder, normalize(path))).catch(() => undefined);
  if (file === undefined || type === undefined) return void response.writeHead(404, HEADERS).end();
  response.writeHead(200, { ...HEADERS, 'Content-Type': type }).end(file);
}
