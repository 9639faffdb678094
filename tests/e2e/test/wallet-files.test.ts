import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { startWalletServer, type WalletServer } from '@radledger/devnet';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CHROMIUM, launchChromium, Phone } from '../src/phone.js';

describe.skipIf(!existsSync(CHROMIUM) && process.env['CI'] === undefined)('the files of the app', () => {
  let browser: Browser;
  let app: WalletServer;
  /** A host that hands the app on, and may change a byte of it. */
  let host: Server;
  let url: string;
  let changed: string | undefined;

  beforeAll(async () => {
    browser = await launchChromium();
    app = await startWalletServer();
    app.configure({ genesis: {}, nodes: [], gateways: [] });
    host = createServer((request, response) => {
      void (async () => {
        const answer = await fetch(new URL(request.url ?? '/', app.url));
        const bytes = new Uint8Array(await answer.arrayBuffer());
        const isChanged = changed !== undefined && request.url?.startsWith(changed) === true;
        const { 'content-encoding': _, 'transfer-encoding': __, ...headers } = Object.fromEntries(answer.headers);
        response.writeHead(answer.status, headers).end(isChanged ? Buffer.concat([bytes, Buffer.from('\n')]) : bytes);
      })().catch(() => response.destroy());
    });
    host.listen(0, '127.0.0.1');
    await once(host, 'listening');
    url = `http://localhost:${(host.address() as AddressInfo).port}/`;
  });

  afterAll(async () => {
    await browser.close();
    host.closeAllConnections();
    host.close();
    await app.stop();
  });

  /** What becomes of the app's worker on a phone that opens it for the first time. */
  async function installed(): Promise<string> {
    const phone = await Phone.switchOn(browser);
    await phone.page.addInitScript(recordWorkerState);
    await phone.open(url);
    await phone.page.waitForFunction(() => document.documentElement.dataset['worker'] !== undefined);
    const state = await phone.page.evaluate(() => document.documentElement.dataset['worker'] ?? '');
    await phone.switchOff();
    return state;
  }

  test('are kept when each is the one that was built', async () => {
    changed = undefined;
    expect(await installed()).toBe('activated');
  });

  test.each(['/assets/sheet', '/icon.svg', '/manifest.webmanifest'])(
    'are refused as a whole when a byte of %s… is not',
    async (path) => {
      changed = path;
      expect(await installed()).toBe('redundant');
    },
  );
});

/** Runs in the page before its scripts: notes the last state of the worker on the page's root. */
function recordWorkerState(): void {
  const container = navigator.serviceWorker;
  const register = container.register.bind(container);
  container.register = async (...input) => {
    const registration = await register(...input);
    const worker = registration.installing ?? registration.active;
    const note = (): void => {
      if (worker?.state === 'activated' || worker?.state === 'redundant') {
        document.documentElement.dataset['worker'] = worker.state;
      }
    };
    worker?.addEventListener('statechange', note);
    note();
    return registration;
  };
}
