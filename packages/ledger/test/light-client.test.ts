// Goal: a reader who trusts one checkpoint learns from any node whether a grant is live, and believes no lie. Method: a real chain of
// `simplex`, made in virtual time and served over HTTP; the client's fetch is where answers are changed.
import {
  createLightClient,
  createNodeClient,
  createProvenNode,
  type Fetch,
  type LightClient,
  type LightClientOptions,
  type NodeClient,
} from '@radledger/client';
import { createFinalityVerifier } from '@radledger/consensus';
import { simplex } from '@radledger/consensus-simplex';
import { createStory, storyId } from '@radledger/made-chain';
import {
  cellKey,
  decodeBoundaries,
  decodeGrantCell,
  decodeHeader,
  encodeBoundaries,
  hashedKeyOf,
  parseCheckpoint,
} from '@radledger/chain';
import { fromHex, toHex } from '@radledger/primitives';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createNodeApi, listenNodeApi, type ApiListener } from '../src/http/index.js';
import type { Ledger } from '../src/index.js';
import { madeNode, type MadeNode } from './support/made-node.js';

// A busy machine takes its time; 10,000 mutations take some 20 s.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 60_000 });

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const START = Date.UTC(2026, 0, 1);
const EPOCH_HEIGHTS = 4;
const INTERVAL = 6 * HOUR;
const HEIGHTS = 118; // epoch 29 is open
const FUZZ_CHECKPOINT = 108;

let node: MadeNode;
let ledger: Ledger;
let api: ApiListener;
let now = 0;
const source = (): Uint8Array => node.maker.voters[0]!.signer.publicKey;

beforeAll(async () => {
  node = await madeNode({
    startMs: START,
    intervalMs: INTERVAL,
    parameters: { epochHeights: EPOCH_HEIGHTS, studyAllowBurst: 1_000 },
  });
  const { maker } = node;
  const [voter] = maker.voters;
  const story = createStory(maker.chainId);
  const notAfterMs = START + 100 * DAY;
  await maker.next([await story.defineSource(voter!, 1)]);
  await maker.next([await story.defineStudy(voter!, 'knee', 2)]);
  await maker.next([
    await story.allowAccess(voter!, { study: 'knee', tag: 'live', height: 3, notAfterMs }),
    await story.allowAccess(voter!, { study: 'knee', tag: 'revoked', height: 3, notAfterMs }),
    await story.allowAccess(voter!, { study: 'knee', tag: 'expired', height: 3, notAfterMs: START + 20 * DAY }),
  ]);
  await maker.next([await story.revokeAccess(voter!, { study: 'knee', tag: 'revoked', height: 4 })]);
  for (let index = 0; index < 60; index += 1) {
    const { height } = maker;
    await maker.next([
      await story.allowAccess(voter!, { study: 'knee', tag: `other ${index}`, height: height + 1, notAfterMs }),
    ]);
  }
  while (maker.height < HEIGHTS - 1) await maker.next([]);
  await maker.next([
    await story.allowAccess(voter!, { study: 'knee', tag: 'last', height: HEIGHTS, notAfterMs: START + 40 * DAY }),
  ]);
  now = maker.nextTimestampMs - INTERVAL + 1_000;
  ledger = await node.open(() => now);
  api = await listenNodeApi(createNodeApi(ledger, { requestsPerMinute: 1_000_000 }), { host: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  await api.close();
  await ledger.close();
});

async function checkpointAt(height: number): Promise<LightClientOptions['checkpoint']> {
  const [entry] = await ledger.headers({ from: height, limit: 1 });
  return parseCheckpoint(`${height}:${toHex(entry!.id)}`);
}

async function lightClient(
  options: Partial<LightClientOptions> & { readonly fetch?: Fetch } = {},
): Promise<LightClient> {
  const { chainId, genesis } = node.maker;
  return createLightClient({
    node: createNodeClient({ url: api.url, ...(options.fetch && { fetch: options.fetch }) }),
    chainId,
    epochHeights: EPOCH_HEIGHTS,
    verifyFinality: createFinalityVerifier(simplex, genesis.parameters),
    checkpoint: await checkpointAt(8),
    now: () => now,
    ...options,
  });
}

const grantOf = (tag: string) => ({ source: source(), studyId: storyId('knee'), tag: storyId(tag) });

/** Passes answers through, changed. */
function changing(change: (path: string, body: Uint8Array) => Uint8Array | undefined): Fetch {
  return async (url, init) => {
    const response = await fetch(url, init);
    const body = new Uint8Array(await response.arrayBuffer());
    const changed = change(new URL(url).pathname, body) ?? body;
    return new Response(new Uint8Array(changed), { status: response.status, headers: response.headers });
  };
}

const json = (bytes: Uint8Array): Record<string, unknown> =>
  JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
const utf = (value: object): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

test.each(['live', 'revoked', 'expired'] as const)('a grant that is %s', async (status) => {
  const verdict = await (await lightClient()).grant(grantOf(status));
  expect(verdict.status).toBe(status);
  expect(verdict.header.height).toBe(HEIGHTS);
  expect(verdict.viewAgeMs).toBe(1_000);
});

test('a grant that never was', async () => {
  const verdict = await (await lightClient()).grant(grantOf('nobody'));
  expect(verdict).toMatchObject({ status: 'absent', grant: undefined });
  expect(verdict.study).toBeDefined();
});

test('the checkpoint of one run is where the next begins', async () => {
  const first = await lightClient();
  await first.follow();
  expect(first.checkpoint().height).toBe(116);
  const second = await lightClient({ checkpoint: first.checkpoint() });
  expect((await second.grant(grantOf('live'))).status).toBe('live');
});

test('the node does not learn the name', async () => {
  const asked: string[] = [];
  const light = await lightClient({
    fetch: (url, init) => {
      asked.push(url);
      return fetch(url, init);
    },
  });
  await light.grant(grantOf('live'));
  const key = toHex(hashedKeyOf(cellKey.grant(source(), storyId('knee'), storyId('live'))));
  for (const url of asked) {
    expect(url).not.toContain(toHex(storyId('live')));
    expect(url).not.toContain(key.slice(0, 4));
  }
});

test('who asks again is told only what changed, and proves the whole', async () => {
  const asked: string[] = [];
  const bytes: number[] = [];
  const light = await lightClient({
    fetch: async (url, init) => {
      const response = await fetch(url, init);
      const body = await response.arrayBuffer();
      if (url.includes('/v1/state')) {
        asked.push(url);
        bytes.push(body.byteLength);
      }
      return new Response(body, { status: response.status });
    },
  });
  await light.grant(grantOf('live'));
  expect((await light.grant(grantOf('live'))).status).toBe('live');
  expect(asked[1]).toContain(`since=${HEIGHTS}`);
  expect(bytes[1]).toBeLessThan((bytes[0] ?? 0) / 2);

  const unknown = await fetch(`${api.url}/v1/state?prefixes=0&since=${HEIGHTS + 1}`);
  expect([unknown.status, await unknown.json()]).toMatchObject([410, { error: { code: 'CHANGES_UNKNOWN' } }]);
  const changes = (await (await fetch(`${api.url}/v1/state?prefixes=&since=3`)).json()) as {
    parts: { changed: { place: string; cells: { name: string }[] }[] }[];
  };
  const revoked = cellKey.grant(source(), storyId('knee'), storyId('revoked'));
  const live = cellKey.grant(source(), storyId('knee'), storyId('live'));
  const placeOf = (name: Uint8Array) =>
    changes.parts[0]!.changed.find(({ place }) => toHex(hashedKeyOf(name)).startsWith(place));
  expect(placeOf(revoked)?.cells.map(({ name }) => name)).toEqual([toHex(revoked)]);
  expect(placeOf(live)).toBeUndefined();
});

test('a change kept back is noticed', async () => {
  let turn = 0;
  const light = await lightClient({
    fetch: changing((path, body) => {
      if (path !== '/v1/state') return undefined;
      turn += 1;
      const answer = json(body) as { parts: { cells?: { value: string }[]; changed?: unknown[] }[] };
      if (turn === 2) answer.parts[0]!.changed = [{ place: '00000000', cells: [{ name: 'aa', value: 'bb' }] }];
      return utf(answer);
    }),
  });
  await light.grant(grantOf('live'));
  await expect(light.grant(grantOf('live'))).rejects.toMatchObject({ code: 'PROOF_INVALID' });
  expect((await light.grant(grantOf('live'))).status).toBe('live');
});

describe('refused', () => {
  test('a checkpoint older than 28 days', async () => {
    const light = await lightClient({ checkpoint: await checkpointAt(4) });
    await expect(light.follow()).rejects.toMatchObject({ code: 'CHECKPOINT_TOO_OLD' });
    const patient = await lightClient({ checkpoint: await checkpointAt(4), checkpointAgeMaxMs: 30 * DAY });
    expect((await patient.grant(grantOf('live'))).status).toBe('live');
  });

  test('what a reader verified itself, once that is older than 28 days: it may have slept meanwhile', async () => {
    const light = await lightClient();
    expect((await light.grant(grantOf('live'))).status).toBe('live');
    now += 28 * DAY;
    await expect(light.follow()).rejects.toMatchObject({ code: 'CHECKPOINT_TOO_OLD' });
    await expect(light.grant(grantOf('live'))).rejects.toMatchObject({ code: 'CHECKPOINT_TOO_OLD' });
    now -= 28 * DAY;
    expect((await light.grant(grantOf('live'))).status).toBe('live');
  });

  test('a checkpoint that the node does not have', async () => {
    const id = new Uint8Array(32).fill(7);
    await expect((await lightClient({ checkpoint: { height: 8, id } })).follow()).rejects.toMatchObject({
      code: 'PROOF_INVALID',
    });
    await expect((await lightClient({ checkpoint: { height: 800, id } })).follow()).rejects.toMatchObject({
      code: 'CHECKPOINT_UNKNOWN',
    });
  });

  test('a state older than the bound, and a clock that is behind', async () => {
    now += 60_000;
    await expect((await lightClient()).grant(grantOf('live'))).rejects.toMatchObject({ code: 'VIEW_TOO_OLD' });
    now -= 60_000 + 3 * INTERVAL;
    await expect((await lightClient()).grant(grantOf('live'))).rejects.toMatchObject({ code: 'CLOCK_BEHIND' });
    now += 3 * INTERVAL;
  });

  test('the chain of another genesis', async () => {
    const light = await lightClient({ chainId: new Uint8Array(32).fill(1) });
    await expect(light.follow()).rejects.toMatchObject({ code: 'PROOF_INVALID' });
  });

  test('signatures that do not verify, whatever shape the module finds right', async () => {
    const claim = { key: source(), message: new Uint8Array(1), signature: new Uint8Array(64) };
    const light = await lightClient({ verifyFinality: () => [claim] });
    await expect(light.follow()).rejects.toMatchObject({ code: 'PROOF_INVALID' });
  });

  test('a cell left out, so that a grant seems absent', async () => {
    const name = toHex(cellKey.grant(source(), storyId('knee'), storyId('live')));
    const light = await lightClient({
      fetch: changing((path, body) => {
        if (path !== '/v1/state') return undefined;
        const answer = json(body) as { parts: { cells: { name: string }[] }[] };
        for (const part of answer.parts) part.cells = part.cells.filter((cell) => cell.name !== name);
        return utf(answer);
      }),
    });
    await expect(light.grant(grantOf('live'))).rejects.toMatchObject({ code: 'PROOF_INVALID' });
  });

  test('a revoked grant shown as it was before', async () => {
    const name = toHex(cellKey.grant(source(), storyId('knee'), storyId('revoked')));
    const live = toHex(cellKey.grant(source(), storyId('knee'), storyId('live')));
    const light = await lightClient({
      fetch: changing((path, body) => {
        if (path !== '/v1/state') return undefined;
        const answer = json(body) as { parts: { cells: { name: string; value: string }[] }[] };
        const cells = answer.parts.flatMap((part) => part.cells);
        const value = cells.find((cell) => cell.name === live)?.value ?? '';
        for (const cell of cells) if (cell.name === name) cell.value = value;
        return utf(answer);
      }),
    });
    await expect(light.grant(grantOf('revoked'))).rejects.toMatchObject({ code: 'PROOF_INVALID' });
  });

  test('a node that wants the whole name', async () => {
    const asked: string[] = [];
    const light = await lightClient({
      fetch: (url, init) => {
        asked.push(url);
        if (!url.includes('/v1/state')) return fetch(url, init);
        const body = JSON.stringify({ error: { code: 'BUCKET_TOO_LARGE', message: '' } });
        return Promise.resolve(new Response(body, { status: 413 }));
      },
    });
    await expect(light.grant(grantOf('live'))).rejects.toMatchObject({ code: 'REFUSED' });
    expect(asked.filter((url) => url.includes('/v1/state'))).toHaveLength(3);
  });
});

describe('several nodes', () => {
  const names = () => [cellKey.grant(source(), storyId('knee'), storyId('live'))];
  /** A node whose fetch is changed, and what it was asked. */
  const nodeBy = (change: Fetch) => {
    const asked: string[] = [];
    const node = createNodeClient({
      url: api.url,
      fetch: (url, init) => {
        asked.push(new URL(url).pathname);
        return change(url, init);
      },
    });
    return { node, asked };
  };
  const hiding = changing((path, body) => {
    if (path !== '/v1/state') return undefined;
    const answer = json(body) as { parts: { cells: unknown[] }[] };
    for (const part of answer.parts) part.cells = part.cells.slice(1);
    return utf(answer);
  });
  const provenNode = async (nodes: readonly { node: NodeClient }[], distrusted: NodeClient[] = []) =>
    createProvenNode({
      nodes: nodes.map(({ node }) => node),
      chainId: node.maker.chainId,
      epochHeights: EPOCH_HEIGHTS,
      verifyFinality: createFinalityVerifier(simplex, node.maker.genesis.parameters),
      checkpoint: await checkpointAt(8),
      now: () => now,
      onDistrust: (liar) => distrusted.push(liar),
    });

  test('one that hides a cell is left for good, and the next one tells', async () => {
    const [liar, honest] = [nodeBy(hiding), nodeBy(fetch)];
    const distrusted: NodeClient[] = [];
    const proven = await provenNode([liar, honest], distrusted);
    const [value] = await proven.cells.read(names());
    expect(decodeGrantCell(value!).revoked).toBe(false);
    expect(distrusted).toEqual([liar.node]);
    const count = liar.asked.length;
    await proven.cells.read(names());
    expect((await proven.status()).finalized).toMatchObject({ height: HEIGHTS, proofAgeMs: 1_000 });
    expect(liar.asked).toHaveLength(count);
  });

  test('one that does not answer is passed over, and asked again when the other fails', async () => {
    let isDown = true;
    const down = nodeBy((url, init) => (isDown ? Promise.reject(new TypeError('refused')) : fetch(url, init)));
    let isOtherDown = false;
    const other = nodeBy((url, init) => (isOtherDown ? Promise.reject(new TypeError('refused')) : fetch(url, init)));
    const distrusted: NodeClient[] = [];
    const proven = await provenNode([down, other], distrusted);
    expect(await proven.cells.read(names())).toHaveLength(1);
    [isDown, isOtherDown] = [false, true];
    expect(await proven.cells.read(names())).toHaveLength(1);
    isDown = true;
    await expect(proven.cells.read(names())).rejects.toMatchObject({ code: 'UNREACHABLE' });
    expect(distrusted).toEqual([]);
  });

  test('nothing is believed when all of them lie', async () => {
    const proven = await provenNode([nodeBy(hiding), nodeBy(hiding)]);
    await expect(proven.cells.read(names())).rejects.toMatchObject({ code: 'PROOF_INVALID' });
    await expect(proven.status()).rejects.toMatchObject({ code: 'NO_NODES' });
  });

  test('more names than one question holds', async () => {
    const proven = await provenNode([nodeBy(fetch)]);
    const many = Array.from({ length: 60 }, (_, index) =>
      cellKey.grant(source(), storyId('knee'), storyId(`other ${index}`)),
    );
    const values = await proven.cells.read([...many, cellKey.owner(new Uint8Array(32))]);
    expect(values.slice(0, 60).every((value) => value !== undefined)).toBe(true);
    expect(values[60]).toBeUndefined();
  });

  test('the end of a wait is read from a proven block, whatever one of them shows', async () => {
    const { body, transactions } = (await createNodeClient({ url: api.url }).block(HEIGHTS))!;
    const empty = (await createNodeClient({ url: api.url }).block(HEIGHTS - 1))!;
    expect(transactions).toHaveLength(1);
    const other = nodeBy(
      changing((path, answer) => {
        if (path !== `/v1/blocks/${HEIGHTS}`) return undefined;
        return utf({ ...json(answer), body: toHex(empty.body!), transactions: [] });
      }),
    );
    const distrusted: NodeClient[] = [];
    const proven = await provenNode([other, nodeBy(fetch)], distrusted);
    const found = await proven.waitForFinalized(transactions[0]!, { fromHeight: HEIGHTS - 1 });
    expect(found).toEqual({ height: HEIGHTS });
    expect(distrusted).toEqual([other.node]);
    expect((await proven.block(HEIGHTS))?.body).toEqual(body);
    expect(await proven.block(HEIGHTS + 1)).toBeUndefined();
    expect(await proven.block(8)).toBeUndefined();
  });

  test('a transaction that is in no block is waited for until the time is over', async () => {
    const proven = await provenNode([nodeBy(fetch)]);
    const wait = { fromHeight: HEIGHTS - 1, timeoutMs: 200 };
    await expect(proven.waitForFinalized(new Uint8Array(32), wait)).rejects.toMatchObject({ code: 'TIMEOUT' });
    const expired = { ...wait, timeoutMs: 60_000, expiryHeight: HEIGHTS };
    await expect(proven.waitForFinalized(new Uint8Array(32), expired)).rejects.toMatchObject({
      code: 'TRANSACTION_EXPIRED',
    });
  });
});

// Goal: I17, a light client never accepts what a full node rejects. Method: one byte of one answer is changed, at places drawn from a
// seed; every change must be refused. Members that no proof rests on (`height`) are what the client does not read.
test('mutated proofs are refused', async () => {
  const count = Number(process.env['RADLEDGER_MUTATIONS'] ?? 400);
  const answers = new Map<string, { readonly path: string; readonly body: Uint8Array }>();
  const recording = await lightClient({
    checkpoint: await checkpointAt(FUZZ_CHECKPOINT),
    fetch: changing((path, body) => {
      answers.set(`${path} ${answers.size}`, { path, body });
      return undefined;
    }),
  });
  await recording.grant(grantOf('live'));
  const recorded = [...answers.values()];
  const draw = drawer(0x5eed);
  const accepted: string[] = [];
  for (let round = 0; round < count; round += 1) {
    let place = '';
    const target = draw(recorded.length);
    let turn = 0;
    const light = await lightClient({
      checkpoint: await checkpointAt(FUZZ_CHECKPOINT),
      fetch: () => {
        const { path, body } = recorded[turn] ?? { path: '', body: new Uint8Array(0) };
        const isTarget = turn++ === target;
        const sent = isTarget ? mutate(path, body, draw, (at) => (place = at)) : body;
        return Promise.resolve(new Response(new Uint8Array(sent), { status: 200 }));
      },
    });
    const outcome = await light.grant(grantOf('live')).then(
      () => 'accepted',
      (error: unknown) => String((error as { code?: unknown }).code),
    );
    if (outcome === 'accepted') accepted.push(`round ${round}: ${place}`);
    else
      expect(outcome).toMatch(
        /^(PROOF_INVALID|MALFORMED_RESPONSE|CHECKPOINT_UNKNOWN|VIEW_TOO_OLD|CLOCK_BEHIND|REFUSED|MALFORMED)$/,
      );
  }
  expect(accepted).toEqual([]);
  process.stdout.write(`${JSON.stringify({ mutated: count, refused: count - accepted.length, seed: 0x5eed })}\n`);
});

/** Numbers from 0 to below `limit`, the same for the same seed. */
function drawer(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

function mutate(
  path: string,
  body: Uint8Array,
  draw: (limit: number) => number,
  note: (place: string) => void,
): Uint8Array {
  if (path !== '/v1/state') {
    const records = decodeBoundaries(body, { bytesMax: body.length }).map((record) => ({ ...record }));
    if (records.length === 0 || draw(8) === 0) {
      note(`${path} frame`);
      return flipped(body.subarray(0, 2), draw);
    }
    const index = draw(records.length);
    const record = records[index]!;
    // The id is all that makes a checkpoint: nobody reads why its block is final.
    const isCheckpoint = decodeHeader(record.header).height === FUZZ_CHECKPOINT;
    const field = (['header', 'epoch', 'path', 'finality'] as const)[draw(isCheckpoint ? 3 : 4)]!;
    note(`${path} ${field}`);
    record[field] = flipped(record[field], draw);
    return encodeBoundaries(records);
  }
  const answer = json(body) as {
    header: string;
    finality: string;
    parts: { prefix: string; path: string; cells: { name: string; value: string }[] }[];
  };
  const part = answer.parts[draw(answer.parts.length)]!;
  const cell = part.cells[draw(part.cells.length)]!;
  const field = draw(6);
  note(`${path} ${['header', 'finality', 'path', 'name', 'value', 'cells'][field]}`);
  const flip = (hex: string): string => toHex(flipped(fromHex(hex), draw));
  if (field === 0) answer.header = flip(answer.header);
  else if (field === 1) answer.finality = flip(answer.finality);
  else if (field === 2) part.path = flip(part.path);
  else if (field === 3) cell.name = flip(cell.name);
  else if (field === 4) cell.value = flip(cell.value);
  else if (draw(2) === 0) part.cells.splice(part.cells.indexOf(cell), 1);
  else part.cells.push({ ...cell, name: flip(cell.name) });
  return utf(answer);
}

function flipped(bytes: Uint8Array, draw: (limit: number) => number): Uint8Array {
  const copy = bytes.slice();
  const at = draw(copy.length);
  copy[at] = (copy[at] as number) ^ (1 << draw(8));
  return copy;
}
