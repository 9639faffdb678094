/** One run: a seed decides nodes, weights, delays, faults and liars; invariants are checked after every event. */
import { createHash, type Hash } from 'node:crypto';
import type { ConsensusModule, FinalizedByProof, Member, PeerId } from '@radledger/consensus';
import { equalBytes, hash, toHex } from '@radledger/primitives';
import { EventHeap } from './event-heap.js';
import { Prng } from './prng.js';
import { drawScenario, membersOf, type Scenario, type ScenarioShape } from './scenario.js';
import type { SimGenesis } from './sim-chain.js';
import { SimCrypto } from './sim-crypto.js';
import { SimNetwork } from './sim-network.js';
import { type NodeSurroundings, SimNode } from './sim-node.js';
import { Violation } from './violation.js';

/** Progress after the faults have ended: this many blocks within this time. */
const LIVENESS_HEIGHTS = 3;
const LIVENESS_MS_MAX = 120_000;
const EVENTS_MAX = 400_000;

/** What a liar does with what its honest half would send. One behaviour a file. */
export interface Behaviour {
  readonly name: string;
  /** Something of this node would go out to these nodes. @returns true when the behaviour has dealt with it */
  outgoing?(puppet: Puppet, to: readonly number[], bytes: Uint8Array): boolean;
  /** Something came in. */
  incoming?(puppet: Puppet, bytes: Uint8Array): void;
}

/** A liar's hands: its key, its links, its dice. */
export interface Puppet {
  readonly node: SimNode;
  readonly prng: Prng;
  readonly peers: readonly number[];
  readonly genesis: SimGenesis;
  /** Sends as this node, unchecked. */
  say(to: number, bytes: Uint8Array): void;
  /** Signs anything with this node's key. */
  sign(bytes: Uint8Array): Uint8Array;
}

/** Checks of one module's own messages. */
export interface Watcher {
  /** An honest node sends. */
  sent(bytes: Uint8Array): void;
  /** An honest node signs: called when the signature may leave. */
  signed(node: number, bytes: Uint8Array): void;
  finalizing(blocks: readonly FinalizedByProof[]): void;
}

export interface SimulationOptions {
  readonly seed: number;
  readonly module: ConsensusModule;
  readonly shape: ScenarioShape;
  readonly behaviours: readonly Behaviour[];
  readonly createWatcher: (genesis: SimGenesis, honest: readonly Member[]) => Watcher;
  /** False takes the sign-log's durability away (mutant of R7). */
  readonly syncsDisk?: boolean;
  /** The same run on this scenario instead of a drawn one. */
  readonly scenario?: Scenario;
}

export interface SimulationResult {
  readonly seed: number;
  readonly violation: { readonly invariant: string; readonly message: string } | undefined;
  /** Hash over every event of the run: equal for equal seeds, on every machine. */
  readonly traceHash: string;
  /** Height that the honest nodes reached. */
  readonly finalized: number;
  readonly faults: number;
  readonly events: number;
  /** Virtual time from the end of the faults until every honest node had made progress. */
  readonly recoveredMs: number;
}

export function simulate(options: SimulationOptions): SimulationResult {
  const run = new Run(options);
  let violation: SimulationResult['violation'];
  try {
    run.play();
  } catch (error) {
    if (!(error instanceof Violation)) {
      violation = {
        invariant: 'no-crash',
        message: error instanceof Error ? (error.stack ?? error.message) : String(error),
      };
    } else violation = { invariant: error.invariant, message: error.message };
  }
  return { ...run.result(), violation };
}

class Run implements NodeSurroundings {
  private readonly heap = new EventHeap();
  private readonly crypto = new SimCrypto();
  private readonly scenario: Scenario;
  private readonly network: SimNetwork;
  private readonly nodes: SimNode[] = [];
  private readonly puppets = new Map<number, { readonly puppet: Puppet; readonly behaviours: readonly Behaviour[] }>();
  private readonly peerIds: PeerId[];
  private readonly trace: Hash = createHash('sha256');
  private readonly watcher: Watcher;
  private readonly agreed: Uint8Array[] = [];
  private events = 0;
  private faultCount = 0;
  private recoveredMs = 0;
  private found: { readonly error: unknown } | undefined;

  constructor(private readonly options: SimulationOptions) {
    const prng = new Prng(options.seed);
    this.scenario = options.scenario ?? drawScenario(prng.fork(), options.shape);
    const { scenario } = this;
    const { members, nodes } = membersOf(scenario, this.crypto);
    const genesis: SimGenesis = { chainId: hash('sim/chain', options.seed), parameters: scenario.parameters, members };
    const memberOf = (node: number): Member => members[nodes.indexOf(node)] as Member;
    this.peerIds = scenario.weights.map((_, node) => toHex(memberOf(node).nodeKey));
    this.network = new SimNetwork(this.heap, prng.fork(), scenario.links, (from, to, bytes) =>
      this.deliver(from, to, bytes),
    );
    const honest = scenario.weights.map((_, node) => node).filter((node) => !scenario.byzantine.includes(node));
    this.watcher = options.createWatcher(genesis, honest.map(memberOf));
    const chosen = options.behaviours.filter(({ name }) => scenario.behaviours.includes(name));
    for (let index = 0; index < scenario.nodeCount; index++) {
      const liar = scenario.byzantine.includes(index);
      const node = new SimNode({
        index,
        member: memberOf(index),
        module: options.module,
        genesis,
        crypto: this.crypto,
        heap: this.heap,
        prng: prng.fork(),
        skewMs: scenario.skewMs[index] ?? 0,
        syncsDisk: options.syncsDisk ?? true,
        surroundings: this,
      });
      this.nodes.push(node);
      if (!liar) continue;
      const puppet: Puppet = {
        node,
        prng: prng.fork(),
        peers: this.others(index),
        genesis,
        say: (to, bytes) => this.transmit(index, to, bytes),
        sign: (bytes) => this.crypto.sign(memberOf(index).nodeKey, bytes),
      };
      this.puppets.set(index, { puppet, behaviours: chosen });
    }
  }

  play(): void {
    const { scenario, heap } = this;
    for (const node of this.nodes) heap.at(0, () => node.start());
    for (const fault of scenario.faults) heap.at(fault.atMs, () => this.strike(fault));
    for (const atMs of scenario.submitMs) heap.at(atMs, () => this.nodes[atMs % scenario.nodeCount]?.submit());
    while (this.advance(scenario.healMs));
    if (scenario.safetyOnly) return;
    this.heal();
    const honest = this.honest();
    const target = Math.max(...honest.map(({ chain }) => chain.height)) + LIVENESS_HEIGHTS;
    const deadlineMs = heap.nowMs + LIVENESS_MS_MAX;
    // A node that only follows is no voter: each must have the chain, and be allowed to vote on it again.
    while (honest.some(({ chain, host }) => chain.height < target || host?.status().voting.allowed !== true)) {
      if (!this.advance(deadlineMs)) {
        const heights = honest.map(
          ({ chain, host }) =>
            `${chain.height} (view ${host?.status().view}, ${JSON.stringify(host?.status().voting)})`,
        );
        throw new Violation(
          'liveness',
          `height ${target} not reached ${LIVENESS_MS_MAX} ms after the faults: ${heights.join(', ')}`,
        );
      }
    }
    this.recoveredMs = heap.nowMs - scenario.healMs;
  }

  result(): Omit<SimulationResult, 'violation'> {
    return {
      seed: this.options.seed,
      traceHash: this.trace.digest('hex'),
      finalized: this.agreed.length,
      faults: this.faultCount,
      events: this.events,
      recoveredMs: this.recoveredMs,
    };
  }

  private advance(untilMs: number): boolean {
    if (++this.events > EVENTS_MAX) throw new Violation('bounded-work', `more than ${EVENTS_MAX} events`);
    const more = this.heap.step(untilMs);
    if (this.found !== undefined) throw this.found.error;
    return more;
  }

  private honest(): readonly SimNode[] {
    return this.nodes.filter(({ index }) => !this.scenario.byzantine.includes(index));
  }

  private strike(fault: Scenario['faults'][number]): void {
    this.faultCount++;
    this.note('fault', -1, fault.kind);
    switch (fault.kind) {
      case 'partition':
        this.network.partition(fault.sides, fault.oneWay);
        this.heap.at(this.heap.nowMs + fault.forMs, () => this.network.heal());
        return;
      case 'blackout':
        for (const node of this.nodes) this.crashFor(node, fault.downMs);
        return;
      case 'crash': {
        const node = this.nodes[fault.node] as SimNode;
        node.crashAfter(fault.portCalls);
        this.heap.at(this.heap.nowMs + fault.downMs, () => {
          node.crash();
          node.start();
        });
        return;
      }
    }
  }

  private crashFor(node: SimNode, downMs: number): void {
    node.crash();
    this.heap.at(this.heap.nowMs + downMs, () => {
      if (!node.isUp) node.start();
    });
  }

  private heal(): void {
    this.network.heal();
    this.network.faults = {
      ...this.scenario.links,
      lossPercent: 0,
      slowPercent: 0,
      delayMsMax: Math.max(5, this.scenario.parameters.assumedDelayMs >> 1),
    };
    for (const node of this.nodes) {
      node.crashAfter(undefined);
      if (!node.isUp) node.start();
    }
  }

  // ---- links ----

  send(from: number, to: number, bytes: Uint8Array): void {
    const liar = this.puppets.get(from);
    if (liar?.behaviours.some((behaviour) => behaviour.outgoing?.(liar.puppet, [to], bytes) ?? false)) return;
    this.transmit(from, to, bytes);
  }

  private transmit(from: number, to: number, bytes: Uint8Array): void {
    if (!this.puppets.has(from)) this.watcher.sent(bytes);
    this.network.send(from, to, bytes);
  }

  private deliver(from: number, to: number, bytes: Uint8Array): void {
    const node = this.nodes[to] as SimNode;
    if (!node.isUp) return;
    this.note('message', to, `${from}/${bytes.length}`);
    const liar = this.puppets.get(to);
    if (liar !== undefined) for (const behaviour of liar.behaviours) behaviour.incoming?.(liar.puppet, bytes);
    node.host?.message(this.peerId(from), bytes);
  }

  others(of: number): readonly number[] {
    return this.scenario.weights.map((_, index) => index).filter((index) => index !== of);
  }

  isUp(from: number, to: number): boolean {
    return this.network.isUp(from, to) && this.node(from).isUp && this.node(to).isUp;
  }

  peerId(index: number): PeerId {
    return this.peerIds[index] as PeerId;
  }

  indexOf(peer: PeerId): number {
    return this.peerIds.indexOf(peer);
  }

  node(index: number): SimNode {
    return this.nodes[index] as SimNode;
  }

  // ---- eyes ----

  signed(node: SimNode, bytes: Uint8Array): void {
    this.note('signed', node.index, toHex(bytes));
    if (!this.scenario.byzantine.includes(node.index)) this.watcher.signed(node.index, bytes);
  }

  finalizing(node: SimNode, blocks: readonly FinalizedByProof[]): void {
    for (const { block } of blocks) {
      this.note('finalized', node.index, toHex(block.id));
      if (this.scenario.byzantine.includes(node.index)) continue;
      const { height } = block.header;
      const agreed = this.agreed[height - 1];
      if (agreed === undefined) this.agreed[height - 1] = block.id;
      else if (!equalBytes(agreed, block.id)) throw new Violation('I1', `two blocks are final at height ${height}`);
    }
    if (!this.scenario.byzantine.includes(node.index)) this.watcher.finalizing(blocks);
  }

  reported(): void {}

  failed(node: SimNode, error: unknown): void {
    // Thrown here it could end in the host's own error path: it is raised by the loop, after this event.
    if (!this.scenario.byzantine.includes(node.index) || error instanceof Violation) this.found ??= { error };
  }

  private note(kind: string, node: number, detail: string): void {
    this.trace.update(`${this.heap.nowMs} ${kind} ${node} ${detail}\n`);
  }
}
