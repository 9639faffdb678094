import { decodeCellProof, decodeHeader, blockIdOf, verifyBucket, verifyCellProof } from '@radledger/chain';
import { fromHex, toHex } from '@radledger/primitives';
import type { SignedTransaction } from '@radledger/transactions';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type ApiListener, createNodeApi, listenNodeApi } from '../src/http/index.js';
import type { Ledger } from '../src/index.js';
import type { TestSource } from './support/keys.js';
import { finalizedAt, startNet, type TestNet } from './support/net.js';
import { solo } from './support/solo-module.js';
import { allowAccess, defineSource, defineStudy, idOf, ownerOf } from './support/transactions.js';

// A net on a busy machine takes its time; what it waits for is an event, never a moment.
vi.setConfig({ testTimeout: 60_000 });

let net: TestNet;
let ledger: Ledger;
let source: TestSource;
let api: ApiListener;
let define: SignedTransaction;
let study: SignedTransaction;
let allow: SignedTransaction;

beforeAll(async () => {
  net = await startNet({ module: solo, size: 1 });
  ledger = net.nodes[0]!.ledger;
  source = net.sources[0]!;
  api = await listenNodeApi(createNodeApi(ledger), { host: '127.0.0.1', port: 0 });
  const owner = await ownerOf('anna');
  define = await defineSource(net.chainId, source, { name: 'Radiology North' });
  study = await defineStudy(net.chainId, source, { study: 'mr', owner });
  allow = await allowAccess(net.chainId, source, { study: 'mr', owner, tag: 'doctor' });
  for (const { bytes, txId } of [define, study, allow]) {
    await ledger.submit(bytes);
    await finalizedAt(ledger, txId);
  }
});
afterAll(async () => {
  await api.close();
  await net.close();
});

interface ProofBody {
  readonly header: string;
  readonly finality: string | null;
  readonly name: string;
  readonly value: string | null;
  readonly path: string;
}

/** Members that some answer has; each test looks at those of its own. */
interface Body {
  readonly error: { readonly code: string; readonly message: string };
  readonly height: number;
  readonly finalized: { readonly proofAgeMs: number };
  readonly sources: readonly object[];
  readonly study: object;
  readonly grant: object;
  readonly proof: ProofBody;
  readonly cells: readonly { readonly name: string; readonly value: string }[];
  readonly id: string;
  readonly header: string;
  readonly body: string;
  readonly blocks: readonly { readonly height: number; readonly finality: string | null }[];
  readonly duties: readonly object[];
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

async function get(path: string, init?: RequestInit): Promise<Answer> {
  const response = await fetch(`${api.url}${path}`, init);
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: JSON.parse(text) as Body };
}

function post(bytes: Uint8Array, headers: Record<string, string> = {}): Promise<Answer> {
  return get('/v1/transactions', {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream', ...headers },
    body: bytes as Uint8Array<ArrayBuffer>,
  });
}

const hexOf = (name: string): string => toHex(idOf(name));
const sourceHex = (): string => toHex(source.signer.publicKey);

describe('answers', () => {
  test('status names the chain, the newest block, the view age and the vote', async () => {
    const { status, body } = await get('/v1/status');
    const tip = ledger.status().finalized;
    expect(status).toBe(200);
    expect(body).toEqual({
      chainId: toHex(net.chainId),
      name: 'ledger-test',
      module: 'test-solo/1',
      height: tip.height,
      finalized: {
        height: tip.height,
        id: toHex(tip.id),
        timestampMs: tip.timestampMs,
        stateRoot: toHex(tip.stateRoot),
        proofAgeMs: expect.any(Number),
      },
      peers: 0,
      pendingTransactions: 0,
      nodeKey: toHex(source.nodeSigner.publicKey),
      vrfKey: toHex(source.vrfKey),
      voting: { allowed: true, reason: null },
      halted: null,
      lowestHeight: 0,
      checkpoint: expect.stringMatching(/^0:[0-9a-f]{64}$/),
      nowMs: expect.any(Number),
    });
    expect(body.finalized.proofAgeMs).toBeLessThan(60_000);
  });

  test('sources, a study, a grant and an owner', async () => {
    const { body: list } = await get('/v1/sources');
    expect(list.sources).toHaveLength(1);
    expect(list.sources[0]).toMatchObject({
      id: sourceHex(),
      endpoint: { name: 'Radiology North', baseUrl: 'https://s0.example' },
    });
    expect((await get(`/v1/sources?limit=1`)).body).toEqual(list);
    expect((await get(`/v1/sources?after=${sourceHex()}`)).body).toEqual({ height: list.height, sources: [] });
    expect((await get(`/v1/sources?after=${'0'.repeat(64)}`)).body).toEqual(list);
    const { body: one } = await get(`/v1/sources/${sourceHex()}`);
    expect(one).toEqual({ height: list.height, source: list.sources[0] });
    const { body: studyBody } = await get(`/v1/studies/${sourceHex()}/${hexOf('mr')}`);
    const owner = toHex((await ownerOf('anna')).publicKey);
    expect(studyBody.study).toMatchObject({
      studyId: hexOf('mr'),
      owner,
      era: 0,
      content: hexOf('content mr'),
      retired: null,
    });
    const { body: grant } = await get(`/v1/grants/${sourceHex()}/${hexOf('mr')}/${hexOf('doctor')}`);
    expect(grant.grant).toMatchObject({ tag: hexOf('doctor'), sequence: 1, revoked: false, scope: 0 });
    const { body: owned } = await get(`/v1/owners/${owner}`);
    expect(owned).toEqual({
      height: list.height,
      key: owner,
      source: sourceHex(),
      studyId: hexOf('mr'),
      role: 'owner',
    });
  });

  test.each([
    ['SOURCE_UNKNOWN', () => `/v1/sources/${hexOf('nobody')}`],
    ['STUDY_UNKNOWN', () => `/v1/studies/${sourceHex()}/${hexOf('none')}`],
    ['GRANT_UNKNOWN', () => `/v1/grants/${sourceHex()}/${hexOf('mr')}/${hexOf('none')}`],
    ['OWNER_UNKNOWN', () => `/v1/owners/${hexOf('nobody')}`],
  ])('%s comes with a proof of absence on request', async (code, path) => {
    const { status, body } = await get(`${path()}?proof=1`);
    expect(status).toBe(404);
    expect(body.error.code).toBe(code);
    expect(verifies(body)).toBe(true);
    expect(body.proof.value).toBeNull();
    const plain = await get(path());
    expect(plain.body).toEqual({ error: body.error, height: body.height });
  });

  test('a present cell comes with a proof on request', async () => {
    const { body } = await get(`/v1/studies/${sourceHex()}/${hexOf('mr')}?proof=1`);
    expect(verifies(body)).toBe(true);
    expect(body.proof.finality).toMatch(/^[0-9a-f]+$/);
  });

  function verifies({ height, proof }: Body): boolean {
    const header = decodeHeader(fromHex(proof.header));
    expect(header.height).toBe(height);
    return verifyCellProof({
      stateRoot: header.stateRoot,
      name: fromHex(proof.name),
      value: proof.value === null ? undefined : fromHex(proof.value),
      proof: decodeCellProof(fromHex(proof.path)),
    });
  }

  test.each(['', '0', 'a', 'ff'])('bucket "%s" holds all its cells, provably', async (prefix) => {
    const { status, body } = await get(`/v1/state/buckets/${prefix}`);
    expect(status).toBe(200);
    const { stateRoot } = decodeHeader(fromHex(body.proof.header));
    const cells = body.cells.map(({ name, value }) => ({ name: fromHex(name), value: fromHex(value) }));
    const proof = decodeCellProof(fromHex(body.proof.path));
    expect(verifyBucket({ stateRoot, prefix, cells, proof })).toBe(true);
    if (cells.length > 0) expect(verifyBucket({ stateRoot, prefix, cells: cells.slice(1), proof })).toBe(false);
  });

  test('blocks by height and by range', async () => {
    const { body: block } = await get('/v1/blocks/1');
    expect(block).toMatchObject({ height: 1, transactions: [toHex(define.txId)], proposer: sourceHex() });
    expect(toHex(blockIdOf(fromHex(block.header)))).toBe(block.id);
    expect(block.body).toMatch(/^[0-9a-f]+$/);
    const { body: range } = await get('/v1/blocks?from=0&limit=2');
    expect(range.blocks.map(({ height }) => height)).toEqual([0, 1]);
    expect(range.blocks[0]?.finality).toBeNull();
    const { body: _, ...summary } = block;
    expect(range.blocks[1]).toEqual(summary);
    const { body: newest } = await get('/v1/blocks?limit=1');
    expect(newest.blocks).toHaveLength(1);
    expect(newest.blocks[0]?.height).toBe(ledger.status().finalized.height);
  });

  test('duties', async () => {
    const { body } = await get('/v1/duties?fromHeight=1&limit=1');
    expect(body.duties).toEqual([
      expect.objectContaining({ height: 1, epoch: 0, view: 1, source: sourceHex(), class: 'PRODUCED' }),
    ]);
  });

  test('a transaction is seen, then finalized; the same bytes while it waits are answered alike', async () => {
    const next = await allowAccess(net.chainId, source, { study: 'mr', owner: await ownerOf('anna'), tag: 'second' });
    const txId = toHex(next.txId);
    expect((await get(`/v1/transactions/${txId}`)).body).toEqual({ txId, status: 'unknown' });
    expect(await post(next.bytes)).toMatchObject({ status: 202, body: { txId } });
    const height = await finalizedAt(ledger, next.txId);
    expect((await get(`/v1/transactions/${txId}`)).body).toEqual({ txId, status: 'finalized', height });
  });

  test('any origin may read, without credentials', async () => {
    const preflight = await fetch(`${api.url}/v1/transactions`, {
      method: 'OPTIONS',
      headers: { origin: 'https://wallet.example' },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-methods')).toBe('GET, POST');
    const { headers } = await get('/v1/status');
    expect(headers.get('access-control-allow-origin')).toBe('*');
    expect(headers.get('access-control-allow-credentials')).toBeNull();
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('cross-origin-resource-policy')).toBe('cross-origin');
  });
});

describe('refusals', () => {
  test.each([
    ['GET', '/v1/sources?limit=1001', 400, 'REQUEST_INVALID'],
    ['GET', '/v1/sources?after=xyz', 400, 'REQUEST_INVALID'],
    ['GET', '/v1/sources/xyz', 400, 'REQUEST_INVALID'],
    ['GET', `/v1/sources/${'A'.repeat(64)}`, 400, 'REQUEST_INVALID'],
    ['GET', '/v1/blocks/-1', 400, 'REQUEST_INVALID'],
    ['GET', '/v1/blocks/1e3', 400, 'REQUEST_INVALID'],
    ['GET', '/v1/blocks?limit=0', 400, 'REQUEST_INVALID'],
    ['GET', '/v1/blocks?limit=101', 400, 'REQUEST_INVALID'],
    ['GET', '/v1/blocks?limit=1&limit=2', 400, 'REQUEST_INVALID'],
    ['GET', '/v1/duties?limit=1001', 400, 'REQUEST_INVALID'],
    ['GET', '/v1/state/buckets/xyz', 400, 'REQUEST_INVALID'],
    ['GET', '/v1/state/buckets/012345678', 400, 'REQUEST_INVALID'],
    ['GET', `/v1/owners/${'0'.repeat(64)}?proof=yes`, 400, 'REQUEST_INVALID'],
    ['GET', '/v1/events?fromHeight=x', 400, 'REQUEST_INVALID'],
    ['GET', '/v1/sources/%', 400, 'REQUEST_INVALID'],
    ['GET', '/v1/blocks/999999', 404, 'BLOCK_UNKNOWN'],
    ['GET', '/v2/status', 404, 'ROUTE_UNKNOWN'],
    ['POST', '/v1/status', 404, 'ROUTE_UNKNOWN'],
    ['DELETE', '/v1/status', 405, 'METHOD_NOT_ALLOWED'],
  ])('%s %s is answered %i %s', async (method, path, status, code) => {
    const answer = await get(path, { method });
    expect([answer.status, answer.body.error.code]).toEqual([status, code]);
    expect(answer.body.error.message).toBeTruthy();
  });

  test('bytes of another media type or with an encoding', async () => {
    expect(await post(study.bytes, { 'content-type': 'application/json' })).toMatchObject({
      status: 415,
      body: { error: { code: 'MEDIA_TYPE_UNSUPPORTED' } },
    });
    expect(await post(study.bytes, { 'content-encoding': 'gzip' })).toMatchObject({
      status: 415,
      body: { error: { code: 'MEDIA_TYPE_UNSUPPORTED' } },
    });
  });

  test.each([
    ['too many bytes', async () => new Uint8Array(70_000), 413, 'TOO_LARGE'],
    ['no transaction', async () => new Uint8Array(10), 400, 'MALFORMED'],
    ['no bytes', async () => new Uint8Array(0), 400, 'MALFORMED'],
    [
      'a false signature',
      async () => {
        const bytes = (await allowAccess(net.chainId, source, { study: 'mr', owner: await ownerOf('anna'), tag: 'f' }))
          .bytes;
        bytes[bytes.length - 1]! ^= 1;
        return bytes;
      },
      400,
      'SIGNATURE_INVALID',
    ],
    ['a finalized transaction', async () => study.bytes, 409, 'REPLAYED'],
    [
      'a study that exists',
      async () => (await defineStudy(net.chainId, source, { study: 'mr', owner: await ownerOf('carla') })).bytes,
      409,
      'STUDY_EXISTS',
    ],
  ])('%s', async (_name, make, status, code) => {
    const answer = await post(await make());
    expect([answer.status, answer.body.error.code]).toEqual([status, code]);
  });

  test('a refused transaction says so when asked for', async () => {
    const bad = await defineStudy(net.chainId, source, { study: 'mr', owner: await ownerOf('dora') });
    await post(bad.bytes);
    expect((await get(`/v1/transactions/${toHex(bad.txId)}`)).body).toMatchObject({
      status: 'refused',
      code: 'STUDY_EXISTS',
    });
  });

  test('headers that are too large, and a caller that asks too often', async () => {
    const big = await fetch(`${api.url}/v1/status`, { headers: { 'x-long': 'x'.repeat(20_000) } });
    expect(big.status).toBe(431);
    const strict = await listenNodeApi(createNodeApi(ledger, { requestsPerMinute: 2 }), { host: '127.0.0.1', port: 0 });
    try {
      const answers = [];
      for (let index = 0; index < 3; index += 1) answers.push(await fetch(`${strict.url}/v1/status`));
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 429]);
      expect(answers[2]?.headers.get('retry-after')).toBe('60');
      expect(await answers[2]?.json()).toMatchObject({ error: { code: 'RATE_LIMITED' } });
    } finally {
      await strict.close();
    }
  });

  test('a port that is taken', async () => {
    await expect(listenNodeApi(createNodeApi(ledger), { host: '127.0.0.1', port: api.port })).rejects.toMatchObject({
      info: { code: 'LISTEN_FAILED', systemCode: 'EADDRINUSE' },
    });
  });
});
