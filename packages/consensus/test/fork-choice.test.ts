import { DEFAULT_PARAMETERS, type Header } from '@radledger/chain';
import { equalBytes, hash } from '@radledger/primitives';
import { expect, test } from 'vitest';
import { Answering } from '../src/fork-choice/answering.js';
import { Branches } from '../src/fork-choice/branches.js';
import * as forkChoice from '../src/fork-choice/index.js';
import type { EpochContext } from '../src/index.js';

test('the public surface is what it is on purpose', () => {
  expect(Object.keys(forkChoice).sort()).toEqual([
    'createForkChoiceModule',
    'createSlotModule',
    'decodeMessage',
    'encodeFinalityProof',
    'encodeMessage',
    'encodeSignature',
    'newestFinal',
    'newestJustifiedMs',
    'settingsOf',
    'slotOf',
    'slotStatement',
    'unsuitable',
  ]);
});

const sources = [0, 1, 2, 3].map((index) => hash('test/source', index));
const header = (height: number, proposer: number, timestampMs: number, exceptUpTo = 0): Header =>
  ({ height, proposer: sources[proposer], timestampMs, bodyBytes: 0, exceptUpTo }) as unknown as Header;
const epoch = {
  epoch: 0,
  leaders: sources.map((source) => ({ source, nodeKey: source, vrfKey: source, weight: 1n })),
} as unknown as EpochContext;
const rule: forkChoice.FinalityRule = {
  depth: () => 2,
  vouching: {
    rounds: 1,
    weightOf: ({ weight }) => weight,
    exceptUpTo: (block) => (block as unknown as { exceptUpTo: number }).exceptUpTo,
  },
};
const context = { settings: {}, epochAt: () => epoch };
const isFinal = (...chain: Header[]): boolean => forkChoice.newestFinal(chain, rule, context) >= 0;

test('a block is final when enough blocks of most members stand on it', () => {
  expect(isFinal(header(1, 0, 10), header(2, 1, 20), header(3, 2, 30))).toBe(true);
  // Half of the members are not most of them, however long their branch.
  const half = Array.from({ length: 50 }, (_, index) => header(index + 1, index % 2, 10 * (index + 1)));
  expect(isFinal(...half)).toBe(false);
  // Most members, but not deep enough.
  expect(isFinal(header(1, 0, 10), header(2, 1, 20))).toBe(false);
});

test('bouncing attack: who changes branches vouches for nothing older than its last block on the other', () => {
  const [one, two] = [header(1, 0, 10), header(2, 1, 20)];
  // Member 2 was at 25 on another branch.
  expect(isFinal(one, two, header(3, 2, 30, 25))).toBe(false);
  expect(isFinal(one, two, header(3, 2, 30, 25), header(4, 3, 40))).toBe(true);
  // What was built since counts for what is younger than that.
  expect(isFinal(header(3, 0, 28), header(4, 1, 29), header(5, 2, 30, 25))).toBe(true);
});

test('two rounds: justified by more than two thirds, final when they vouch again for what they saw justified', () => {
  const twice = {
    depth: (): number => 0,
    vouching: { ...rule.vouching, rounds: 2 },
  } as forkChoice.FinalityRule;
  const newestFinal = (chain: Header[]): number => forkChoice.newestFinal(chain, twice, context);
  const justified = (chain: Header[], aboveMs = 0): number =>
    forkChoice.newestJustifiedMs(chain, twice, context, aboveMs);
  const chain = [0, 1, 2, 3, 0, 1].map((proposer, index) => header(index + 1, proposer, 10 * (index + 1)));
  expect([2, 3, 4, 5, 6].map((length) => justified(chain.slice(0, length)))).toEqual([0, 10, 20, 30, 40]);
  expect(justified(chain, 50)).toBe(50);
  // The third vouches, and nobody saw it justified before that block.
  expect([3, 4, 5, 6].map((length) => newestFinal(chain.slice(0, length)))).toEqual([-1, -1, -1, 0]);
  // Half of the members, however long; and who was elsewhere since vouches for nothing in the second round either.
  const half = Array.from({ length: 50 }, (_, index) => header(index + 1, index % 2, 10 * (index + 1)));
  expect(justified(half)).toBe(0);
  const strayed = chain.with(4, header(5, 0, 50, 15));
  expect([justified(strayed.slice(0, 5)), newestFinal(strayed)]).toEqual([30, -1]);
  expect(forkChoice.newestFinal(chain, twice, { ...context, epochAt: () => undefined })).toBe(-1);
});

test('ex-ante re-org, selfish mining: a branch that was held back replaces nothing unless it is heavier', () => {
  const idOf = (name: string): Uint8Array => hash('test/block', name);
  const root = { header: header(0, 0, 0), id: idOf('root'), witness: new Uint8Array() };
  const tree = new Branches(root);
  const add = (name: string, parent: string, weight = 1n, justifiedMs = 0): ReturnType<typeof tree.add> => {
    const at = tree.get(idOf(parent));
    if (at === undefined) throw new Error(parent);
    const block = {
      header: header(at.header.height + 1, 0, 0),
      id: idOf(name),
      body: { transactions: [], justification: new Uint8Array() },
    };
    const node = tree.add(at, block, { witness: new Uint8Array(), weight, justifiedMs, peer: undefined });
    node.state = 'valid';
    tree.offer(node);
    return node;
  };
  const isTip = (name: string): boolean => equalBytes(tree.tip.id, idOf(name));
  add('honest', 'root');
  add('held back', 'root');
  expect(isTip('honest')).toBe(true);
  // Balancing: the next honest block decides for everybody.
  add('next', 'honest');
  add('other side', 'held back');
  expect(isTip('next')).toBe(true);
  add('outweighs', 'other side', 5n);
  expect(isTip('outweighs')).toBe(true);
  const node = tree.get(idOf('held back'));
  if (node !== undefined) tree.remove(node);
  expect(isTip('next')).toBe(true);
  expect(tree.isOn(idOf('honest'), tree.tip.id)).toBe(true);
  expect(tree.size).toBe(3);
  // A later justification outweighs any number of blocks, and what is heavier but justifies less does not bring it back.
  add('justified', 'root', 1n, 15);
  expect(isTip('justified')).toBe(true);
  add('heavy', 'next', 100n);
  expect(isTip('justified')).toBe(true);
  // All that is final is justified: then weight decides again.
  const final = tree.get(idOf('honest'));
  if (final !== undefined) expect(tree.reroot(final)).toBe(true);
  expect(isTip('heavy')).toBe(true);
});

test('a branch of more waiting blocks than an answer holds is fetched whole by who lacks only its upper part', () => {
  const idAt = (height: number): Uint8Array => hash('test/long branch', height);
  const tree = new Branches({ header: header(0, 0, 0), id: idAt(0), witness: new Uint8Array() });
  for (let height = 1, at = tree.root; height <= 200; height += 1) {
    const block = {
      header: { ...header(height, height % 4, height), parentId: idAt(height - 1) },
      id: idAt(height),
      body: { transactions: [], justification: new Uint8Array() },
    };
    at = tree.add(at, block, { witness: new Uint8Array(), weight: 1n, justifiedMs: 0, peer: undefined });
  }
  const answered: number[] = [];
  const answering = new Answering((_, message) => {
    if (message.type === 'block') answered.push(message.block.header.height);
  });
  // It has the lower 90 blocks, and asks as blocks without a parent do: for the parent of the lowest that it got.
  const lacking = new Set(Array.from({ length: 110 }, (_, index) => 91 + index));
  let missing = 200;
  for (let asked = 0; asked < 3 && missing > 90; asked += 1) {
    answered.length = 0;
    answering.answer('peer', { type: 'fetch', id: idAt(missing), aboveHeight: 0 }, tree, 0);
    for (const height of answered) lacking.delete(height);
    missing = Math.min(...answered) - 1;
  }
  expect([...lacking]).toEqual([]);
});

test('settings: defaults, ranges, and no name that the module does not have', () => {
  const ranges = { depth: { min: 1, max: 9, default: 4 } };
  const read = (moduleSettings: [string, number][]): unknown =>
    forkChoice.settingsOf({ ...DEFAULT_PARAMETERS, moduleSettings }, ranges);
  expect(read([])).toEqual({ depth: 4 });
  expect(read([['depth', 9]])).toEqual({ depth: 9 });
  for (const wrong of [
    ['depth', 0],
    ['depth', 10],
    ['width', 1],
    ['constructor', 1],
  ] as [string, number][]) {
    expect(() => read([wrong])).toThrow(expect.objectContaining({ code: 'PARAMETERS_UNSUITABLE' }));
  }
});

test("bad input: bytes that are no message, and bodies that are not the header's", () => {
  const tip = forkChoice.encodeMessage({
    type: 'tip',
    id: sources[0]!,
    height: 1,
    finalizedId: sources[1]!,
    finalizedHeight: 0,
  });
  expect(forkChoice.decodeMessage(tip, 1024).type).toBe('tip');
  for (let cut = 0; cut < tip.length; cut++) {
    expect(() => forkChoice.decodeMessage(tip.slice(0, cut), 1024)).toThrow(
      expect.objectContaining({ code: 'MALFORMED_MESSAGE' }),
    );
  }
  expect(() => forkChoice.decodeMessage(new Uint8Array(100_000), 1024)).toThrow(
    expect.objectContaining({ code: 'MALFORMED_MESSAGE' }),
  );
});
