// Goal: a new node that trusts one checkpoint has, after fetching a snapshot, what a full replay has; no peer can make it believe
// anything else. Method: made chains of `simplex`; peers are functions that answer as an honest node does, or lie.
import {
  blockIdOf,
  type BoundaryRecord,
  type Checkpoint,
  decodeBoundaries,
  encodeBoundaries,
  hashedKeyOf,
  leafHashOf,
  type PartChild,
  readRoot,
  readTreePart,
  type TreePart,
  valueHashOf,
} from '@radledger/chain';
import { simplex } from '@radledger/consensus-simplex';
import { createStory } from '@radledger/made-chain';
import { sha256, toHex, utf8 } from '@radledger/primitives';
import { type LedgerStore, openStore } from '@radledger/storage';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { joinBySnapshot, type Ledger, openLedger } from '../src/index.js';
import { encodeProgress } from '../src/join/state-download.js';
import { decodePart, decodeSnapshotRequest, encodeOffers, encodePart } from '../src/snapshot-messages.js';
import { decodeBlocks, encodeAnnouncement, encodeBlocks, type SyncedBlock } from '../src/sync-messages.js';
import { heightReached } from './support/net.js';
import {
  type Answering,
  madeNode,
  type MadeNode,
  memoryDatabase,
  networkOf,
  nobody,
  type TestPeer,
} from './support/made-node.js';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 240_000 });

const START = Date.UTC(2026, 0, 1);
const DAY = 86_400_000;
const BYTES_MAX = 64 * 1024 * 1024;
const now = (): number => START + DAY;

async function chainOf(heights: number, epochHeights: number, grantsFrom = 3): Promise<MadeNode> {
  const node = await madeNode({
    startMs: START,
    intervalMs: 1_000,
    parameters: { epochHeights, studyAllowBurst: 100_000, sourceStudyBase: 100_000, sourceAllowFactor: 100 },
  });
  const { maker } = node;
  const [voter] = maker.voters;
  const story = createStory(maker.chainId);
  await maker.next([await story.defineSource(voter!, 1)]);
  await maker.next([await story.defineStudy(voter!, 'knee', 2)]);
  while (maker.height < grantsFrom - 1) await maker.next([]);
  // More cells than one part holds.
  for (let block = 0; block < 9; block += 1) {
    const tags = Array.from({ length: 500 }, (_, index) => `${block} ${index}`);
    const grant = { study: 'knee', height: maker.height + 1, notAfterMs: START + 10 * DAY };
    await maker.next(await Promise.all(tags.map((tag) => story.allowAccess(voter!, { ...grant, tag }))));
  }
  while (maker.height < heights) await maker.next([]);
  return node;
}

async function emptyStore({ maker: { chainId } }: MadeNode): Promise<LedgerStore> {
  return openStore(memoryDatabase(), { chainId });
}

async function checkpointOf(node: MadeNode, height: number): Promise<Checkpoint> {
  const header = await node.store.header(height);
  return { height, id: blockIdOf(header!) };
}

/** A node that replays the chain of another from genesis. */
async function replay(node: MadeNode, answer: Answering, store: LedgerStore) {
  const served = networkOf([{ name: 'origin', answer }]);
  const own = nobody();
  const network = { ...served.network, handle: own.network.handle.bind(own.network) };
  const { genesis } = node.maker;
  const ledger = await openLedger({ genesis, store, consensus: simplex, network: () => Promise.resolve(network), now });
  const { height, id } = node.store.tip!;
  served.tell('origin', 'announcement', encodeAnnouncement({ height, id }));
  await heightReached(ledger, height);
  return { ledger, store, answer: own.answer, served };
}

test('after a snapshot everything is as after a full replay', async () => {
  const origin = await chainOf(625, 40, 300);
  const { maker } = origin;
  const opened = await origin.open(now);
  const full = await replay(origin, origin.answer, await emptyStore(origin));

  const store = await emptyStore(origin);
  const peers = networkOf([
    { name: 'full', answer: full.answer },
    { name: 'second', answer: full.answer },
  ]);
  const joined = await joinBySnapshot({
    genesis: maker.genesis,
    store,
    consensus: simplex,
    network: () => Promise.resolve(peers.network),
    checkpoint: await checkpointOf(origin, 80),
    now,
  });
  expect(joined.height).toBe(600);
  expect(peers.penalties.size).toBe(0);
  expect(peers.answered.get('full snapshot')).toBeGreaterThan(2);
  expect(peers.answered.get('second snapshot')).toBeGreaterThan(2);
  expect(store.tip?.height).toBe(600);
  expect(await store.block(89)).toEqual(await full.store.block(89));
  expect(await store.block(88)).toBeUndefined();

  const after = await replay(origin, full.answer, store);
  await expectEqual(after, full);
  await Promise.all([opened, full.ledger, after.ledger].map((ledger) => ledger.close()));
});

/** Over every cell, and the root that the tree has. */
async function digestOf(store: LedgerStore): Promise<string> {
  const cells = await store.scan(new Uint8Array(0));
  return toHex(sha256(...cells.flat(), await readRoot(store)));
}

/** State root, every cell, duties, replay window, and what each tells of boundaries. */
async function expectEqual(
  left: { readonly ledger: Ledger; readonly store: LedgerStore },
  right: { readonly ledger: Ledger; readonly store: LedgerStore },
): Promise<void> {
  const { height } = right.store.tip!;
  expect(left.store.tip).toEqual(right.store.tip);
  expect(await digestOf(left.store)).toBe(await digestOf(right.store));
  const range = { from: height - 511, limit: 512 };
  expect(await left.store.duties(range)).toEqual(await right.store.duties(range));
  for (let at = height - 511; at <= height; at += 1) {
    expect(left.store.recentBlockIdAt(at)).toEqual(right.store.recentBlockIdAt(at));
    const ids = (await right.store.transactionIds(at)) ?? [];
    expect((await left.store.transactionIds(at))?.map(toHex).join()).toBe(ids.map(toHex).join());
    for (const id of ids) expect(left.store.isRecentTransaction(id)).toBe(true);
  }
  const boundaries = { fromEpoch: 3, limit: 100 };
  expect(await left.ledger.boundaries(boundaries)).toEqual(await right.ledger.boundaries(boundaries));
}

describe('peers that lie', () => {
  let origin: MadeNode;
  let honest: Answering;
  beforeAll(async () => {
    origin = await chainOf(40, 20);
    await origin.open(now);
    honest = origin.answer;
  });

  const join = async (peers: readonly TestPeer[], begun: { readonly store?: LedgerStore } = {}) => {
    const store = begun.store ?? (await emptyStore(origin));
    const served = networkOf(peers);
    const joined = joinBySnapshot({
      genesis: origin.maker.genesis,
      store,
      consensus: simplex,
      network: () => Promise.resolve(served.network),
      checkpoint: await checkpointOf(origin, 20),
      now,
      signal: AbortSignal.timeout(60_000),
    });
    return { store, served, joined };
  };

  const onPart =
    (change: (part: TreePart, prefix: string) => TreePart): Answering =>
    async (topic, request) => {
      const answer = await honest(topic, request);
      const asked = topic === 'snapshot' ? decodeSnapshotRequest(request).part : undefined;
      return asked ? encodePart(change(decodePart(answer, BYTES_MAX), asked.prefix)) : answer;
    };
  const onBlocks =
    (change: (blocks: readonly SyncedBlock[]) => readonly SyncedBlock[]): Answering =>
    async (topic, request) => {
      const answer = await honest(topic, request);
      return topic === 'blocks' ? encodeBlocks(change(decodeBlocks(answer, BYTES_MAX)), BYTES_MAX) : answer;
    };
  const onBoundaries =
    (change: (record: BoundaryRecord) => BoundaryRecord): Answering =>
    async (topic, request) => {
      const answer = await honest(topic, request);
      if (topic !== 'boundaries') return answer;
      return encodeBoundaries(decodeBoundaries(answer, { bytesMax: BYTES_MAX }).map(change));
    };
  const flip = (bytes: Uint8Array): Uint8Array =>
    bytes.map((byte, index) => (index === bytes.length >> 1 ? byte ^ 1 : byte));
  const split = (part: TreePart, change: (children: readonly PartChild[]) => readonly PartChild[]): TreePart =>
    part.kind === 'split' ? { kind: 'split', children: change(part.children) } : part;

  /** Splits every place down to its cells, as no honest node does, and changes the children. */
  const splitting =
    (change: (children: readonly PartChild[]) => readonly PartChild[]): Answering =>
    async (topic, request) => {
      const asked = topic === 'snapshot' ? decodeSnapshotRequest(request).part : undefined;
      if (!asked) return honest(topic, request);
      const part = await readTreePart(origin.store, asked.prefix, { cellsMax: 1, bytesMax: BYTES_MAX });
      return encodePart(split(part!, change));
    };

  const lies: readonly (readonly [string, Answering])[] = [
    [
      'an altered leaf',
      onPart((part) =>
        part.kind === 'cells'
          ? { ...part, cells: part.cells.map((cell, at) => (at === 0 ? { ...cell, value: utf8('x') } : cell)) }
          : part,
      ),
    ],
    ['a truncated part', onPart((part) => (part.kind === 'cells' ? { ...part, cells: part.cells.slice(1) } : part))],
    ['an empty state', onPart(() => ({ kind: 'cells', cells: [] }))],
    // BNB bridge, October 2022: a hash beside the path was believed without entering what was checked.
    [
      'a forged range: a child hidden',
      onPart((part) => split(part, (children) => children.map((child, at) => (at === 3 ? undefined : child)))),
    ],
    [
      'a forged range: a child of the liar',
      onPart((part) =>
        split(part, (children) =>
          children.map((child, at) => (at === 3 ? { hash: new Uint8Array(32).fill(3) } : child)),
        ),
      ),
    ],
    // What lies beside a branch hashes like 32 zero bytes: a place of which nobody has anything.
    [
      'nothing as a place of its own',
      splitting((children) => children.map((child) => child ?? { hash: new Uint8Array(32) })),
    ],
    [
      'an endless state: every place split again',
      onPart((part) =>
        part.kind === 'split'
          ? part
          : { kind: 'split', children: Array.from({ length: 16 }, () => ({ hash: new Uint8Array(32).fill(7) })) },
      ),
    ],
    [
      'bytes that are no part',
      async (topic, request) =>
        topic === 'snapshot' && decodeSnapshotRequest(request).part ? utf8('part') : honest(topic, request),
    ],
    [
      'offers that are none',
      async (topic, request) =>
        topic === 'snapshot' && !decodeSnapshotRequest(request).part ? utf8('offers') : honest(topic, request),
    ],
    [
      'a boundary with a false signature',
      onBoundaries((record) => ({
        ...record,
        finality: record.finality.map((byte, at) => (at === record.finality.length - 1 ? byte ^ 1 : byte)),
      })),
    ],
    ['a boundary with other voters', onBoundaries((record) => ({ ...record, epoch: flip(record.epoch) }))],
    [
      "a body that is not the header's",
      onBlocks((blocks) => blocks.map((block, at) => ({ ...block, body: blocks[(at + 1) % blocks.length]!.body }))),
    ],
    [
      'a header that is not in the chain',
      onBlocks((blocks) => blocks.map((block) => ({ ...block, header: flip(block.header) }))),
    ],
    [
      'a certificate that does not verify',
      onBlocks((blocks) =>
        blocks.map((block) => ({
          ...block,
          proof: block.proof.map((byte, at) => (at === block.proof.length - 1 ? byte ^ 1 : byte)),
        })),
      ),
    ],
  ];

  test.each(lies)('%s: it costs its sender, and the rest comes from elsewhere', async (_name, lie) => {
    const { store, served, joined } = await join([
      { name: 'liar', answer: lie },
      { name: 'truth', answer: honest },
    ]);
    await expect(joined).resolves.toMatchObject({ height: 40 });
    expect(served.penalties.get('liar')?.points).toBeGreaterThanOrEqual(100);
    expect(served.penalties.get('truth')).toBeUndefined();
    expect(toHex(store.tip!.header.stateRoot)).toBe(toHex(origin.store.tip!.header.stateRoot));
    expect(await digestOf(store)).toBe(await digestOf(origin.store));
    await store.close();
  });

  test("a cell's hash in its place is no lie that anybody sees: the honest answer with the cell", async () => {
    const bareHash = (child: PartChild): PartChild => {
      if (!child || 'hash' in child) return child;
      const { name, value } = child.cell;
      return { hash: leafHashOf(hashedKeyOf(name), valueHashOf(value)) };
    };
    let cellsHidden = 0;
    const hiding = splitting((children) => {
      // A lone cell rises, so its hash would be found out.
      const pairs = children.map((child, at) => (children[at ^ 1] ? bareHash(child) : child));
      cellsHidden += pairs.filter((child, at) => child !== children[at]).length;
      return pairs;
    });
    const { store, served, joined } = await join([
      { name: 'liar', answer: hiding },
      { name: 'truth', answer: honest },
    ]);
    await expect(joined).resolves.toMatchObject({ height: 40 });
    expect(cellsHidden).toBeGreaterThan(10);
    expect(served.penalties.size).toBe(0);
    expect(await digestOf(store)).toBe(await digestOf(origin.store));
    await store.close();
  });

  test('states that nobody has proven are not asked for', async () => {
    const offering: Answering = async (topic, request) =>
      topic === 'snapshot' && !decodeSnapshotRequest(request).part
        ? encodeOffers([60, 41, 40])
        : honest(topic, request);
    const { joined } = await join([{ name: 'boaster', answer: offering }]);
    await expect(joined).resolves.toMatchObject({ height: 40 });
  });

  test('a state that was begun and that nobody serves any more is given up for a newer one', async () => {
    const offering: Answering = (topic, request) =>
      topic === 'snapshot' && !decodeSnapshotRequest(request).part
        ? Promise.resolve(encodeOffers([20]))
        : topic === 'snapshot'
          ? Promise.reject(new Error('no part of it'))
          : honest(topic, request);
    const store = await emptyStore(origin);
    const { id, height } = await checkpointOf(origin, 20);
    const { stateRoot } = (await origin.store.header(20))!;
    const importing = await store.importState();
    await importing.write(
      [{ name: utf8('study/begun'), value: utf8('x') }],
      encodeProgress({ height, id, places: [{ prefix: '', hash: stateRoot }] }),
    );
    const { joined, served } = await join(
      [
        { name: 'boaster', answer: offering },
        { name: 'truth', answer: honest },
      ],
      { store },
    );
    await expect(joined).resolves.toMatchObject({ height: 40 });
    expect(served.penalties.get('truth')).toBeUndefined();
    expect(await digestOf(store)).toBe(await digestOf(origin.store));
    await store.close();
  });

  test('a failed write ends the join, and nothing is written after it', async () => {
    const store = await emptyStore(origin);
    const importing = await store.importState();
    const written = vi
      .spyOn(importing, 'write')
      .mockImplementationOnce((_cells, progress) => importing.writeBlocks([], progress))
      .mockRejectedValue(new Error('the disk is full'));
    vi.spyOn(store, 'importState').mockResolvedValue(importing);
    const { joined } = await join([{ name: 'truth', answer: honest }], { store });
    await expect(joined).rejects.toThrow('the disk is full');
    expect(written).toHaveBeenCalledTimes(2);
    await store.close();
  });

  test('an old checkpoint is refused', async () => {
    const served = networkOf([{ name: 'truth', answer: honest }]);
    const store = await emptyStore(origin);
    const joined = joinBySnapshot({
      genesis: origin.maker.genesis,
      store,
      consensus: simplex,
      network: () => Promise.resolve(served.network),
      checkpoint: await checkpointOf(origin, 20),
      now: () => START + 30 * DAY,
    });
    await expect(joined).rejects.toMatchObject({ code: 'CHECKPOINT_TOO_OLD' });
    await store.close();
  });

  test('an interrupted join goes on where it was', async () => {
    const database = memoryDatabase();
    const { chainId, genesis } = origin.maker;
    const stop = new AbortController();
    let parts = 0;
    const stopping: Answering = (topic, request) => {
      if (topic === 'snapshot' && (parts += 1) === 10) stop.abort(new Error('power cut'));
      return honest(topic, request);
    };
    const options = { genesis, consensus: simplex, checkpoint: await checkpointOf(origin, 20), now };
    const first = await openStore(database, { chainId });
    const cut = networkOf([{ name: 'truth', answer: stopping }]);
    const begun = joinBySnapshot({
      ...options,
      store: first,
      network: () => Promise.resolve(cut.network),
      signal: stop.signal,
    });
    await expect(begun).rejects.toThrow('power cut');
    await first.close();

    const store = await openStore(database, { chainId });
    expect(store.tip).toBeUndefined();
    const served = networkOf([{ name: 'truth', answer: honest }]);
    await joinBySnapshot({ ...options, store, network: () => Promise.resolve(served.network) });
    expect(served.answered.get('truth snapshot')).toBeLessThan(15);
    expect(toHex(store.tip!.header.stateRoot)).toBe(toHex(origin.store.tip!.header.stateRoot));
    await store.close();
  });

  test('an interrupted join is no obstacle to a full replay', async () => {
    const database = memoryDatabase();
    const { chainId } = origin.maker;
    const first = await openStore(database, { chainId });
    const importing = await first.importState();
    await importing.write([{ name: utf8('study/stale'), value: utf8('x') }], utf8('progress'));
    await first.close();
    const replayed = await replay(origin, honest, await openStore(database, { chainId }));
    expect(await replayed.store.getMany([utf8('study/stale')])).toEqual([undefined]);
    expect(toHex(replayed.store.tip!.header.stateRoot)).toBe(toHex(origin.store.tip!.header.stateRoot));
    await replayed.ledger.close();
  });
});
