import { decodeDutyLeaf, decodeHeader, verifyInclusion } from '@radledger/chain';
import { fromHex, toHex } from '@radledger/primitives';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type ApiListener, createNodeApi, listenNodeApi } from '../src/http/index.js';
import { finalizedAt, startNet, type TestNet } from './support/net.js';
import { solo } from './support/solo-module.js';
import { allowAccess, defineSource, defineStudy, ownerOf } from './support/transactions.js';

vi.setConfig({ testTimeout: 60_000 });

let net: TestNet;
let api: ApiListener;

beforeAll(async () => {
  net = await startNet({ module: solo, size: 1, parameters: { epochHeights: 2 } });
  const [{ ledger }] = net.nodes as [TestNet['nodes'][number]];
  const [source] = net.sources as [TestNet['sources'][number]];
  api = await listenNodeApi(createNodeApi(ledger), { host: '127.0.0.1', port: 0 });
  const owner = await ownerOf('anna');
  for (const { bytes, txId } of [
    await defineSource(net.chainId, source, { name: 'Radiology North' }),
    await defineStudy(net.chainId, source, { study: 'mr', owner }),
    await allowAccess(net.chainId, source, { study: 'mr', owner, tag: 'doctor' }),
  ]) {
    await ledger.submit(bytes);
    await finalizedAt(ledger, txId);
  }
});
afterAll(async () => {
  await api.close();
  await net.close();
});

interface Answer {
  readonly error: { readonly code: string };
  readonly account: { readonly source: string; readonly produced: number; readonly reliability: number };
  readonly leaves: readonly Answer['account'][];
  readonly proof: { header: string; finality: string; leaf: string; index: number; size: number; path: string[] };
}

async function get(path: string): Promise<{ status: number; body: Answer }> {
  const response = await fetch(`${api.url}${path}`);
  return { status: response.status, body: (await response.json()) as Answer };
}

test('one account of a closed epoch is proven by the header of its boundary block', async () => {
  const source = toHex(net.sources[0]?.signer.publicKey as Uint8Array);
  const { body: all } = await get('/v1/duties/accounts/0');
  expect(all.leaves).toEqual([expect.objectContaining({ source, produced: 2, missed: 0, reliability: 9_545 })]);
  const { body } = await get(`/v1/duties/accounts/0/${source}`);
  expect(body.account).toEqual(all.leaves[0]);
  const { header, leaf, index, size, path } = body.proof;
  const { height, dutyRoot } = decodeHeader(fromHex(header));
  expect(height).toBe(2);
  expect(body.proof.finality).toMatch(/^[0-9a-f]+$/);
  const proof = { index, size, path: path.map(fromHex) };
  expect(verifyInclusion({ root: dutyRoot, leaf: fromHex(leaf), proof })).toBe(true);
  expect(toHex(decodeDutyLeaf(fromHex(leaf)).source)).toBe(source);
  const other = fromHex(leaf).map((byte, at) => (at === 40 ? byte ^ 1 : byte));
  expect(verifyInclusion({ root: dutyRoot, leaf: other, proof })).toBe(false);
});

test('what is not there, and what is not asked well', async () => {
  const nobody = '00'.repeat(32);
  for (const [path, status, code] of [
    ['/v1/duties/accounts/900', 404, 'ACCOUNT_UNKNOWN'],
    [`/v1/duties/accounts/0/${nobody}`, 404, 'ACCOUNT_UNKNOWN'],
    ['/v1/duties/accounts/-1', 400, 'REQUEST_INVALID'],
    ['/v1/duties/accounts/0/xyz', 400, 'REQUEST_INVALID'],
  ] as const) {
    expect(await get(path)).toMatchObject({ status, body: { error: { code } } });
  }
});
