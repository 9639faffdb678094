import { describe, expect, test } from 'vitest';
import { cellKey, overlayReader, selectTransactions, type StateReader, type WriteSet } from '../src/index.js';
import { createMemoryState } from '../src/testing/index.js';
import { idOf, signerOf, sourceKeysOf, TestNet } from './scenario-fixture.js';

describe('selectTransactions', () => {
  test('gives room in order of preference and says what was left', async () => {
    const net = await TestNet.open(['a', 'b', 'c']);
    const [a, b, c] = await Promise.all(['a', 'b', 'c'].map((label) => net.defineSource(label)));
    if (a === undefined || b === undefined || c === undefined) throw new Error('expected three transactions');
    const room = b.bytes.length + c.bytes.length + 8;
    const { selected, left } = await selectTransactions(net.buildInput([c, b, a], { transactionBytesMax: room }));
    expect(new Set(selected)).toEqual(new Set([b, c]));
    expect(left).toMatchObject([{ transaction: a, code: 'NO_ROOM', permanent: false }]);
  });

  test('leaves out a candidate above the limit of a transaction, and counts a double once', async () => {
    const net = await TestNet.open(['a', 'b'], { transactionBytesMax: 1_024 });
    const a = await net.defineSource('a');
    const huge = { ...a, bytes: new Uint8Array(1_025) };
    const { selected, left } = await selectTransactions(net.buildInput([a, a, huge]));
    expect(selected).toEqual([a]);
    expect(left).toMatchObject([{ transaction: huge, code: 'TOO_LARGE', permanent: true }]);
  });

  test('what does not apply yet applies in a later block', async () => {
    const net = await TestNet.open();
    const { signing } = await sourceKeysOf('a');
    await net.add([await net.defineSource('a')]);
    const owner = await signerOf('owner');
    const define = await net.defineStudy('a', 'study', owner);
    const retire = await net.tx('retire-study', signing, {
      source: signing.publicKey,
      studyId: idOf('study'),
      reason: 'other',
    });
    const early = await net.add([retire]);
    expect(early.left).toMatchObject([{ code: 'STUDY_UNKNOWN', permanent: false }]);
    expect((await net.add([define])).left).toEqual([]);
    expect((await net.add(early.left.map(({ transaction }) => transaction))).left).toEqual([]);
  });
});

describe('a block of many transactions', () => {
  // Goal: slices and overlays do not change results. Method: 400 studies and grants executed on a committed state, and on
  // an overlay over the state of the parent.
  test('gives one root whatever the reader, and lets the event loop run', async () => {
    const net = await TestNet.open(['a'], { sourceStudyBase: 1_000 });
    await net.add([await net.defineSource('a')]);
    const source = (await sourceKeysOf('a')).signing.publicKey;
    const owners = await Promise.all(Array.from({ length: 200 }, (_, index) => signerOf(`owner ${index}`)));
    const defines = await Promise.all(owners.map((owner, index) => net.defineStudy('a', `study ${index}`, owner)));
    const before: StateReader = snapshotOf(net);
    const first = await net.add(defines);
    expect(first.selected).toHaveLength(200);
    const allows = await Promise.all(
      owners.map((owner, index) =>
        net.tx('allow-access', owner, {
          source,
          studyId: idOf(`study ${index}`),
          tag: idOf(`tag ${index}`),
          sequence: 1,
          notAfterMs: net.nextTimestampMs + 1_000_000,
          scope: 0,
          consentReceiptHash: undefined,
        }),
      ),
    );
    const overlay = overlayReader(before, [first.writeSet]);
    let pauses = 0;
    const pause = (): Promise<void> => {
      pauses += 1;
      return Promise.resolve();
    };
    const onOverlay = await selectAndRoot(net, allows, overlay, pause);
    const onStore = await net.add(allows);
    expect(onOverlay).toEqual(onStore.block.header.stateRoot);
    expect(pauses).toBeGreaterThan(15);
    const sources = await overlayReader(before, [first.writeSet, onStore.writeSet]).scan(
      new TextEncoder().encode('grant/'),
    );
    expect(sources).toHaveLength(200);
  });

  async function selectAndRoot(
    net: TestNet,
    candidates: Parameters<TestNet['add']>[0],
    state: StateReader,
    pause: () => Promise<void>,
  ): Promise<Uint8Array> {
    const { buildBlock } = await import('../src/index.js');
    const { block } = await buildBlock({ ...net.buildInput(candidates ?? []), state, pause });
    return block.header.stateRoot;
  }

  function snapshotOf(net: TestNet): StateReader {
    const copy = createMemoryState();
    copy.commit({ cells: new Map(net.state.cells), nodes: new Map(net.state.nodes), stateRoot: net.parent.stateRoot });
    return copy;
  }
});

test('an overlay hides deleted cells and shows the newest write', async () => {
  const base = createMemoryState();
  const [one, two] = [cellKey.source(idOf('1')), cellKey.source(idOf('2'))];
  const writes = (entries: readonly (readonly [Uint8Array, Uint8Array | undefined])[]): WriteSet => ({
    cells: new Map(entries.map(([name, value]) => [Buffer.from(name).toString('hex'), value])),
    nodes: new Map(),
    stateRoot: new Uint8Array(32),
  });
  base.commit(
    writes([
      [one, Uint8Array.of(1)],
      [two, Uint8Array.of(2)],
    ]),
  );
  const overlay = overlayReader(base, [
    writes([[one, Uint8Array.of(3)]]),
    writes([
      [one, undefined],
      [two, Uint8Array.of(4)],
    ]),
  ]);
  expect(await overlay.getMany([one, two])).toEqual([undefined, Uint8Array.of(4)]);
  expect(await overlay.scan(new TextEncoder().encode('source/'))).toEqual([[two, Uint8Array.of(4)]]);
});
