/** The contract of `ConsensusModule` as a vitest suite: `testConsensusModule(mine)` in a test file. */
import { DEFAULT_PARAMETERS, type DutyEvent, epochOfHeight, type Parameters } from '@radledger/chain';
import { CodedError, toHex } from '@radledger/primitives';
import { describe, expect, test, vi } from 'vitest';
import type { ConsensusModule, ModuleIdentity } from '../module.js';
import { CHAIN_ID, GENESIS, LoopbackNet, type LoopbackNode, PARAMETERS } from './loopback-net.js';

export interface ConformanceOptions {
  /** What the module needs otherwise in genesis, its settings for instance. Times are virtual: 5 ms a message. */
  readonly parameters?: Partial<Parameters>;
}

/** Three epochs begin, whatever the module. */
export function testConsensusModule(module: ConsensusModule, options: ConformanceOptions = {}): void {
  const parameters: Parameters = { ...PARAMETERS, ...options.parameters };
  const { epochHeights } = parameters;
  const heights = 3 * epochHeights + 2;
  const start = (): LoopbackNet => new LoopbackNet(module, parameters);
  const haveAll = ({ nodes }: LoopbackNet): boolean => nodes.every(({ finalized }) => finalized.length >= heights);
  /** Blocks that a node needs before the first is final, roughly. */
  const aFewBlocks = Math.min(3, epochHeights);

  describe(`consensus module ${module.id}`, () => {
    test('finalizes one chain on every node, across epochs', () => {
      const net = start();
      net.runTo(heights);
      const [first, ...others] = net.nodes.map(idsOf);
      expect(first?.length).toBeGreaterThanOrEqual(heights);
      for (const other of others) expect(other.slice(0, heights)).toEqual(first?.slice(0, heights));
    });

    test('equal inputs give equal effects', () => {
      const net = start();
      net.runTo(heights);
      const [node] = net.nodes as [LoopbackNode];
      const { source, nodeKey, vrfKey } = identityOf(net, node);
      const again = module.create({ chainId: CHAIN_ID, parameters, identity: { source, nodeKey, vrfKey } });
      for (const { input, effects } of node.history) expect(again.step(input)).toEqual(effects);
    });

    test('reads no clock, no randomness, and sets no timer of its own', () => {
      const net = start();
      forbidAmbient();
      try {
        net.runTo(heights);
      } finally {
        vi.unstubAllGlobals();
      }
      expect(haveAll(net)).toBe(true);
    });

    test('after restarts, no two signed statements of one kind and view differ', () => {
      const net = start();
      for (let round = 0; round < 8; round++) {
        net.runTo(2 * round);
        net.restart(round % 4);
      }
      net.runTo(heights);
      expect(haveAll(net)).toBe(true);
      for (const { log } of net.nodes) {
        const signed = new Map<string, string>();
        for (const { kind, epoch, view, bytes } of log) {
          const key = `${kind}/${epoch}/${view}`;
          expect(signed.get(key) ?? toHex(bytes)).toBe(toHex(bytes));
          signed.set(key, toHex(bytes));
        }
      }
    });

    test('goes on after every node has lost its memory at once', () => {
      const net = start();
      net.runTo(aFewBlocks);
      for (let index = 0; index < net.nodes.length; index++) net.restart(index);
      net.runTo(heights);
      expect(haveAll(net)).toBe(true);
      for (const node of net.nodes)
        expect(idsOf(node).slice(0, heights)).toEqual(idsOf(net.nodes[0] as LoopbackNode).slice(0, heights));
    });

    test('two halves that did not hear each other for a while agree again, and nobody has to give up what was final', () => {
      const net = start();
      net.runTo(aFewBlocks);
      const before = net.nodes.map((node) => idsOf(node));
      net.split([0, 0, 1, 1]);
      net.runFor(5 * parameters.targetIntervalMs);
      const during = net.nodes.map((node) => idsOf(node));
      net.split(undefined);
      net.runTo(heights);
      expect(haveAll(net)).toBe(true);
      const chain = idsOf(net.nodes[0] as LoopbackNode).slice(0, heights);
      for (const [index, node] of net.nodes.entries()) {
        expect(idsOf(node).slice(0, heights)).toEqual(chain);
        for (const known of [before, during]) expect(chain.slice(0, known[index]?.length)).toEqual(known[index]);
      }
    });

    test('each finality proof proves its header and no other', () => {
      const net = start();
      net.runTo(heights);
      const [node] = net.nodes as [LoopbackNode];
      for (const { block, proof } of node.finalized) {
        const number = epochOfHeight(block.header.height, epochHeights);
        const epoch = net.epoch(node, number);
        if (epoch === undefined) throw new Error('the epoch of a finalized block is known');
        const nextEpoch = module.caps.finality === 'instant' ? undefined : net.epoch(node, number + 1);
        const trusted = node.finalized[block.header.height - 2]?.block.header ?? GENESIS;
        const known = { proof, epoch, nextEpoch, trusted, chainId: CHAIN_ID, parameters };
        const claims = module.finalityClaims({ header: block.header, ...known });
        if (node.log.length > 0) expect(claims.length).toBeGreaterThan(0);
        const header = { ...block.header, timestampMs: block.header.timestampMs + 1 };
        expect(() => module.finalityClaims({ header, ...known })).toThrow(CodedError);
        for (const cut of [0, proof.length >> 1, proof.length - 1]) {
          const shorter = proof.subarray(0, cut);
          expect(() => module.finalityClaims({ header: block.header, ...known, proof: shorter })).toThrow(CodedError);
        }
      }
    });

    test('a body is bound to its header: a block with a changed justification is refused', () => {
      const net = start();
      net.runTo(heights);
      const [node] = net.nodes as [LoopbackNode];
      for (const { block } of node.finalized) {
        module.checkBody(block);
        for (const justification of changesOf(block.body.justification)) {
          const changed = { ...block, body: { ...block.body, justification } };
          expect(() => module.checkBody(changed)).toThrow(expect.objectContaining({ code: 'WRONG_BODY' }));
        }
      }
    });

    test('duties are equal on every node: each view once, none left out, each block of one view', () => {
      const net = start();
      net.runTo(heights);
      const duties = net.nodes.map((node) =>
        node.finalized
          .slice(0, heights)
          .flatMap(({ block }) =>
            module.dutiesOf(block, { chainId: CHAIN_ID, parameters, epoch: (epoch) => net.epoch(node, epoch) }),
          ),
      );
      for (const other of duties) expect(other).toEqual(duties[0]);
      const [events = []] = duties;
      if (module.caps.dutyEvidence === 'none') return expect(events).toEqual([]);
      for (const views of viewsByEpoch(events)) {
        const first = views[0] as number;
        expect(views).toEqual(views.map((_, index) => first + index));
      }
      const produced = events.filter((event) => event.class === 'PRODUCED');
      expect(new Set(produced.map(({ height }) => height)).size).toBe(heights);
    });

    test('refuses bytes that are no message, with a coded error', () => {
      const lookup = { chainId: CHAIN_ID, parameters, epoch: () => undefined };
      for (const bytes of [new Uint8Array(), Uint8Array.of(0xc1), new Uint8Array(100).fill(0x91)]) {
        expect(() => module.claims(bytes, lookup)).toThrow(CodedError);
      }
    });

    test('takes these parameters of genesis, and no settings that it does not know', () => {
      module.checkParameters(parameters);
      module.checkParameters({ ...DEFAULT_PARAMETERS });
      const moduleSettings = [['conformanceUnknown', 1]] as const;
      expect(() => module.checkParameters({ ...parameters, moduleSettings })).toThrow(
        expect.objectContaining({ code: 'PARAMETERS_UNSUITABLE' }),
      );
    });
  });
}

/** Views in the order of their events, epoch by epoch. */
function viewsByEpoch(events: readonly DutyEvent[]): readonly (readonly number[])[] {
  const views = new Map<number, number[]>();
  for (const { epoch, view } of events) views.set(epoch, [...(views.get(epoch) ?? []), view]);
  return [...views.values()];
}

/** Longer, empty, and different at its first and last byte. */
function changesOf(bytes: Uint8Array): readonly Uint8Array[] {
  const longer = Uint8Array.of(...bytes, 0);
  if (bytes.length === 0) return [longer];
  const flipped = [0, bytes.length - 1].map((position) => bytes.map((byte, at) => (at === position ? byte ^ 1 : byte)));
  return [longer, new Uint8Array(), ...flipped];
}

function idsOf({ finalized }: LoopbackNode): readonly string[] {
  return finalized.map(({ block }) => toHex(block.id));
}

function identityOf(net: LoopbackNet, node: LoopbackNode): ModuleIdentity {
  const member = net.epoch(node, 0)?.leaders[net.nodes.indexOf(node)];
  if (member === undefined) throw new Error('every node is a member');
  return member;
}

/** Makes the ambient sources of difference throw, until `vi.unstubAllGlobals`. */
function forbidAmbient(): void {
  const forbidden = (): never => {
    throw new Error('a module is closed: no clock, randomness or timer');
  };
  const get = (target: object, name: string): unknown => (name === 'random' ? forbidden : Reflect.get(target, name));
  vi.stubGlobal('Math', new Proxy(Math, { get }));
  vi.stubGlobal('Date', new Proxy(forbidden, { get: forbidden, construct: forbidden }));
  for (const name of ['setTimeout', 'setInterval', 'queueMicrotask']) vi.stubGlobal(name, forbidden);
}
