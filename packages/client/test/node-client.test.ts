import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createSigner, generateSeed, randomBytes, sha256, type Signer, toHex, utf8 } from '@radledger/primitives';
import { createTransaction, signAcceptance, signKeyProof } from '@radledger/transactions';
import { beforeAll, describe, expect, test } from 'vitest';
import { cellKey, type DutyLeaf, encodeDutyLeaf } from '@radledger/chain';
import { createCellReader, createNodeClient, type NodeClient } from '../src/index.js';
import * as client from '../src/index.js';
import { createFakeNode, type FakeNode, type FakeNodeOptions } from '../src/testing/index.js';
import { answering, silent, streamOf } from './http-fixture.js';

const URL_TEXT = 'http://node.test';

let source: Signer;
let nodeKey: Signer;
let vrf: Signer;
beforeAll(async () => {
  [source, nodeKey, vrf] = (await Promise.all([1, 2, 3].map(() => createSigner(generateSeed())))) as [
    Signer,
    Signer,
    Signer,
  ];
});

async function openNet(options: Partial<FakeNodeOptions> = {}): Promise<{ fake: FakeNode; node: NodeClient }> {
  const fake = await createFakeNode({
    ...options,
    sources: [{ source: source.publicKey, nodeKey: nodeKey.publicKey, vrfKey: vrf.publicKey }],
  });
  return { fake, node: createNodeClient({ url: URL_TEXT, fetch: fake.fetch }) };
}

async function defineSource(fake: FakeNode): Promise<{ bytes: Uint8Array; txId: Uint8Array }> {
  const { chainId } = fake;
  const id = source.publicKey;
  return createTransaction({
    chainId,
    kind: 'define-source',
    signer: source,
    expiryHeight: fake.height + 10,
    payload: {
      source: id,
      name: 'City Hospital',
      baseUrl: 'https://gw.example',
      tlsPins: [randomBytes(32)],
      nodeKey: nodeKey.publicKey,
      nodeKeyProof: await signKeyProof({ chainId, source: id, role: 'node', key: nodeKey }),
      vrfKey: vrf.publicKey,
      vrfKeyProof: await signKeyProof({ chainId, source: id, role: 'vrf', key: vrf }),
      admission: undefined,
    },
  });
}

async function defineStudy(fake: FakeNode, studyId: Uint8Array, owner: Signer) {
  const { chainId } = fake;
  const acceptance = await signAcceptance({ chainId, source: source.publicKey, owner });
  const payload = { source: source.publicKey, studyId, owner: owner.publicKey, acceptance, content: randomBytes(32) };
  return createTransaction({ chainId, kind: 'define-study', signer: source, expiryHeight: fake.height + 10, payload });
}

describe('against a ledger', () => {
  test('status, directory, cells, absence, blocks', async () => {
    const { fake, node } = await openNet();
    const owner = await createSigner(generateSeed());
    const studyId = randomBytes(32);
    await node.submit((await defineSource(fake)).bytes);
    const signed = await defineStudy(fake, studyId, owner);
    expect(await node.submit(signed.bytes)).toEqual(signed.txId);

    expect(await node.status()).toMatchObject({ chainId: fake.chainId, finalized: { height: 2 } });
    expect((await node.sources()).sources).toMatchObject([
      { id: source.publicKey, endpoint: { name: 'City Hospital' } },
    ]);
    expect((await node.source(source.publicKey)).cell?.endpoint?.baseUrl).toBe('https://gw.example');
    expect((await node.study(source.publicKey, studyId)).cell?.owner).toEqual(owner.publicKey);
    expect((await node.owner(owner.publicKey)).cell).toMatchObject({ studyId, role: 'owner' });
    expect((await node.study(source.publicKey, randomBytes(32))).cell).toBeUndefined();
    expect((await node.grant(source.publicKey, studyId, randomBytes(32))).cell).toBeUndefined();
    expect((await node.block(2))?.transactions).toEqual([signed.txId]);
    expect(await node.block(3)).toBeUndefined();
    expect((await node.blocks({ from: 1, limit: 5 })).map(({ height }) => height)).toEqual([1, 2]);
    expect(await node.transactionStatus(signed.txId)).toEqual({ status: 'finalized', height: 2 });
  });

  test('a refusal carries the rule', async () => {
    const { fake, node } = await openNet();
    const signed = await defineSource(fake);
    await node.submit(signed.bytes);
    await expect(node.submit(new Uint8Array(3))).rejects.toMatchObject({ info: { code: 'REFUSED', status: 400 } });
    const again = await defineSource(fake);
    await expect(node.submit(again.bytes)).rejects.toMatchObject({ info: { code: 'REFUSED', status: 409 } });
  });

  test('a forged value, absence or bucket is found by its proof', async () => {
    const { fake } = await openNet();
    const real = createNodeClient({ url: URL_TEXT, fetch: fake.fetch });
    await real.submit((await defineSource(fake)).bytes);
    const forged = (change: (json: Record<string, never>) => object) =>
      createNodeClient({
        url: URL_TEXT,
        fetch: async (url, init) => {
          const answer = await fake.fetch(url, init);
          return Response.json(change((await answer.json()) as Record<string, never>), { status: answer.status });
        },
      });
    const proofInvalid = { code: 'PROOF_INVALID' };
    const id = source.publicKey;
    const withProof = (changes: object) =>
      forged((json) => ({ ...json, proof: { ...(json.proof as unknown as object), ...changes } })).source(id);
    await expect(withProof({ value: '00' })).rejects.toMatchObject(proofInvalid);
    await expect(withProof({ value: null })).rejects.toMatchObject(proofInvalid);
    await expect(withProof({ name: '00' })).rejects.toMatchObject(proofInvalid);
    await expect(withProof({ path: '00' })).rejects.toMatchObject(proofInvalid);
    await expect(forged((json) => ({ ...json, height: 7 })).source(id)).rejects.toMatchObject(proofInvalid);
    const hidden = forged((json) => ({ ...json, cells: (json.cells as unknown as unknown[]).slice(1) }));
    await expect(createCellReader(hidden).read([cellKey.source(id)])).rejects.toMatchObject(proofInvalid);
    const other = forged((json) => ({ ...json, prefix: '0' }));
    await expect(createCellReader(other).read([cellKey.source(id)])).rejects.toMatchObject(proofInvalid);
  });

  test('the accounts of a closed epoch, and one with its proof', async () => {
    const { fake, node } = await openNet({ parameters: { epochHeights: 2, expiryHeightsMax: 2 } });
    const id = source.publicKey;
    expect(await node.dutyAccounts(0)).toBeUndefined();
    expect(await node.dutyAccount(0, id)).toBeUndefined();
    for (let height = 1; height <= 3; height += 1) await fake.mine();
    const accounts = await node.dutyAccounts(0);
    const [leaf] = accounts?.leaves ?? [];
    expect(accounts).toMatchObject({ height: 3, leaves: [{ source: id, epoch: 0 }] });
    const proven = await node.dutyAccount(0, id);
    expect(proven).toMatchObject({ account: leaf, header: { height: 2 } });
    expect(await node.dutyAccount(0, randomBytes(32))).toBeUndefined();
    expect(await node.dutyAccounts(1)).toBeUndefined();

    const forged = (changes: object) =>
      createNodeClient({
        url: URL_TEXT,
        fetch: async (url, init) => {
          const json = (await (await fake.fetch(url, init)).json()) as { proof: object };
          return Response.json({ ...json, proof: { ...json.proof, ...changes } });
        },
      });
    const equivocated = encodeDutyLeaf({ ...(leaf as DutyLeaf), equivocated: 1 });
    const header = toHex((await node.block(1))?.header ?? new Uint8Array(0));
    for (const lie of [
      { leaf: toHex(equivocated) },
      { header },
      { index: 1 },
      { path: ['00'.repeat(32)] },
      { leaf: '00' },
    ]) {
      await expect(forged(lie).dutyAccount(0, id)).rejects.toMatchObject({ code: 'PROOF_INVALID' });
    }
    await expect(forged({}).dutyAccount(1, id)).rejects.toMatchObject({ code: 'MALFORMED_RESPONSE' });
  });

  test.each([1, 3, 4_096])('cells are read by buckets of at most %i', async (bucketCellsMax) => {
    const { fake, node } = await openNet({ bucketCellsMax });
    await node.submit((await defineSource(fake)).bytes);
    const reader = createCellReader(node);
    const [found, missing, params] = await reader.read([
      cellKey.source(source.publicKey),
      cellKey.owner(randomBytes(32)),
      cellKey.params,
    ]);
    expect(found).toBeDefined();
    expect(missing).toBeUndefined();
    expect(params).toBeDefined();
    const names = new Set<string>();
    for await (const { name } of reader.all()) names.add(toHex(name));
    expect(names).toContain(toHex(cellKey.params));
    expect(names).toContain(toHex(cellKey.source(source.publicKey)));
  });
});

describe('waiting for a transaction', () => {
  test('ends with its height, also when it was final before', async () => {
    const { fake, node } = await openNet();
    fake.isPaused = true;
    const signed = await defineSource(fake);
    await node.submit(signed.bytes);
    const waiting = node.waitForFinalized(signed.txId, { fromHeight: 1 });
    await fake.mine();
    expect(await waiting).toEqual({ height: 1 });
    // Regression: it was final before the wait began, and no height was given.
    expect(await node.waitForFinalized(signed.txId)).toEqual({ height: 1 });
  });

  test('ends when it expired, timed out, or was given up', async () => {
    const { fake, node } = await openNet();
    const wait = (options: object) => node.waitForFinalized(randomBytes(32), { fromHeight: 1, ...options });
    const expired = wait({ expiryHeight: 1 });
    await fake.mine();
    await expect(expired).rejects.toMatchObject({ code: 'TRANSACTION_EXPIRED' });
    await expect(wait({ timeoutMs: 1 })).rejects.toMatchObject({ code: 'TIMEOUT' });
    const given = new AbortController();
    const waiting = wait({ signal: given.signal });
    given.abort(new Error('given up'));
    await expect(waiting).rejects.toThrow('given up');
  });
});

describe('events', () => {
  test('resume after the last height when the connection is lost', async () => {
    const { fake, node } = await openNet();
    const stop = new AbortController();
    const heights: number[] = [];
    for await (const event of node.events({ fromHeight: 0, signal: stop.signal })) {
      if (event.event === 'status') {
        await fake.mine();
        continue;
      }
      if (event.event !== 'finalized') continue;
      heights.push(event.height);
      if (event.height === 1) fake.dropStreams();
      if (event.height === 2) stop.abort();
    }
    expect(heights).toEqual([0, 1, 2]);
  });

  test('over a real socket: seen, then finalized', async () => {
    const { fake } = await openNet();
    const server = createServer((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(
        `event: seen\ndata: {"txId":"${'ab'.repeat(32)}","transaction":"00"}\n\n: comment\n\nevent: later\ndata: 1\n\n`,
      );
      response.write(`event: status\ndata: {"height":1,"proofAgeMs":2,"nowMs":3,"more":0}\n\n`);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const stop = new AbortController();
    const node = createNodeClient({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
    const seen: string[] = [];
    for await (const event of node.events({ signal: stop.signal })) {
      seen.push(event.event);
      if (event.event === 'status') stop.abort();
    }
    expect(seen).toEqual(['seen', 'status']);
    expect(fake.height).toBe(0);
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  test.each([
    ['not JSON', streamOf(['event: status\ndata: {\n\n']), 'MALFORMED_RESPONSE'],
    ['a member missing', streamOf(['event: status\ndata: {}\n\n']), 'MALFORMED_RESPONSE'],
    [
      'without end',
      streamOf(Array.from({ length: 6 }, () => `data: ${'x'.repeat(1024 * 1024)}`)),
      'RESPONSE_TOO_LARGE',
    ],
  ])('%s end the stream with an error', async (_, body, code) => {
    const node = createNodeClient({
      url: URL_TEXT,
      fetch: answering(body, { headers: { 'content-type': 'text/event-stream' } }),
    });
    const read = async () => {
      for await (const event of node.events({ signal: new AbortController().signal })) expect(event).toBeUndefined();
    };
    await expect(read()).rejects.toMatchObject({ code });
  });
});

describe('a server that does not behave', () => {
  const statusOf = (fetch: Parameters<typeof createNodeClient>[0]['fetch'], timeoutMs = 30_000) =>
    createNodeClient({ url: URL_TEXT, timeoutMs, ...(fetch === undefined ? {} : { fetch }) }).status();

  test.each([
    ['silence', silent, 'TIMEOUT'],
    ['no connection', () => Promise.reject(new TypeError('fetch failed')), 'UNREACHABLE'],
    ['no JSON', answering('<html>'), 'MALFORMED_RESPONSE'],
    ['JSON of another shape', answering('[]'), 'MALFORMED_RESPONSE'],
    ['a cut body', () => Promise.resolve(new Response(streamOf(['{'], new Error('cut')))), 'UNREACHABLE'],
    [
      'an endless body',
      answering(streamOf(Array.from({ length: 6 }, () => 'x'.repeat(1024 * 1024)))),
      'RESPONSE_TOO_LARGE',
    ],
    ['an error without a code', answering('oops', { status: 500 }), 'REFUSED'],
  ] as const)('%s gives a coded error', async (_, fetch, code) => {
    await expect(statusOf(fetch, 20)).rejects.toMatchObject({ code });
  });

  test('the caller’s own abort comes through as it is', async () => {
    const stop = new AbortController();
    const asked = createNodeClient({ url: URL_TEXT, fetch: silent }).status({ signal: stop.signal });
    stop.abort(new Error('enough'));
    await expect(asked).rejects.toThrow('enough');
  });

  test.each(['ftp://node.test', 'node.test', 'http://user@node.test', 'http://node.test/?a', 'http://node.test/#a'])(
    'the address %s is refused',
    (url) => {
      expect(() => createNodeClient({ url })).toThrow(expect.objectContaining({ code: 'URL_REFUSED' }));
    },
  );
});

test('the package exports what its README names, and nothing by accident', () => {
  expect(Object.keys(client).sort()).toMatchInlineSnapshot(`
    [
      "ClientError",
      "createCellReader",
      "createDeskClient",
      "createDicomwebClient",
      "createGatewayClient",
      "createLightClient",
      "createNodeClient",
      "createOperatorClient",
      "createProvenNode",
      "isRefusal",
      "verifyBucketAnswer",
      "waitForFinalized",
    ]
  `);
});

test('the directory comes in pages, and is asked for until it ends', async () => {
  const fake = await createFakeNode({
    sources: Array.from({ length: 2_001 }, (_, at) => {
      const [id, nodeKey, vrfKey] = ['id', 'node', 'vrf'].map((name) => sha256(utf8(`${name} ${at}`)));
      return { source: id as Uint8Array, nodeKey: nodeKey as Uint8Array, vrfKey: vrfKey as Uint8Array };
    }),
  });
  const asked: string[] = [];
  const node = createNodeClient({
    url: URL_TEXT,
    fetch: (input, init) => {
      asked.push(String(input));
      return fake.fetch(input, init);
    },
  });
  const { sources } = await node.sources();
  expect(new Set(sources.map(({ id }) => toHex(id))).size).toBe(2_001);
  expect(asked).toHaveLength(3);
});
