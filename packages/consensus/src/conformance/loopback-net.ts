/** Four nodes on virtual time, in memory, without faults: enough to see whether a module keeps the contract. */
import {
  type Block,
  blockIdOf,
  type Body,
  bodyBytesOf,
  DEFAULT_PARAMETERS,
  EMPTY_MERKLE_ROOT,
  type EpochCell,
  type Header,
  type Parameters,
} from '@radledger/chain';
import { compareBytes, concatBytes, equalBytes, hash, sha256, toHex } from '@radledger/primitives';
import { epochContextOf } from '../committee.js';
import type { EpochContext, Member } from '../epoch-context.js';
import { createHost, type Host, type HostPorts } from '../host/index.js';
import type {
  BuildRequest,
  ConsensusModule,
  Effect,
  FinalizedByProof,
  FinalizedState,
  Input,
  SignRecord,
} from '../module.js';
import { decodeSignRecord } from '../sign-record.js';

const ZERO = new Uint8Array(32);
const DELAY_MS = 5;
export const PARAMETERS: Parameters = {
  ...DEFAULT_PARAMETERS,
  epochHeights: 6,
  targetIntervalMs: 100,
  minimumIntervalMs: 0,
  assumedDelayMs: 40,
  clockPrecisionMs: 40,
};
export const CHAIN_ID = hash('conformance/chain');

/** Not signatures: nobody lies here, and the module cannot tell. */
export function stubSignature(key: Uint8Array, message: Uint8Array): Uint8Array {
  const digest = sha256(concatBytes(key, message));
  return concatBytes(digest, digest);
}

const MEMBERS: EpochCell['members'] = Array.from({ length: 4 }, (_, index) => ({
  source: hash('conformance/source', index),
  nodeKey: hash('conformance/node', index),
  vrfKey: hash('conformance/vrf', index),
  weight: 1000n,
})).sort((a, b) => compareBytes(a.source, b.source));

export const GENESIS: Header = {
  format: 1,
  chainId: CHAIN_ID,
  height: 0,
  parentId: ZERO,
  timestampMs: 0,
  proposer: ZERO,
  transactionRoot: ZERO,
  stateRoot: ZERO,
  dutyRoot: ZERO,
  bodyBytes: 0,
  sealKind: 0,
  sealBytes: new Uint8Array(),
};

export interface LoopbackNode {
  readonly finalized: FinalizedByProof[];
  /** What its disk holds. */
  readonly log: SignRecord[];
  /** Everything its instance was told and did since the last start. */
  readonly history: { readonly input: Input; readonly effects: readonly Effect[] }[];
  host: Host;
}

export class LoopbackNet {
  readonly nodes: LoopbackNode[] = [];
  private readonly queue: { atMs: number; order: number; run: () => void }[] = [];
  private made = 0;
  nowMs = 1_000;

  /** Nodes that hear each other: all, until `split`. */
  private sides: readonly number[] | undefined;

  constructor(
    private readonly module: ConsensusModule,
    private readonly parameters: Parameters = PARAMETERS,
  ) {
    for (let index = 0; index < MEMBERS.length; index++) this.nodes.push(this.createNode(index));
    for (let index = 0; index < MEMBERS.length; index++) this.start(index);
  }

  epoch(node: LoopbackNode, epoch: number): EpochContext | undefined {
    // Where finality trails behind, an epoch is known when the one before it begins.
    const closed = this.module.caps.finality === 'instant' ? epoch : Math.max(0, epoch - 1);
    const at = closed * this.parameters.epochHeights;
    const boundary = at === 0 ? blockIdOf(GENESIS) : node.finalized[at - 1]?.block.id;
    if (boundary === undefined) return undefined;
    const cell = { epoch, firstHeight: 0, members: MEMBERS, seed: hash('conformance/seed', boundary) };
    return epochContextOf(cell, { chainId: CHAIN_ID, committeeMax: 128 });
  }

  /** Runs until every node has finalized this height, or virtual time is up. */
  runTo(height: number, timeoutMs = 60_000): void {
    const untilMs = this.nowMs + timeoutMs;
    while (this.nodes.some(({ finalized }) => finalized.length < height) && this.nowMs < untilMs) {
      const next = this.queue.sort((a, b) => a.atMs - b.atMs || a.order - b.order).shift();
      if (next === undefined) return;
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.run();
    }
  }

  /** Until the next call messages pass only among nodes with equal numbers; undefined: among all. */
  split(sides: readonly number[] | undefined): void {
    this.sides = sides;
  }

  runFor(ms: number): void {
    this.runTo(Number.POSITIVE_INFINITY, ms);
  }

  /** A crash and a start from what the disk holds. */
  restart(index: number): void {
    const node = this.nodes[index] as LoopbackNode;
    node.host.stop();
    node.history.length = 0;
    node.host = this.createHost(index, node);
    this.start(index);
  }

  private start(index: number): void {
    const node = this.nodes[index] as LoopbackNode;
    node.host.start({ finalized: this.stateOf(node), signLog: { state: 'present', records: [...node.log] } });
    for (const other of this.others(index)) {
      node.host.peer(this.peerId(other));
      this.nodes[other]?.host.peer(this.peerId(index));
    }
  }

  private stateOf(node: LoopbackNode): FinalizedState {
    const last = node.finalized.at(-1);
    const header = last?.block.header ?? GENESIS;
    const number = Math.floor(header.height / this.parameters.epochHeights);
    const epoch = this.epoch(node, number) as EpochContext;
    const nextEpoch = this.module.caps.finality === 'instant' ? undefined : this.epoch(node, number + 1);
    return { header, proof: last?.proof ?? new Uint8Array(), epoch, ...(nextEpoch && { nextEpoch }) };
  }

  private createNode(index: number): LoopbackNode {
    const node = { finalized: [], log: [], history: [] } as unknown as LoopbackNode;
    node.host = this.createHost(index, node);
    return node;
  }

  private createHost(index: number, node: LoopbackNode): Host {
    const { source, nodeKey, vrfKey } = MEMBERS[index] as Member;
    const recording: ConsensusModule = {
      ...this.module,
      create: (context) => {
        const instance = this.module.create(context);
        return {
          status: () => instance.status(),
          neededRecords: () => instance.neededRecords(),
          step: (input) => {
            const effects = instance.step(input);
            node.history.push({ input, effects });
            return effects;
          },
        };
      },
    };
    const context = { chainId: CHAIN_ID, parameters: this.parameters, identity: { source, nodeKey, vrfKey } };
    return createHost({ module: recording, context, ports: this.ports(index, node) });
  }

  private ports(index: number, node: LoopbackNode): HostPorts {
    const { nodeKey, vrfKey } = MEMBERS[index] as Member;
    const timers = new Map<string, number>();
    const send = (to: number, bytes: Uint8Array): void => {
      if (this.sides !== undefined && this.sides[index] !== this.sides[to]) return;
      this.at(this.nowMs + DELAY_MS, () => void this.nodes[to]?.host.message(this.peerId(index), bytes));
    };
    return {
      now: () => this.nowMs,
      setTimer: (id, atMs) => {
        const made = this.made;
        timers.set(id, made);
        this.at(atMs, () => {
          if (timers.get(id) === made) node.host.timer(id);
        });
      },
      cancelTimer: (id) => void timers.delete(id),
      send: (peer, bytes) =>
        send(
          MEMBERS.findIndex((member) => toHex(member.nodeKey) === peer),
          bytes,
        ),
      broadcast: (bytes) => {
        for (const other of this.others(index)) send(other, bytes);
      },
      verifyClaims: (claims) =>
        claims.every(({ key, message, signature }) => equalBytes(stubSignature(key, message), signature)),
      verifyVrf: (claims) => claims.every(({ key, alpha, proof }) => equalBytes(stubProof(key, alpha), proof)),
      sign: (bytes) => stubSignature(nodeKey, bytes),
      prove: (alpha) => stubProof(vrfKey, alpha),
      signLog: { append: (record) => void node.log.push(decodeSignRecord(record)) },
      build: (request) => buildEmpty(request),
      verifyBlock: () => ({ kind: 'valid' }),
      adopt: () => {},
      finalize: (blocks) => void node.finalized.push(...blocks),
      epoch: (epoch) => this.epoch(node, epoch),
      behind: () => this.at(this.nowMs + DELAY_MS, () => this.sync(node)),
      evidence: () => {},
      report: () => {},
      failed: (error) => {
        throw error;
      },
    };
  }

  /** The longest chain there is: nobody lies here. */
  private sync(node: LoopbackNode): void {
    if (this.sides !== undefined) return;
    const longest = this.nodes.reduce((best, other) => (other.finalized.length > best.finalized.length ? other : best));
    const missing = longest.finalized.slice(node.finalized.length);
    if (missing.length === 0) return;
    node.finalized.push(...missing);
    node.host.synced(this.stateOf(node));
  }

  private at(atMs: number, run: () => void): void {
    this.queue.push({ atMs, order: this.made++, run });
  }

  private others(index: number): readonly number[] {
    return MEMBERS.map((_, other) => other).filter((other) => other !== index);
  }

  private peerId(index: number): string {
    return toHex((MEMBERS[index] as Member).nodeKey);
  }
}

function stubProof(key: Uint8Array, alpha: Uint8Array): Uint8Array {
  return concatBytes(stubSignature(key, alpha), new Uint8Array(16));
}

function buildEmpty({ parent, seal, justification, proposer, timestampMs }: BuildRequest): Block {
  const body: Body = { transactions: [], justification };
  const header: Header = {
    ...GENESIS,
    height: parent.height + 1,
    parentId: blockIdOf(parent),
    timestampMs,
    proposer,
    transactionRoot: EMPTY_MERKLE_ROOT,
    bodyBytes: bodyBytesOf([], justification.length),
    sealKind: seal.kind,
    sealBytes: seal.bytes,
  };
  return { header, body, id: blockIdOf(header) };
}
