// Goal: a web page that trusts one block, 28 days old, learns whether a grant is live, revoked or was never made, believing no node.
// Method: a real chain of `simplex` made in virtual time, served by a real node over HTTP; headless Chromium walks it. Four voters. The
// interval between blocks is stretched so that 28 days hold as many epochs as wanted; by default 28, in a soak the 1,680 that a
// consortium's 28 days have at T = 2 s and E = 720.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { blockIdOf, formatCheckpoint } from '@radledger/chain';
import { simplex } from '@radledger/consensus-simplex';
import { type Ledger, openLedger } from '@radledger/ledger';
import { type ApiListener, createNodeApi, listenNodeApi } from '@radledger/ledger/http';
import { type ChainMaker, createStory, openChainMaker, storyId } from '@radledger/made-chain';
import { toHex } from '@radledger/primitives';
import { type LedgerStore, openStore } from '@radledger/storage';
import { build } from 'esbuild';
import { MemoryLevel } from 'memory-level';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { chromiumIsMissing, evaluateInChromium } from '../src/chromium.js';
import type { GrantReading, ReadGrants } from '../src/light-reader.js';

vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

const DAY = 86_400_000;
const EPOCH_HEIGHTS = 2;
const BOUNDARIES = Number(process.env['RADLEDGER_LIGHT_BOUNDARIES'] ?? 28);
const GRANTS = Number(process.env['RADLEDGER_LIGHT_GRANTS'] ?? 1_000);
const ROUNDS = 5;
const START = Date.UTC(2026, 0, 1);
/** The checkpoint is the second boundary; from there to the newest block it is 28 days less an interval. */
const CHECKPOINT_HEIGHT = 2 * EPOCH_HEIGHTS;
const INTERVAL = Math.floor((28 * DAY) / (BOUNDARIES * EPOCH_HEIGHTS));

let maker: ChainMaker;
let ledger: Ledger;
let api: ApiListener;
let page: Server;
let checkpoint = '';
let nowMs = 0;

beforeAll(async () => {
  const opened: LedgerStore[] = [];
  const parameters = {
    epochHeights: EPOCH_HEIGHTS,
    studyAllowBurst: 1_000_000,
    sourceStudyBase: 1_000_000,
    sourceAllowFactor: 1_000,
  };
  maker = await openChainMaker({ voters: 4, startMs: START, intervalMs: INTERVAL, parameters }, async (chainId) => {
    const database = new MemoryLevel<Uint8Array, Uint8Array>({
      keyEncoding: 'view',
      valueEncoding: 'view',
      storeEncoding: 'view',
    });
    const store = await openStore(database, { chainId });
    opened.push(store);
    return store;
  });
  const story = createStory(maker.chainId);
  const [voter] = maker.voters;
  const grant = (tag: string) => ({ study: 'knee', tag, height: maker.height + 1, notAfterMs: START + 365 * DAY });
  await maker.next([await story.defineSource(voter!, 1)]);
  await maker.next([await story.defineStudy(voter!, 'knee', 2)]);
  await maker.next([await story.allowAccess(voter!, grant('live')), await story.allowAccess(voter!, grant('revoked'))]);
  await maker.next([await story.revokeAccess(voter!, grant('revoked'))]);
  for (let made = 0; made < GRANTS; made += 500) {
    const tags = Array.from({ length: Math.min(500, GRANTS - made) }, (_, index) => `other ${made + index}`);
    await maker.next(await Promise.all(tags.map((tag) => story.allowAccess(voter!, grant(tag)))));
  }
  while (maker.height < CHECKPOINT_HEIGHT + BOUNDARIES * EPOCH_HEIGHTS - 1) await maker.next([]);
  nowMs = maker.nextTimestampMs - INTERVAL + 1_000;
  const [store] = opened as [LedgerStore];
  checkpoint = formatCheckpoint({ height: CHECKPOINT_HEIGHT, id: blockIdOf((await store.header(CHECKPOINT_HEIGHT))!) });
  const network = {
    nodeKey: new Uint8Array(32),
    address: undefined,
    peers: () => [],
    on: () => () => undefined,
    subscribe: () => undefined,
    handle: () => undefined,
    broadcast: () => 0,
    send: () => true,
    request: () => Promise.reject(new Error('nobody is there')),
    penalise: () => undefined,
    close: () => Promise.resolve(),
  };
  ledger = await openLedger({
    genesis: maker.genesis,
    store,
    consensus: simplex,
    network: () => Promise.resolve(network),
  });
  api = await listenNodeApi(createNodeApi(ledger), { host: '127.0.0.1', port: 0 });
  page = createServer((_request, response) =>
    response.setHeader('content-type', 'text/html').end('<title>reader</title>'),
  );
  page.listen(0, '127.0.0.1');
  await once(page, 'listening');
});
afterAll(async () => {
  page.close();
  await api.close();
  await ledger.close();
});

test.skipIf(chromiumIsMissing)(
  'a grant live, revoked and absent, from a checkpoint of 28 days, in Chromium',
  async () => {
    const { outputFiles } = await build({
      entryPoints: [fileURLToPath(new URL('../src/light-reader.ts', import.meta.url))],
      bundle: true,
      write: false,
      format: 'iife',
      globalName: 'reader',
      platform: 'browser',
    });
    const input: ReadGrants = {
      url: api.url,
      chainId: toHex(maker.chainId),
      checkpoint,
      epochHeights: EPOCH_HEIGHTS,
      nowMs,
      source: toHex(maker.voters[0]!.signer.publicKey),
      studyId: toHex(storyId('knee')),
      tags: ['live', 'revoked', 'nobody'].map((tag) => toHex(storyId(tag))),
      rounds: ROUNDS,
    };
    const address = `http://127.0.0.1:${(page.address() as AddressInfo).port}/`;
    const script = `reader.readGrants(${JSON.stringify(input)})`;
    const readings = (await evaluateInChromium(outputFiles[0]?.text ?? '', script, address)) as readonly GrantReading[];
    for (const { statuses } of readings) expect(statuses).toEqual(['live', 'revoked', 'absent']);
    const newest = Math.floor(maker.height / EPOCH_HEIGHTS) * EPOCH_HEIGHTS;
    expect(readings[0]?.checkpoint).toBe(newest);
    const milliseconds = readings.map((reading) => reading.milliseconds).sort((a, b) => a - b);
    const figures = {
      boundaries: (newest - CHECKPOINT_HEIGHT) / EPOCH_HEIGHTS,
      voters: 4,
      grants: GRANTS + 2,
      rounds: ROUNDS,
      medianMs: Math.round(milliseconds[ROUNDS >> 1] ?? 0),
      bytes: readings[0]?.bytes,
    };
    process.stdout.write(`${JSON.stringify(figures)}\n`);
  },
);
