/** The world of one run: nodes on links, faults as scheduled, eyes on everything. */
import { createHash, type Hash } from 'node:crypto';
import type { Block, Header } from '@radledger/chain';
import type {
  ConsensusModule,
  ConsensusReport,
  FinalizedByProof,
  Member,
  PeerId,
  VrfClaim,
} from '@radledger/consensus';
import { type SignatureClaim, toHex } from '@radledger/primitives';
import type { Behaviour, Puppet } from './behaviour.js';
import { EventHeap } from './event-heap.js';
import { type Figures, FigureKeeper } from './figures.js';
import { Agreement } from './invariants/agreement.js';
import type { Prng } from './prng.js';
import { type Fault, strike } from './faults.js';
import type { MaybeLater } from './node-chain.js';
import type { Scenario } from './scenario.js';
import { DiskFull } from './sim-disk.js';
import type { SimGenesis } from './sim-chain.js';
import type { SimCrypto } from './sim-crypto.js';
import { SimNetwork } from './sim-network.js';
import { type NodeSurroundings, SimNode } from './sim-node.js';
import { sharedClaims } from './shared-claims.js';
import type { SimulationOptions } from './simulation.js';
import { Violation } from './violation.js';
import type { Watcher, WatcherContext } from './watcher.js';
import type { World } from './world.js';

/** Progress after the faults have ended: this many blocks within this time. */
const LIVENESS_HEIGHTS = 3;
const LIVENESS_MS_MAX = 120_000;
/** A run that needs more events than this for one node and block is stuck in a loop. */
const EVENTS_MAX = 400_000;
const EVENTS_MAX_OF_EXPERIMENT = 200_000_000;
/** Events between two looks of the invariants that are too dear for every event. */
const SAMPLE_EVERY = 256;

export interface RunOptions {
  readonly prng: Prng;
  readonly world: World;
  /** Invariants of every module, as far as they can be demanded in this world. */
  readonly invariants: readonly ((context: WatcherContext) => Watcher)[];
  readonly module: ConsensusModule;
  readonly behaviours: readonly Behaviour[];
  readonly watchers: readonly ((context: WatcherContext) => Watcher)[];
  readonly scenario: Scenario;
  readonly syncsDisk: boolean;
  readonly sharesClaims: boolean;
  /** What is sent and no link carries, besides what the scenario's faults take. */
  readonly passes?: SimulationOptions['passes'];
}

interface Liar {
  readonly puppet: Puppet;
  readonly behaviours: readonly Behaviour[];
}

export class Run implements NodeSurroundings, WatcherContext {
  readonly module: ConsensusModule;
  readonly scenario: Scenario;
  readonly genesis: SimGenesis;
  readonly honest: readonly number[];
  private readonly heap = new EventHeap();
  readonly crypto: SimCrypto;
  private readonly world: World;
  private readonly network: SimNetwork;
  private readonly passes: RunOptions['passes'];
  private readonly nodes: SimNode[] = [];
  private readonly liars = new Map<number, Liar>();
  private readonly memberNodes: readonly number[];
  private readonly peerIds: readonly PeerId[];
  private readonly indexByPeer: ReadonlyMap<PeerId, number>;
  private readonly otherNodes: readonly (readonly number[])[];
  private readonly trace: Hash = createHash('sha256');
  private readonly agreement: Agreement;
  private readonly watchers: readonly Watcher[];
  private readonly figures: FigureKeeper;
  private readonly underWay: Promise<unknown>[] = [];
  private healed = false;
  private events = 0;
  private faultCount = 0;
  private recoveredMs = 0;
  private found: { readonly error: unknown } | undefined;

  constructor(options: RunOptions) {
    const { prng, module, scenario, world } = options;
    this.module = module;
    this.scenario = scenario;
    this.world = world;
    this.crypto = world.crypto;
    this.memberNodes = world.memberNodes;
    this.genesis = world.genesis;
    const { twinOf, byzantine } = scenario;
    const all = [...scenario.weights.keys(), ...(twinOf === undefined ? [] : [scenario.weights.length])];
    this.honest = all.filter((node) => !byzantine.includes(node) && node < scenario.weights.length);
    this.otherNodes = all.map((node) => all.filter((other) => other !== node));
    this.peerIds = all.map((node) => toHex(this.memberOf(node).nodeKey));
    this.indexByPeer = new Map(this.peerIds.map((peer, node) => [peer, node]));
    this.network = new SimNetwork(this.heap, prng.fork(), scenario.links);
    this.passes = options.passes;
    this.agreement = new Agreement(this);
    // Agreement last: who accounts for a fork has seen both of its blocks.
    this.watchers = [...[...options.invariants, ...options.watchers].map((create) => create(this)), this.agreement];
    this.figures = new FigureKeeper(this);
    const shared = options.sharesClaims ? sharedClaims(module, this.crypto) : module;
    for (const index of all) this.nodes.push(this.createNode(index, { ...options, module: shared }));
  }

  private createNode(index: number, { prng, module, behaviours, scenario, syncsDisk }: RunOptions): SimNode {
    const node = new SimNode({
      index,
      member: this.memberOf(index),
      module,
      genesis: this.genesis,
      chainOf: (now) => this.world.chainOf(index, now),
      crypto: this.crypto,
      heap: this.heap,
      prng: prng.fork(),
      skewMs: scenario.skewMs[index] ?? 0,
      syncsDisk,
      surroundings: this,
    });
    if (this.isHonest(index)) return node;
    const chosen = behaviours.filter(({ name }) => scenario.behaviours.includes(name));
    const puppet: Puppet = {
      node,
      prng: prng.fork(),
      peers: this.others(index),
      genesis: this.genesis,
      say: (to, bytes) => this.transmit(index, to, bytes),
      sayLater: (delayMs, to, bytes) => this.heap.at(this.heap.nowMs + delayMs, () => this.transmit(index, to, bytes)),
      sign: (bytes) => this.crypto.sign(this.memberOf(index).nodeKey, bytes),
    };
    this.liars.set(index, { puppet, behaviours: chosen });
    return node;
  }

  /** Yields what must have come before time goes on. With trivial executors that is never. */
  *play(): Generator<Promise<unknown>, void> {
    const { scenario, heap } = this;
    for (const node of this.nodes) heap.at(0, () => node.start());
    for (const fault of scenario.faults) heap.at(fault.atMs, () => this.strike(fault));
    for (const { atMs, node, bytes } of this.world.submissions) heap.at(atMs, () => this.submit(node, bytes));
    const { ending } = scenario;
    if (ending.kind === 'height') yield* this.playToHeight(ending);
    else {
      while (yield* this.advance(scenario.healMs));
      if (ending.kind === 'liveness') yield* this.demandProgress(ending);
    }
    for (const watcher of this.watchers) watcher.ended?.();
  }

  private *playToHeight({
    height,
    withinMs,
  }: Extract<Scenario['ending'], { kind: 'height' }>): Generator<Promise<unknown>, void> {
    const isBelow = ({ chain }: SimNode): boolean => chain.height < height;
    const nodes = this.honest.map((index) => this.node(index));
    const below = (): boolean => nodes.every(isBelow) || nodes.some((node) => node.isUp && isBelow(node));
    while (below() && (yield* this.advance(withinMs)));
  }

  private *demandProgress(
    ending: Extract<Scenario['ending'], { kind: 'liveness' }>,
  ): Generator<Promise<unknown>, void> {
    const { heap } = this;
    this.heal(ending);
    yield* this.settle();
    const nodes = ending.core.map((index) => this.node(index));
    const target = Math.max(...nodes.map(({ chain }) => chain.height)) + LIVENESS_HEIGHTS;
    const deadlineMs = heap.nowMs + LIVENESS_MS_MAX;
    const healedMs = heap.nowMs;
    // A node that only follows is no voter: each must have the chain, and be allowed to vote on it again.
    while (nodes.some(({ chain, host }) => chain.height < target || host?.status().voting.allowed !== true)) {
      if (yield* this.advance(deadlineMs)) continue;
      const heights = nodes.map(
        ({ chain, host }) => `${chain.height} (view ${host?.status().view}, ${JSON.stringify(host?.status().voting)})`,
      );
      const message = `height ${target} not reached ${LIVENESS_MS_MAX} ms after the faults: ${heights.join(', ')}`;
      throw new Violation('I16', message);
    }
    this.recoveredMs = heap.nowMs - healedMs;
  }

  result(): {
    readonly traceHash: string;
    readonly finalized: number;
    readonly faults: number;
    readonly steps: number;
    readonly recoveredMs: number;
    readonly figures: Figures;
  } {
    return {
      traceHash: this.trace.digest('hex'),
      finalized: this.agreed().length,
      faults: this.faultCount,
      steps: this.events,
      recoveredMs: this.recoveredMs,
      figures: this.figures.result(this.network),
    };
  }

  private *advance(untilMs: number): Generator<Promise<unknown>, boolean> {
    const eventsMax = this.scenario.ending.kind === 'height' ? EVENTS_MAX_OF_EXPERIMENT : EVENTS_MAX;
    if (++this.events > eventsMax) throw new Violation('bounded-work', `more than ${eventsMax} events`);
    const more = this.heap.step(untilMs);
    if (this.underWay.length > 0) yield* this.settle();
    if (this.found !== undefined) throw this.found.error;
    if (this.events % SAMPLE_EVERY === 0) for (const watcher of this.watchers) watcher.sampled?.();
    return more;
  }

  private *settle(): Generator<Promise<unknown>, void> {
    while (this.underWay.length > 0) yield Promise.all(this.underWay.splice(0));
  }

  whenDone<T>(made: MaybeLater<T>, then: (value: T) => void): void {
    if (!(made instanceof Promise)) return then(made);
    this.underWay.push(made.then(then).catch((error: unknown) => void (this.found ??= { error })));
  }

  private submit(node: number, transaction: Uint8Array): void {
    if (this.isHonest(node)) this.figures.submits(node, transaction);
    this.node(node).submit(transaction);
  }

  private strike(fault: Fault): void {
    this.faultCount++;
    this.note('fault', -1, fault.kind);
    strike(fault, {
      network: this.network,
      nodes: this.nodes,
      later: (delayMs, run) =>
        this.heap.at(this.heap.nowMs + delayMs, () => {
          if (!this.healed) run();
        }),
    });
  }

  /** The faults of the core end; those of others are frozen as they are. */
  private heal({ core, down }: Extract<Scenario['ending'], { kind: 'liveness' }>): void {
    this.healed = true;
    this.network.heal();
    this.network.faults = {
      ...this.scenario.links,
      lossPercent: 0,
      slowPercent: 0,
      delayMsMax: Math.max(5, this.scenario.parameters.assumedDelayMs >> 1),
      bytesPerMs: undefined,
    };
    for (const node of this.nodes) {
      node.crashAfter(undefined);
      if (core.includes(node.index)) node.disk.isFull = false;
      if (down.includes(node.index)) node.crash();
      else if (!node.isUp) node.start();
    }
    for (const watcher of this.watchers) watcher.healed?.();
  }

  // ---- links ----

  send(from: number, to: number, bytes: Uint8Array): void {
    const liar = this.liars.get(from);
    if (liar?.behaviours.some((behaviour) => behaviour.outgoing?.(liar.puppet, [to], bytes) ?? false)) return;
    this.transmit(from, to, bytes);
  }

  private transmit(from: number, to: number, bytes: Uint8Array): void {
    if (this.isHonest(from)) for (const watcher of this.watchers) watcher.sent?.(from, bytes);
    if (this.passes?.({ atMs: this.heap.nowMs, from, to, bytes }) === false) return;
    this.network.carry(from, to, bytes.length, () => this.deliver(from, to, bytes));
  }

  gossip(from: number, to: number, transaction: Uint8Array): void {
    this.network.carry(from, to, transaction.length, () => this.node(to).submit(transaction));
  }

  private deliver(from: number, to: number, bytes: Uint8Array): void {
    const node = this.node(to);
    if (!node.isUp) return;
    this.note('message', to, `${from}/${bytes.length}`);
    const liar = this.liars.get(to);
    // Liars answer the honest only: two of them would answer each other for ever.
    if (liar !== undefined && this.isHonest(from)) {
      let deaf = false;
      for (const behaviour of liar.behaviours) deaf = (behaviour.incoming?.(liar.puppet, from, bytes) ?? false) || deaf;
      if (deaf) return;
    }
    node.host?.message(this.peerId(from), bytes);
  }

  others(of: number): readonly number[] {
    return this.otherNodes[of] as readonly number[];
  }

  isUp(from: number, to: number): boolean {
    return this.network.isUp(from, to) && this.node(from).isUp && this.node(to).isUp;
  }

  peerId(index: number): PeerId {
    return this.peerIds[index] as PeerId;
  }

  indexOf(peer: PeerId): number {
    return this.indexByPeer.get(peer) ?? -1;
  }

  holdersOf(peer: PeerId): readonly number[] {
    const { twinOf, weights } = this.scenario;
    const index = this.indexOf(peer);
    return index === weights.length && twinOf !== undefined ? [twinOf, index] : [index];
  }

  node(index: number): SimNode {
    return this.nodes[index] as SimNode;
  }

  // ---- eyes ----

  now(): number {
    return this.heap.nowMs;
  }

  memberOf(node: number): Member {
    const holder = node === this.scenario.weights.length ? this.scenario.twinOf : node;
    return this.genesis.members[this.memberNodes.indexOf(holder as number)] as Member;
  }

  nodeOf(source: Uint8Array): number | undefined {
    const wanted = toHex(source);
    const seat = this.genesis.members.findIndex((member) => toHex(member.source) === wanted);
    return this.memberNodes[seat];
  }

  agreed(): readonly FinalizedByProof[] {
    return this.agreement.chain;
  }

  private isHonest(node: number): boolean {
    return !this.scenario.byzantine.includes(node) && node < this.scenario.weights.length;
  }

  signed({ index }: SimNode, bytes: Uint8Array): void {
    this.note('signed', index, toHex(bytes));
    if (this.isHonest(index)) for (const watcher of this.watchers) watcher.signed?.(index, bytes);
  }

  finalizing({ index }: SimNode, blocks: readonly FinalizedByProof[]): void {
    for (const { block } of blocks) this.note('finalized', index, toHex(block.id));
    if (!this.isHonest(index)) return;
    for (const watcher of this.watchers) watcher.finalizing?.(index, blocks);
    this.figures.finalizes(index, blocks);
  }

  started({ index }: SimNode): void {
    if (this.isHonest(index)) for (const watcher of this.watchers) watcher.started?.(index);
  }

  executed({ index }: SimNode, { id }: Block): void {
    if (this.isHonest(index)) this.figures.executes(id);
  }

  adopted({ index }: SimNode, tip: Header, undone: number): void {
    if (!this.isHonest(index)) return;
    this.figures.adopts(undone);
    for (const watcher of this.watchers) watcher.adopted?.(index, tip);
  }

  proven({ index }: SimNode, found: { readonly epoch: number; readonly bytes: Uint8Array }): void {
    if (this.isHonest(index)) for (const watcher of this.watchers) watcher.proven?.(index, found);
  }

  verifyClaims(claims: readonly SignatureClaim[]): boolean {
    return this.crypto.verifyClaims(claims);
  }

  verifyVrf(claims: readonly VrfClaim[]): boolean {
    return this.crypto.verifyVrf(claims);
  }

  reported({ index }: SimNode, report: ConsensusReport): void {
    if (this.isHonest(index)) for (const watcher of this.watchers) watcher.reported?.(index, report);
  }

  failed({ index }: SimNode, error: unknown): void {
    if (error instanceof DiskFull) return this.node(index).crash();
    // Thrown here it could end in the host's own error path: it is raised by the loop, after this event.
    if (this.isHonest(index) || error instanceof Violation) this.found ??= { error };
  }

  private note(kind: string, node: number, detail: string): void {
    this.trace.update(`${this.heap.nowMs} ${kind} ${node} ${detail}\n`);
  }
}
