// Goal: the client reads a node the same in a browser as in Node: status, event stream, proofs of presence and absence.
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createNodes, type DevNodes, type DevProcess } from '@radledger/devnet';
import { publicKeyOf, toHex } from '@radledger/primitives';
import { build } from 'esbuild';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

const CHROMIUM = '/usr/bin/chromium';

/** Runs in Node and in the page: what a reader of the ledger does. */
const READER = `
import { createNodeClient, verifyBucketAnswer } from '@radledger/client';
import { fromHex, toHex } from '@radledger/primitives';
export async function read(url, source) {
  const node = createNodeClient({ url });
  const heights = [];
  const abort = new AbortController();
  for await (const event of node.events({ fromHeight: 1, signal: abort.signal })) {
    if (event.event === 'finalized') heights.push(event.height);
    if (heights.length === 3) break;
  }
  abort.abort();
  const present = await node.source(fromHex(source));
  const absent = await node.source(new Uint8Array(32).fill(9));
  const bucket = await node.bucket('');
  verifyBucketAnswer(bucket, '');
  return {
    chainId: toHex((await node.status()).chainId),
    heights,
    present: present.cell !== undefined,
    absent: absent.cell === undefined,
    sources: (await node.sources()).sources.map((entry) => toHex(entry.id)).sort(),
    cells: bucket.cells.length > 0,
  };
}`;

let folder: string;
let net: DevNodes;
let source: string;
let running: DevProcess[] = [];
let page: Server;
let browser: Browser | undefined;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'radledger-browser-'));
  source = toHex(await publicKeyOf(new Uint8Array(32).fill(1)));
  net = await createNodes({ folder, firstSource: source, parameters: { targetIntervalMs: 200 } });
  running = await Promise.all(net.nodes.map((_, index) => net.start(index)));
  page = createServer((_request, response) =>
    response.setHeader('content-type', 'text/html').end('<title>reader</title>'),
  );
  page.listen(0, '127.0.0.1');
  await once(page, 'listening');
});
afterAll(async () => {
  await browser?.close();
  page.close();
  await Promise.all(running.map((process) => process.stop()));
  await rm(folder, { recursive: true });
});

async function bundle(format: 'iife' | 'esm'): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: READER, resolveDir: dirname(fileURLToPath(import.meta.url)), loader: 'js' },
    bundle: true,
    write: false,
    format,
    ...(format === 'iife' ? { globalName: 'reader', platform: 'browser' } : { platform: 'node' }),
  });
  return outputFiles[0]?.text ?? '';
}

test.skipIf(!existsSync(CHROMIUM) && process.env['CI'] === undefined)(
  'headless Chromium and Node read the same ledger alike',
  async () => {
    const api = net.nodes[0]?.api as string;
    const module = `data:text/javascript,${encodeURIComponent(await bundle('esm'))}`;
    const reader = (await import(/* @vite-ignore */ module)) as { read(url: string, id: string): Promise<unknown> };
    const inNode = await reader.read(api, source);

    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });
    const tab = await browser.newPage();
    await tab.goto(`http://127.0.0.1:${(page.address() as AddressInfo).port}/`);
    await tab.addScriptTag({ content: await bundle('iife') });
    const inBrowser = await tab.evaluate(`reader.read(${JSON.stringify(api)}, ${JSON.stringify(source)})`);

    expect(inNode).toMatchObject({
      chainId: toHex(net.chainId),
      heights: [1, 2, 3],
      present: true,
      absent: true,
      cells: true,
    });
    expect(inBrowser).toEqual(inNode);
  },
);
