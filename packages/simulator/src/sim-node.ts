/** One replica: the unmodified module in the unmodified host, on virtual time, network and disk. */
import { type Block, blockIdOf, type Header } from '@radledger/chain';
import {
  type ConsensusInstance,
  type ConsensusModule,
  type ConsensusReport,
  type FinalizedByProof,
  type Member,
  type PeerId,
} from '@radledger/consensus';
import { createHost, type Host, type HostPorts } from '@radledger/consensus/host';
import { toHex } from '@radledger/primitives';
import type { EventHeap } from './event-heap.js';
import { Later } from './later.js';
import type { Prng } from './prng.js';
import type { MaybeLater, NodeChain } from './node-chain.js';
import type { SimGenesis } from './sim-chain.js';
import type { SimCrypto } from './sim-crypto.js';
import { SimDisk } from './sim-disk.js';

/** What surrounds a node: its links, and the eyes of the test. */
export interface NodeSurroundings {
  send(from: number, to: number, bytes: Uint8Array): void;
  /** Passes a transaction on, as a node's gossip would. */
  gossip(from: number, to: number, transaction: Uint8Array): void;
  /** Every node number but this one. */
  others(of: number): readonly number[];
  isUp(from: number, to: number): boolean;
  peerId(index: number): PeerId;
  indexOf(peer: PeerId): number;
  /** Twins answer to one name. */
  holdersOf(peer: PeerId): readonly number[];
  node(index: number): SimNode;
  signed(node: SimNode, bytes: Uint8Array): void;
  finalizing(node: SimNode, blocks: readonly FinalizedByProof[]): void;
  started(node: SimNode): void;
  /** A block of another node was verified valid: one that only its maker knows is no fork. */
  executed(node: SimNode, block: Block): void;
  /** The tip moved; `undone` blocks of the last one are not below it. */
  adopted(node: SimNode, tip: Header, undone: number): void;
  proven(node: SimNode, found: { readonly epoch: number; readonly bytes: Uint8Array }): void;
  reported(node: SimNode, report: ConsensusReport): void;
  failed(node: SimNode, error: unknown): void;
  /** Goes on at once with what is there; until what is not has come, time stands still. */
  whenDone<T>(made: MaybeLater<T>, then: (value: T) => void): void;
}

export interface NodeOptions {
  readonly index: number;
  readonly member: Member;
  readonly module: ConsensusModule;
  readonly genesis: SimGenesis;
  readonly chainOf: (now: () => number) => NodeChain;
  readonly crypto: SimCrypto;
  readonly heap: EventHeap;
  readonly prng: Prng;
  /** How far its clock is ahead at the start. */
  readonly skewMs: number;
  readonly syncsDisk: boolean;
  readonly surroundings: NodeSurroundings;
}

const SYNC_BLOCKS_MAX = 40;
const SYNC_MS = 60;

export class SimNode {
  readonly chain: NodeChain;
  readonly disk: SimDisk;
  host: Host | undefined;
  /** What the host drives: for eyes only. */
  instance: ConsensusInstance | undefined;
  /** Rises with each start: what was under way before a crash never comes back. */
  private incarnation = 0;
  private timers = new Map<string, number>();
  private timersMade = 0;
  /** Port calls until the next crash: it may come between any two effects. */
  private callsUntilCrash: number | undefined;
  private syncing = false;
  private tip: Header | undefined;
  private toldWaiting = false;
  /** How far its clock is ahead of true time. */
  skewMs: number;

  constructor(readonly options: NodeOptions) {
    this.skewMs = options.skewMs;
    this.chain = options.chainOf(() => options.heap.nowMs + this.skewMs);
    this.disk = new SimDisk(options.heap, options.prng, options.syncsDisk);
  }

  get index(): number {
    return this.options.index;
  }

  get isUp(): boolean {
    return this.host !== undefined;
  }

  start(): void {
    this.incarnation++;
    this.options.surroundings.whenDone(this.chain.open(), () => this.startHost());
  }

  private startHost(): void {
    const { module, genesis, member, surroundings } = this.options;
    this.syncing = false;
    this.tip = undefined;
    this.toldWaiting = false;
    surroundings.started(this);
    const { chainId, parameters } = genesis;
    const identity = { source: member.source, nodeKey: member.nodeKey, vrfKey: member.vrfKey };
    const instance = module.create({ chainId, parameters, identity });
    this.instance = instance;
    const created = { ...module, create: () => instance };
    this.host = createHost({ module: created, context: { chainId, parameters, identity }, ports: this.ports() });
    this.host.start({ finalized: this.chain.state(), signLog: this.disk.state() });
    for (const other of surroundings.others(this.index)) {
      if (!surroundings.node(other).isUp) continue;
      this.host?.peer(surroundings.peerId(other));
      surroundings.node(other).host?.peer(surroundings.peerId(this.index));
    }
  }

  crash(): void {
    if (this.host === undefined) return;
    this.host.stop();
    this.host = undefined;
    this.incarnation++;
    this.timers.clear();
    this.callsUntilCrash = undefined;
    this.disk.crash();
    this.chain.crash();
  }

  /** Undefined: no more. */
  crashAfter(portCalls: number | undefined): void {
    this.callsUntilCrash = portCalls;
  }

  /** A client or a peer hands this node a transaction; it passes on what it did not know. */
  submit(transaction: Uint8Array): void {
    if (!this.isUp) return;
    const { surroundings } = this.options;
    surroundings.whenDone(this.chain.submit(transaction), (isNew) => {
      if (!isNew) return;
      for (const other of surroundings.others(this.index)) surroundings.gossip(this.index, other, transaction);
      this.tellWaiting();
    });
  }

  private tellWaiting(): void {
    // It may have stopped while its executor worked.
    if (!this.isUp) return;
    const waiting = this.chain.hasWaiting(this.tip && blockIdOf(this.tip));
    if (waiting === this.toldWaiting) return;
    this.toldWaiting = waiting;
    this.host?.pendingTransactions(waiting);
  }

  private adopt(id: Uint8Array): void {
    const next = this.chain.headerOf(id);
    if (next === undefined) return;
    const undone = this.tip === undefined ? 0 : this.undone(this.tip, next);
    this.tip = next;
    const { surroundings } = this.options;
    surroundings.adopted(this, next, undone);
    surroundings.whenDone(this.chain.adopt(id), () => this.tellWaiting());
  }

  /** Blocks from `tip` down to where it meets the chain of `next`, as far as this node still holds their effects. */
  private undone(tip: Header, next: Header): number {
    const below = new Set<string>();
    for (let at: Header | undefined = next; at !== undefined; at = this.chain.headerOf(at.parentId)) {
      below.add(toHex(blockIdOf(at)));
    }
    let count = 0;
    for (let at: Header | undefined = tip; at !== undefined; at = this.chain.headerOf(at.parentId)) {
      if (at.height <= this.chain.height || below.has(toHex(blockIdOf(at)))) return count;
      count++;
    }
    return count;
  }

  private ports(): HostPorts {
    const { heap, prng, crypto, member, surroundings } = this.options;
    const { incarnation } = this;
    const alive = (): boolean => this.incarnation === incarnation;
    /** Counts a port call; false when the node is down from here on. */
    const enter = (): boolean => {
      if (!alive()) return false;
      if (this.callsUntilCrash !== undefined && this.callsUntilCrash-- <= 0) {
        this.crash();
        return false;
      }
      return true;
    };
    const after = <T>(delayMs: number, work: () => MaybeLater<T>, done: (value: T) => void): PromiseLike<T> => {
      const later = new Later<T>();
      heap.at(heap.nowMs + delayMs, () => {
        if (!enter()) return;
        surroundings.whenDone(work(), (value) => {
          done(value);
          later.resolve(value);
        });
      });
      return later;
    };
    return {
      now: () => heap.nowMs + this.skewMs,
      setTimer: (id, atMs) => {
        const made = ++this.timersMade;
        this.timers.set(id, made);
        heap.at(atMs - this.skewMs, () => {
          if (!alive() || this.timers.get(id) !== made) return;
          this.timers.delete(id);
          this.host?.timer(id);
        });
      },
      cancelTimer: (id) => void this.timers.delete(id),
      send: (peer, bytes) => {
        if (!enter()) return;
        for (const to of surroundings.holdersOf(peer)) if (to !== this.index) surroundings.send(this.index, to, bytes);
      },
      broadcast: (bytes) => {
        for (const other of surroundings.others(this.index)) if (enter()) surroundings.send(this.index, other, bytes);
      },
      verifyClaims: (claims) => crypto.verifyClaims(claims),
      verifyVrf: (claims) => crypto.verifyVrf(claims),
      sign: (bytes) => {
        surroundings.signed(this, bytes);
        return crypto.sign(member.nodeKey, bytes);
      },
      prove: (alpha) => crypto.prove(member.vrfKey, alpha),
      signLog: { append: (record) => (enter() ? this.disk.append(record) : new Later<void>()) },
      build: (request) =>
        after(
          prng.between(0, 5),
          () => this.chain.build(request),
          () => this.tellWaiting(),
        ),
      verifyBlock: (block: Block) =>
        after(
          prng.between(0, 5),
          () => this.chain.verify(block),
          ({ kind }) => {
            if (kind === 'valid') surroundings.executed(this, block);
          },
        ),
      adopt: (id) => this.adopt(id),
      finalize: (blocks) => {
        surroundings.finalizing(this, blocks);
        return after(
          prng.between(0, 8),
          () => this.chain.finalize(blocks),
          () => this.tellWaiting(),
        );
      },
      epoch: (epoch) => this.chain.epoch(epoch),
      behind: (peer) => this.sync(surroundings.indexOf(peer)),
      evidence: (found) => surroundings.proven(this, found),
      report: (report) => surroundings.reported(this, report),
      failed: (error) => surroundings.failed(this, error),
    };
  }

  /** Fetches finalized blocks from a peer and believes only their proofs. */
  private sync(from: number): void {
    if (this.syncing) return;
    this.syncing = true;
    const { incarnation } = this;
    const { heap, surroundings } = this.options;
    heap.at(heap.nowMs + SYNC_MS, () => {
      if (this.incarnation !== incarnation) return;
      this.syncing = false;
      if (!surroundings.isUp(from, this.index) || !surroundings.isUp(this.index, from)) return;
      const fetched = surroundings
        .node(from)
        .chain.finalized.slice(this.chain.height, this.chain.height + SYNC_BLOCKS_MAX);
      this.follow(fetched, 0);
    });
  }

  /** Commits what proves itself, one block after the other: each may say who votes on the next. */
  private follow(fetched: readonly FinalizedByProof[], index: number): void {
    const { surroundings } = this.options;
    const entry = fetched[index];
    if (entry !== undefined && this.proves(entry)) {
      surroundings.finalizing(this, [entry]);
      return surroundings.whenDone(this.chain.finalize([entry]), () => this.follow(fetched, index + 1));
    }
    if (index > 0) this.host?.synced(this.chain.state());
  }

  private proves({ block, proof }: FinalizedByProof): boolean {
    const { module, genesis, crypto } = this.options;
    const { chainId, parameters } = genesis;
    const { header } = block;
    const number = Math.floor((header.height - 1) / parameters.epochHeights);
    const epoch = this.chain.epoch(number);
    if (epoch === undefined) return false;
    const nextEpoch = module.caps.finality === 'instant' ? undefined : this.chain.epoch(number + 1);
    const trusted = this.chain.state().header;
    const context = { epoch, nextEpoch, trusted, chainId, parameters };
    return crypto.verifyClaims(module.finalityClaims({ header, proof, ...context }));
  }
}
