/** Known attacks on chains that fork, on the module itself: four sealers, of whom the test speaks for all. */
import {
  type Block,
  blockIdOf,
  bodyBytesOf,
  DEFAULT_PARAMETERS,
  EMPTY_MERKLE_ROOT,
  type Header,
} from '@radledger/chain';
import { type Effect, epochContextOf, type Input, type SignRecord } from '@radledger/consensus';
import { decodeMessage, encodeMessage, encodeSignature, slotStatement } from '@radledger/consensus/fork-choice';
import { compareBytes, encodeCanonical, hash, toHex } from '@radledger/primitives';
import { expect, test } from 'vitest';
import { authority } from '../src/authority.js';

const T = 100;
const CHAIN_ID = hash('test/chain');
const parameters = {
  ...DEFAULT_PARAMETERS,
  ...{ epochHeights: 64, targetIntervalMs: T, minimumIntervalMs: 0, assumedDelayMs: 40, clockPrecisionMs: 40 },
};
const members = [0, 1, 2, 3]
  .map((index) => ({ source: hash('s', index), nodeKey: hash('n', index), vrfKey: hash('v', index), weight: 1n }))
  .sort((a, b) => compareBytes(a.source, b.source));
const epochOf = (epoch: number): ReturnType<typeof epochContextOf> =>
  epochContextOf(
    { epoch, firstHeight: 64 * epoch + 1, members, seed: hash('seed') },
    { chainId: CHAIN_ID, committeeMax: 128 },
  );
const GENESIS = {
  ...{ format: 1, chainId: CHAIN_ID, height: 0, parentId: new Uint8Array(32), timestampMs: 0 },
  ...{ proposer: hash('s', 0), transactionRoot: EMPTY_MERKLE_ROOT, stateRoot: new Uint8Array(32) },
  ...{ dutyRoot: new Uint8Array(32), bodyBytes: 0, sealKind: 0, sealBytes: new Uint8Array() },
} as Header;
const WITNESS = encodeSignature(new Uint8Array(64));
const sealer = (slot: number): Uint8Array => (members[slot % 4] as (typeof members)[number]).source;

interface Sealing {
  readonly exceptUpTo?: number;
  readonly justified?: number;
  /** Makes siblings differ. */
  readonly twin?: number;
}
function seal(parent: Header, slot: number, { exceptUpTo = 0, justified = 0, twin = 0 }: Sealing = {}): Block {
  const header: Header = {
    ...GENESIS,
    ...{ height: parent.height + 1, parentId: blockIdOf(parent), timestampMs: slot * T, proposer: sealer(slot) },
    ...{ stateRoot: hash('state', twin), bodyBytes: bodyBytesOf([], 0), sealKind: authority.sealKind },
    sealBytes: encodeCanonical([parent.timestampMs / T, exceptUpTo * T, justified * T, []]),
  };
  return { header, body: { transactions: [], justification: new Uint8Array() }, id: blockIdOf(header) };
}
const messageOf = (block: Block): Uint8Array => encodeMessage({ type: 'block', block, witness: WITNESS });

/** A node to whom peers speak; its executor finds every block valid. */
class Node {
  readonly effects: Effect[] = [];
  private readonly instance;

  constructor(
    private now: number,
    given: {
      readonly own?: (typeof members)[number];
      readonly records?: readonly SignRecord[];
      readonly final?: Header;
    } = {},
  ) {
    const { own, records = [], final = GENESIS } = given;
    const identity = own && { source: own.source, nodeKey: own.nodeKey, vrfKey: own.vrfKey };
    this.instance = authority.create({ chainId: CHAIN_ID, parameters, identity });
    const [epoch, nextEpoch] = [epochOf(0), epochOf(1)];
    const finalized = { header: final, proof: new Uint8Array(), epoch, nextEpoch };
    this.step({ type: 'start', now, finalized, signLog: { state: 'present', records } });
  }

  at(slot: number): this {
    this.now = slot * T + 10;
    return this;
  }

  hears(...messages: readonly Uint8Array[]): this {
    for (const bytes of messages) {
      const { epoch, claims } = authority.claims(bytes, { chainId: CHAIN_ID, epoch: epochOf, parameters });
      expect([epoch, claims === undefined]).toEqual([undefined, false]);
      this.step({ type: 'message', now: this.now, peer: 'peer', bytes });
    }
    return this;
  }

  tick(id: string): this {
    this.step({ type: 'timer', now: this.now, id });
    return this;
  }

  of<T extends Effect['type']>(type: T): Extract<Effect, { type: T }>[] {
    return this.effects.filter((effect): effect is Extract<Effect, { type: T }> => effect.type === type);
  }

  get tip(): string {
    return toHex(this.of('adopt').at(-1)?.blockId ?? new Uint8Array());
  }

  get offenders(): number {
    return this.of('report').filter(({ report }) => report.code === 'EQUIVOCATION').length;
  }

  private step(input: Input): void {
    const waiting = [input];
    for (const next of waiting) {
      for (const effect of this.instance.step(next)) {
        this.effects.push(effect);
        const { now } = this;
        if (effect.type === 'verify') {
          waiting.push({ type: 'verdict', now, blockId: effect.block.id, verdict: { kind: 'valid' } });
        } else if (effect.type === 'sign') {
          waiting.push({ type: 'signed', now, record: effect.record, signature: new Uint8Array(64) });
        }
      }
    }
  }
}

test('double slot: the second block of a slot is reported, and a third is not taken', () => {
  const twins = [0, 1, 2].map((twin) => seal(GENESIS, 1, { twin }));
  const node = new Node(T).at(1).hears(...twins.map(messageOf));
  expect(node.offenders).toBe(2);
  expect(node.of('report')[0]?.report.offender).toEqual(sealer(1));
  expect(node.of('verify')).toHaveLength(1);
  expect(node.tip).toBe(toHex(twins[0]!.id));
});

test('double slot: 500 siblings, each announced as a tip, are not executed', () => {
  const node = new Node(T).at(1);
  const twins = Array.from({ length: 500 }, (_, twin) => seal(GENESIS, 1, { twin }));
  for (const { id } of twins) {
    node.hears(encodeMessage({ type: 'tip', id, height: 1, finalizedId: blockIdOf(GENESIS), finalizedHeight: 0 }));
  }
  // One question a peer, until it is answered or given up.
  expect(node.of('send')).toHaveLength(1);
  node.hears(...twins.map(messageOf));
  expect(node.of('verify')).toHaveLength(1);
  // What an honest sealer built on is another matter: it is fetched, executed, and may win.
  const third = twins[400]!;
  const child = seal(third.header, 2);
  node.at(2).hears(messageOf(child));
  const asked = decodeMessage(node.of('send').at(-1)!.bytes, parameters.blockBytesMax);
  expect(asked).toMatchObject({ type: 'fetch', id: third.id });
  node.hears(messageOf(third));
  expect(node.tip).toBe(toHex(child.id));
  expect(node.of('verify')).toHaveLength(3);
});

test('nothing at stake: a sealer that builds on both branches makes neither final', () => {
  // Two branches from one fork; sealer 1 builds on both and admits it, or hides it.
  for (const exceptUpTo of [5, 0]) {
    const first = seal(GENESIS, 1);
    const [left, right] = [seal(first.header, 2), seal(first.header, 3)];
    const onLeft = seal(left.header, 5);
    const onRight = seal(right.header, 9, { exceptUpTo });
    const more = seal(onRight.header, 11);
    const node = new Node(T).at(11).hears(...[first, left, right, onLeft, onRight, more].map(messageOf));
    expect(node.of('finalize')).toEqual([]);
  }
});

test('nobody leaves a justified block but for a later one, however heavy the other branch is', () => {
  const [one, two, three] = chainOf([1, 2, 3]);
  const node = new Node(T).at(3).hears(...[one, two, three].map((block) => messageOf(block!)));
  // Two sealers cannot justify anything, however long they go on.
  const rival = chainOf([5, 6, 9, 10, 13, 14, 17, 18]);
  node.at(18).hears(...rival.map(messageOf));
  expect(node.tip).toBe(toHex(three!.id));
  // Three can, and later.
  const [last] = chainOf([19], rival.at(-1)!.header);
  node.at(19).hears(messageOf(last!));
  expect(node.tip).toBe(toHex(last!.id));
});

test('a sealer that has lost its memory builds on no branch older than what it had built on', () => {
  const own = members[0] as (typeof members)[number];
  const [one, two, three] = chainOf([1, 2, 3]);
  const mine = seal(three!.header, 4, { justified: 1 });
  const statement = slotStatement(authority, CHAIN_ID, { epoch: 0, slot: 4, blockId: mine.id });
  const record: SignRecord = { kind: 1, epoch: 0, view: 4, bytes: statement, support: [messageOf(mine)] };
  const builds = (node: Node): number => node.at(20).tick('slot').of('build').length;
  const rival = chainOf([5, 6, 9, 10]).map(messageOf);
  expect(builds(new Node(5 * T, { own, records: [record] }).at(10).hears(...rival))).toBe(0);
  // Nobody else has the branch any more: its own log brings it back.
  const support = [mine, one!, two!, three!].map(messageOf);
  const complete = new Node(5 * T, { own, records: [{ ...record, support }] }).at(10).hears(...rival);
  expect(complete.tip).toBe(toHex(mine.id));
  expect(builds(complete)).toBe(1);
  expect(complete.of('build')[0]!.request.parent.parentId).toEqual(three!.id);
});

test('sealer stall: with one sealer away the others go on in their own slots, and blocks become final', () => {
  // Clique stands still when all wait behind branches of equal difficulty: here nobody seals out of turn.
  const slots = Array.from({ length: 24 }, (_, index) => index + 1).filter((slot) => slot % 4 !== 3);
  const node = new Node(T).at(24).hears(...chainOf(slots).map(messageOf));
  const final = node.of('finalize').flatMap(({ blocks }) => blocks);
  expect(final.length).toBeGreaterThanOrEqual(slots.length - 5);
  const [, second] = members;
  const outOfTurn = { ...seal(GENESIS, 1).header, proposer: second!.source, timestampMs: 2 * T };
  const message = messageOf({
    ...seal(GENESIS, 1),
    header: { ...outOfTurn, proposer: sealer(3) },
    id: blockIdOf(outOfTurn),
  });
  expect(() => authority.claims(message, { chainId: CHAIN_ID, epoch: epochOf, parameters })).toThrow(
    expect.objectContaining({ code: 'WRONG_LEADER' }),
  );
});

test('long range: a fork from below the newest final block is refused, however long', () => {
  const slots = Array.from({ length: 12 }, (_, index) => index + 1);
  const chain = chainOf(slots);
  const node = new Node(T).at(100).hears(...chain.map(messageOf));
  const finalHeight =
    node
      .of('finalize')
      .flatMap(({ blocks }) => blocks)
      .at(-1)?.block.header.height ?? 0;
  expect(finalHeight).toBeGreaterThan(4);
  const tip = node.tip;
  const executed = node.of('verify').length;
  // Whoever has the old keys of all sealers writes another history from the second block on.
  const other = chainOf(
    slots.map((slot) => slot + 20),
    chain[1]!.header,
  );
  node.hears(...other.map(messageOf));
  expect(node.tip).toBe(tip);
  expect(node.of('verify')).toHaveLength(executed);
});

/** Blocks of these slots, each on the one before, as sealers that keep the rules would make them. */
function chainOf(slots: readonly number[], from: Header = GENESIS): Block[] {
  const chain: Block[] = [];
  for (const slot of slots) chain.push(seal(chain.at(-1)?.header ?? from, slot));
  return chain;
}
