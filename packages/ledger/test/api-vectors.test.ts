/**
 * The example exchanges of docs/spec/node-api.md: a net with fixed keys, clock and nonces, asked over HTTP. `RADLEDGER_WRITE_VECTORS=1`
 * writes them anew, which is a change of the API and says so in its changeset.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { toHex } from '@radledger/primitives';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type ApiListener, createNodeApi, listenNodeApi } from '../src/http/index.js';
import { finalizedAt, startNet, type TestNet } from './support/net.js';
import { solo } from './support/solo-module.js';
import { allowAccess, defineSource, defineStudy, idOf, ownerOf } from './support/transactions.js';

// A net on a busy machine takes its time; what it waits for is an event, never a moment.
vi.setConfig({ testTimeout: 60_000 });

const FILE = new URL('./vectors/node-api.json', import.meta.url);
const NOW_MS = 1_767_225_600_000;

interface Exchange {
  readonly name: string;
  readonly request: { readonly method: string; readonly path: string; readonly body?: string };
  readonly response: { readonly status: number; readonly body: unknown };
}

let net: TestNet;
let api: ApiListener;

beforeAll(async () => {
  net = await startNet({ module: solo, size: 1, timeMs: NOW_MS - 60_000, ledger: { now: () => NOW_MS } });
  api = await listenNodeApi(createNodeApi(net.nodes[0]!.ledger), { host: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  await api.close();
  await net.close();
});

async function exchange(name: string, method: string, path: string, body?: Uint8Array): Promise<Exchange> {
  const response = await fetch(`${api.url}${path}`, {
    method,
    ...(body && { body: body as Uint8Array<ArrayBuffer>, headers: { 'content-type': 'application/octet-stream' } }),
  });
  return {
    name,
    request: { method, path, ...(body && { body: toHex(body) }) },
    response: { status: response.status, body: await response.json() },
  };
}

async function makeExchanges(): Promise<readonly Exchange[]> {
  const { ledger } = net.nodes[0]!;
  const source = net.sources[0]!;
  const owner = await ownerOf('vector');
  const nonce = new Uint8Array(8);
  const notAfterMs = NOW_MS + 86_400_000;
  const define = await defineSource(net.chainId, source, { nonce });
  const study = await defineStudy(net.chainId, source, { study: 'vector', owner, nonce });
  const allow = await allowAccess(net.chainId, source, { study: 'vector', owner, tag: 'vector', notAfterMs, nonce });
  const twice = await allowAccess(net.chainId, source, {
    study: 'vector',
    owner,
    tag: 'vector',
    notAfterMs,
    nonce: new Uint8Array(8).fill(1),
  });
  const [sourceHex, studyHex, tagHex] = [source.signer.publicKey, idOf('vector'), idOf('vector')].map(toHex);
  const exchanges = [await exchange('status at genesis', 'GET', '/v1/status')];
  for (const [name, signed] of [
    ['Define Source', define],
    ['Define Study', study],
    ['Allow Access', allow],
  ] as const) {
    exchanges.push(await exchange(name, 'POST', '/v1/transactions', signed.bytes));
    await finalizedAt(ledger, signed.txId);
  }
  exchanges.push(
    await exchange('a finalized transaction', 'GET', `/v1/transactions/${toHex(allow.txId)}`),
    await exchange('an unknown transaction', 'GET', `/v1/transactions/${toHex(idOf('none'))}`),
    await exchange('a sequence that is not higher', 'POST', '/v1/transactions', twice.bytes),
    await exchange('a refused transaction', 'GET', `/v1/transactions/${toHex(twice.txId)}`),
    await exchange('a finalized transaction again', 'POST', '/v1/transactions', allow.bytes),
    await exchange('bytes that are no transaction', 'POST', '/v1/transactions', Uint8Array.of(1, 2, 3)),
    await exchange('sources', 'GET', '/v1/sources'),
    await exchange('a source', 'GET', `/v1/sources/${sourceHex}`),
    await exchange('a study with proof', 'GET', `/v1/studies/${sourceHex}/${studyHex}?proof=1`),
    await exchange('a grant', 'GET', `/v1/grants/${sourceHex}/${studyHex}/${tagHex}`),
    await exchange('no grant, with proof', 'GET', `/v1/grants/${sourceHex}/${studyHex}/${toHex(idOf('none'))}?proof=1`),
    await exchange('an owner', 'GET', `/v1/owners/${toHex(owner.publicKey)}`),
    await exchange('an id in upper case', 'GET', `/v1/owners/${toHex(owner.publicKey).toUpperCase()}`),
    await exchange('a bucket', 'GET', '/v1/state/buckets/7'),
    await exchange('a block', 'GET', '/v1/blocks/3'),
    await exchange('blocks', 'GET', '/v1/blocks?from=0&limit=2'),
    await exchange('no block', 'GET', '/v1/blocks/4'),
    await exchange('duties', 'GET', '/v1/duties?fromHeight=1&limit=1'),
    await exchange('no route', 'GET', '/v1/nothing'),
  );
  return exchanges;
}

test('the example exchanges of the specification are what a node answers', async () => {
  const exchanges = await makeExchanges();
  if (process.env.RADLEDGER_WRITE_VECTORS === '1') {
    await mkdir(new URL('.', FILE), { recursive: true });
    await writeFile(FILE, `${JSON.stringify(exchanges, null, 2)}\n`);
  }
  expect(exchanges).toEqual(JSON.parse(await readFile(FILE, 'utf8')));
});
