/** The contract of `ConsensusModule` as a vitest suite: `testConsensusModule(mine)` in a test file. */
import { CodedError, toHex } from '@radledger/primitives';
import { describe, expect, test, vi } from 'vitest';
import type { ConsensusModule } from '../module.js';
import { CHAIN_ID, LoopbackNet, type LoopbackNode, PARAMETERS } from './loopback-net.js';

const HEIGHTS = 20;

export function testConsensusModule(module: ConsensusModule): void {
  describe(`consensus module ${module.id}`, () => {
    test('finalizes one chain on every node, across epochs', () => {
      const net = new LoopbackNet(module);
      net.runTo(HEIGHTS);
      const [first, ...others] = net.nodes.map(idsOf);
      expect(first?.length).toBeGreaterThanOrEqual(HEIGHTS);
      for (const other of others) expect(other.slice(0, HEIGHTS)).toEqual(first?.slice(0, HEIGHTS));
    });

    test('equal inputs give equal effects', () => {
      const net = new LoopbackNet(module);
      net.runTo(HEIGHTS);
      const [node] = net.nodes as [LoopbackNode];
      const { source, nodeKey } = identityOf(net, node);
      const again = module.create({ chainId: CHAIN_ID, parameters: PARAMETERS, identity: { source, nodeKey } });
      for (const { input, effects } of node.history) expect(again.step(input)).toEqual(effects);
    });

    test('reads no clock, no randomness, and sets no timer of its own', () => {
      const net = new LoopbackNet(module);
      forbidAmbient();
      try {
        net.runTo(HEIGHTS);
      } finally {
        vi.unstubAllGlobals();
      }
      expect(net.nodes.every(({ finalized }) => finalized.length >= HEIGHTS)).toBe(true);
    });

    test('after restarts, no two signed statements of one kind and view differ', () => {
      const net = new LoopbackNet(module);
      for (let round = 0; round < 8; round++) {
        net.runTo(2 * round);
        net.restart(round % 4);
      }
      net.runTo(HEIGHTS);
      expect(net.nodes.every(({ finalized }) => finalized.length >= HEIGHTS)).toBe(true);
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
      const net = new LoopbackNet(module);
      net.runTo(3);
      for (let index = 0; index < net.nodes.length; index++) net.restart(index);
      net.runTo(HEIGHTS);
      expect(net.nodes.every(({ finalized }) => finalized.length >= HEIGHTS)).toBe(true);
    });

    test('each finality proof proves its header and no other', () => {
      const net = new LoopbackNet(module);
      net.runTo(HEIGHTS);
      const [node] = net.nodes as [LoopbackNode];
      for (const { block, proof } of node.finalized) {
        const epoch = net.epoch(node, Math.floor((block.header.height - 1) / PARAMETERS.epochHeights));
        if (epoch === undefined) throw new Error('the epoch of a finalized block is known');
        const claims = module.finalityClaims({
          header: block.header,
          proof,
          epoch,
          chainId: CHAIN_ID,
          parameters: PARAMETERS,
        });
        expect(claims.length).toBeGreaterThan(0);
        const header = { ...block.header, timestampMs: block.header.timestampMs + 1 };
        expect(() =>
          module.finalityClaims({ header, proof, epoch, chainId: CHAIN_ID, parameters: PARAMETERS }),
        ).toThrow();
      }
    });

    test('a body is bound to its header: a block with a changed justification is refused', () => {
      const net = new LoopbackNet(module);
      net.runTo(HEIGHTS);
      const [node] = net.nodes as [LoopbackNode];
      for (const { block } of node.finalized) {
        module.checkBody(block);
        for (const justification of changesOf(block.body.justification)) {
          const changed = { ...block, body: { ...block.body, justification } };
          expect(() => module.checkBody(changed)).toThrow(expect.objectContaining({ code: 'WRONG_BODY' }));
        }
      }
    });

    test('every finalized block names one producing view, and equal duties on every node', () => {
      const net = new LoopbackNet(module);
      net.runTo(HEIGHTS);
      const duties = net.nodes.map((node) =>
        node.finalized.slice(0, HEIGHTS).flatMap(({ block }) =>
          module.dutiesOf(block, {
            chainId: CHAIN_ID,
            parameters: PARAMETERS,
            epoch: (epoch) => net.epoch(node, epoch),
          }),
        ),
      );
      for (const other of duties) expect(other).toEqual(duties[0]);
      const views = duties[0]?.map(({ epoch, view }) => `${epoch}/${view}`) ?? [];
      expect(new Set(views).size).toBe(views.length);
      const produced = duties[0]?.filter((event) => event.class === 'PRODUCED') ?? [];
      expect(new Set(produced.map(({ height }) => height)).size).toBe(HEIGHTS);
    });

    test('refuses bytes that are no message, with a coded error', () => {
      const lookup = { chainId: CHAIN_ID, parameters: PARAMETERS, epoch: () => undefined };
      for (const bytes of [new Uint8Array(), Uint8Array.of(0xc1), new Uint8Array(100).fill(0x91)]) {
        expect(() => module.claims(bytes, lookup)).toThrow(CodedError);
      }
    });
  });
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

function identityOf(net: LoopbackNet, node: LoopbackNode): { source: Uint8Array; nodeKey: Uint8Array } {
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
