import { toHex } from '@radledger/primitives';
import { beforeEach, describe, expect, test } from 'vitest';
import { buildBlock, cellKey, cellPrefix, decodeEpochCell, decodeSourceCell, type StateReader } from '../src/index.js';
import type { StakePolicy } from '../src/index.js';
import { equalWeightRules } from '../src/testing/index.js';
import { idOf, signerOf, sourceKeysOf, TestNet } from './scenario-fixture.js';

const EPOCH_HEIGHTS = 3;
const WINDOW = 4;
let net: TestNet;
let source: Uint8Array;

async function open(stake: StakePolicy): Promise<void> {
  net = await TestNet.open(['a', 'b'], { epochHeights: EPOCH_HEIGHTS, stakeWindowEpochs: WINDOW }, { stake });
  source = (await sourceKeysOf('a')).signing.publicKey;
  await net.add([await net.defineSource('a'), await net.defineSource('b')]);
}

const stakeCells = (): number =>
  [...net.state.cells.keys()].filter((name) => name.startsWith(toHex(cellPrefix.stakesOf(source)))).length;

async function studies(): Promise<number> {
  const [value] = await net.state.getMany([cellKey.source(source)]);
  return decodeSourceCell(value as Uint8Array).studies;
}

/** One study of source a in each epoch up to this one. */
async function defineUpTo(epoch: number): Promise<void> {
  for (let at = Math.floor(net.parent.height / EPOCH_HEIGHTS); at <= epoch; at++) {
    await net.add([await net.defineStudy('a', `study ${at}`, await signerOf(`owner ${at}`))]);
    while (net.parent.height % EPOCH_HEIGHTS !== 0) await net.add();
  }
}

describe('what leaves the stake window', () => {
  beforeEach(() => open('guarded'));

  test('no longer counts and leaves no cell, however old the chain grows', async () => {
    await defineUpTo(WINDOW - 1);
    expect([await studies(), stakeCells()]).toEqual([WINDOW, WINDOW]);
    await defineUpTo(3 * WINDOW);
    expect([await studies(), stakeCells()]).toEqual([WINDOW, WINDOW]);
  });

  test('is found without looking at what stays: a boundary reads the same number of cells at any age', async () => {
    const readAtNextBoundary = async (): Promise<number> => {
      await net.add();
      await net.add();
      let read = 0;
      const state: StateReader = {
        getNodes: (paths) => net.state.getNodes(paths),
        getMany(names) {
          read += names.length;
          return net.state.getMany(names);
        },
        async scan(prefix) {
          const found = await net.state.scan(prefix);
          read += found.length;
          return found;
        },
      };
      await buildBlock(net.buildInput([], { state }));
      await net.add();
      return read;
    };
    await defineUpTo(WINDOW);
    const young = await readAtNextBoundary();
    await defineUpTo(5 * WINDOW);
    expect(await readAtNextBoundary()).toBe(young);
  });

  test('is not taken back a second time by Retire Study', async () => {
    await defineUpTo(WINDOW + 1);
    const signer = (await sourceKeysOf('a')).signing;
    const retire = (at: number) =>
      net.tx('retire-study', signer, { source, studyId: idOf(`study ${at}`), reason: 'other' });
    expect((await net.add([await retire(0), await retire(1), await retire(2), await retire(WINDOW)])).left).toEqual([]);
    // Study 2 leaves the window with the epoch that is open now: Retire no longer counts it down, its boundary does.
    expect([await studies(), stakeCells()]).toEqual([WINDOW - 1, WINDOW - 1]);
    await net.add();
    await net.add();
    expect([await studies(), stakeCells()]).toEqual([WINDOW - 2, WINDOW - 2]);
  });
});

test('raw counts for ever, and keeps no older cells for it', async () => {
  await open('raw');
  await defineUpTo(2 * WINDOW);
  expect([await studies(), stakeCells()]).toEqual([2 * WINDOW + 1, WINDOW]);
});

// I12: the voters of epoch e are what the state was at the end of e - 2.
test('nothing that happens after the end of e - 2 moves the members of e', async () => {
  await open('guarded');
  const byStudies = {
    ...equalWeightRules,
    closeEpoch(input: Parameters<typeof equalWeightRules.closeEpoch>[0]) {
      const members = input.sources.map(({ source: id, cell: { nodeKey, vrfKey, studies: count } }) => {
        return { source: id, nodeKey, vrfKey, weight: BigInt(count) };
      });
      return { ...equalWeightRules.closeEpoch(input), members };
    },
  };
  const membersOf = async (epoch: number) => {
    const [value] = await net.state.getMany([cellKey.epoch(epoch)]);
    return value && decodeEpochCell(value).members;
  };
  const add = async (...candidates: Parameters<TestNet['add']>[0] & object) => {
    const built = await buildBlock(net.buildInput(candidates, { rules: byStudies }));
    net.state.commit(built.writeSet);
    net.headers.push(built.block.header);
  };
  const seen = new Map<number, string>();
  const key = await signerOf('node key of a, rotated');
  const { signKeyProof } = await import('@radledger/transactions');
  const rotate = await net.tx('rotate-key', (await sourceKeysOf('a')).signing, {
    source,
    role: 'node',
    newKey: key.publicKey,
    proof: await signKeyProof({ chainId: net.chainId, source, role: 'node', key }),
  });
  for (let at = 0; at < 6 * EPOCH_HEIGHTS; at++) {
    const study = await net.defineStudy('a', `late ${at}`, await signerOf(`late ${at}`));
    await add(study, ...(at === 5 ? [rotate] : []));
    const closed = Math.floor(net.parent.height / EPOCH_HEIGHTS) - 1;
    for (let epoch = 0; epoch <= closed + 2; epoch++) {
      const members = JSON.stringify(await membersOf(epoch), (_key, value: unknown) =>
        typeof value === 'bigint' ? String(value) : value instanceof Uint8Array ? toHex(value) : value,
      );
      expect(seen.get(epoch) ?? members).toBe(members);
      seen.set(epoch, members);
    }
    expect(await membersOf(closed + 3)).toBeUndefined();
  }
  expect(new Set(seen.values()).size).toBeGreaterThan(5);
  expect(seen.get(2)).not.toContain(toHex(key.publicKey));
  expect([...seen.values()].at(-1)).toContain(toHex(key.publicKey));
});
