/** A node that lies to its gateway: what no voter signed is not acted on. The walk of the voters itself is tested where modules are. */
import { type Boundary, blockIdOf, decodeHeader, type Header } from '@radledger/chain';
import { ClientError, createNodeClient, type LightClient } from '@radledger/client';
import { createFakeNode, type FakeNode } from '@radledger/client/testing';
import { toHex } from '@radledger/primitives';
import { beforeEach, expect, test } from 'vitest';
import { createProvenLedger, type LedgerEvent, type LedgerPort } from '../src/index.js';
import { signerOf } from './test-ledger.js';

let fake: FakeNode;
let source: Uint8Array;
let nowMs: number;
let ledger: LedgerPort;
/** Ids of blocks that nobody signed. */
let forged: Set<string>;
/** Height of the newest end of an epoch. */
let boundaryHeight: number;
let isHalted: boolean;
/** What becomes of an answer on its way. */
let onTheWay: (path: string, answer: Response) => Promise<Response>;

const light: Pick<LightClient, 'follow' | 'boundary' | 'believe'> = {
  follow: () => Promise.resolve(undefined as unknown as Boundary),
  boundary: () => ({ header: { height: boundaryHeight } as Header }) as Boundary,
  async believe({ header }, { floor = 0 } = {}) {
    const decoded = decodeHeader(header);
    if (decoded.height < floor) throw new ClientError({ code: 'VIEW_TOO_OLD', ageMs: 0, ageMaxMs: 0 }, 'older');
    const isSigned = !forged.has(toHex(blockIdOf(header))) && decoded.height >= boundaryHeight;
    if (!isSigned) throw new ClientError({ code: 'PROOF_INVALID' }, 'not signed');
    return decoded;
  },
};

beforeEach(async () => {
  const [own, nodeKey, vrf] = await Promise.all(['source', 'node', 'vrf'].map(signerOf));
  source = own?.publicKey as Uint8Array;
  fake = await createFakeNode({
    sources: [{ source, nodeKey: nodeKey?.publicKey as Uint8Array, vrfKey: vrf?.publicKey as Uint8Array }],
  });
  forged = new Set();
  boundaryHeight = 0;
  isHalted = false;
  onTheWay = (_, answer) => Promise.resolve(answer);
  await fake.mine();
  nowMs = Date.now();
  const node = createNodeClient({
    url: 'http://node.test',
    fetch: async (address, init) => {
      const path = new URL(address).pathname;
      return onTheWay(path, path === '/v1/halt' ? Response.json({ statements: [] }) : await fake.fetch(address, init));
    },
  });
  ledger = createProvenLedger({ node, light, isHalted: () => Promise.resolve(isHalted), now: () => nowMs });
});

/** The answer with other bytes in one member. */
async function withMember(answer: Response, name: string, value: unknown): Promise<Response> {
  return Response.json({ ...((await answer.json()) as object), [name]: value }, { status: answer.status });
}

test('cells, heads and bodies are read under headers that voters signed, and under no other', async () => {
  expect(await ledger.head()).toMatchObject({ height: 1, chainId: fake.chainId });
  expect(await ledger.source(source)).toMatchObject({ signingKey: source });
  expect(await ledger.transactionsAt(1)).toEqual([]);
  await fake.mine();
  const { blockId } = await ledger.head();
  await fake.mine();
  const unsigned = await createNodeClient({ url: 'http://node.test', fetch: fake.fetch }).block(3);
  forged.add(toHex(unsigned?.id ?? blockId));
  const lie = { code: 'SOURCE_UNPROVEN' };
  await expect(ledger.source(source)).rejects.toMatchObject(lie);
  await expect(ledger.head()).rejects.toMatchObject(lie);
  await expect(ledger.transactionsAt(3)).rejects.toMatchObject(lie);
});

test('an answer from before what is known already is refused: it may lack a revocation', async () => {
  const path = `/v1/sources/${toHex(source)}`;
  const old = await (await fake.fetch(`http://node.test${path}?proof=1`, {})).text();
  await fake.mine();
  await ledger.head();
  onTheWay = (asked, answer) => Promise.resolve(asked === path ? new Response(old) : answer);
  await expect(ledger.source(source)).rejects.toMatchObject({
    code: 'NODE_UNREACHABLE',
    info: { reason: 'VIEW_TOO_OLD' },
  });
});

test('a body is that of its header; one that nothing proves any more is not read at all', async () => {
  await fake.mine();
  // [[one byte string], justification] in place of [[], justification].
  onTheWay = (path, answer) =>
    path === '/v1/blocks/2' ? withMember(answer, 'body', '9291c40101c400') : Promise.resolve(answer);
  await expect(ledger.transactionsAt(2)).rejects.toMatchObject({ code: 'SOURCE_UNPROVEN' });
  boundaryHeight = 2;
  expect(await ledger.transactionsAt(1)).toBeUndefined();
});

test('a node that holds new blocks back makes the view old, whatever it says; a halt counts when it is proven', async () => {
  const { timestampMs } = await ledger.head();
  nowMs = timestampMs + 70_000;
  onTheWay = (path, answer) =>
    path === '/v1/status'
      ? withMember(answer, 'halted', { height: 1, blockId: toHex(new Uint8Array(32)) })
      : Promise.resolve(answer);
  expect(await ledger.head()).toMatchObject({ proofAgeMs: 70_000, halted: false });
  isHalted = true;
  expect(await ledger.head()).toMatchObject({ proofAgeMs: 70_000, halted: true });
});

test('events tell proven blocks, and leave out those that nothing proves any more', async () => {
  await fake.mine();
  await fake.mine();
  await ledger.head();
  boundaryHeight = 2;
  const stop = new AbortController();
  const told: LedgerEvent[] = [];
  for await (const event of ledger.events({ fromHeight: 1, signal: stop.signal })) {
    told.push(event);
    if (event.kind === 'finalized' && event.height === 3) stop.abort();
  }
  expect(told.filter(({ kind }) => kind === 'finalized')).toMatchObject([{ height: 2 }, { height: 3 }]);
});
