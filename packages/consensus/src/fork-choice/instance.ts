/** The state machine that all forking modules share. Spec: docs/spec/fork-choice.md. */
import { type Block, blockIdOf, epochOfHeight, type Header, isBoundaryHeight } from '@radledger/chain';
import { equalBytes, toHex } from '@radledger/primitives';
import type { EpochContext } from '../epoch-context.js';
import { ConsensusError } from '../errors.js';
import type {
  ConsensusInstance,
  ConsensusReport,
  Effect,
  FinalizedByProof,
  FinalizedState,
  Input,
  InstanceStatus,
  ModuleContext,
  PeerId,
  SignRecord,
} from '../module.js';
import { Answering, tipOf } from './answering.js';
import { Branches, type Branching } from './branches.js';
import { Executing } from './executing.js';
import { FETCH_TIMER, Fetching } from './fetching.js';
import { DESCENDANTS_MAX, encodeFinalityProof, witnessOfProof } from './finality-proof.js';
import { type FinalityContext, newestFinal, newestJustifiedMs } from './finality-rule.js';
import { decodeMessage, encodeMessage, type Message } from './message.js';
import { Orphans } from './orphans.js';
import type { EpochRuleContext, ForkChoiceRules, Producer, ProducerPort, RuleContext } from './rules.js';
import { type Settings, settingsOf } from './settings.js';

/** Bounds of the tree: besides the chain itself, ends of other branches make room. */
const TREE_BLOCKS_MAX = 2_048;
const TREE_BYTES_MAX = 256 * 1024 * 1024;
/** Blocks of one branch. */
const BRANCH_BLOCKS_MAX = DESCENDANTS_MAX;
/** Blocks of one proposer and turn that are taken unasked: two show that it cheats. */
const TURN_BLOCKS_MAX = 2;
/** Blocks that can never be valid, by id: not asked for again. */
const REFUSED_MAX = 1_024;
export class ForkChoiceInstance implements ConsensusInstance {
  private readonly settings: Settings;
  private readonly producer: Producer;
  private readonly orphans = new Orphans();
  private readonly refused = new Set<string>();
  private readonly answering = new Answering((peer, message) => this.send(peer, message));
  private readonly executing: Executing;
  private readonly fetching: Fetching;
  private effects: Effect[] = [];
  /** Newest durable block and the epochs around it. */
  private state: FinalizedState | undefined;
  private tree: Branches | undefined;
  private adopted: string | undefined;
  private nowMs = 0;

  constructor(
    private readonly rules: ForkChoiceRules,
    private readonly context: ModuleContext,
  ) {
    this.settings = settingsOf(context.parameters, rules.settings);
    const emit = (effect: Effect): void => this.emit(effect);
    this.executing = new Executing({
      emit,
      refuse: ({ block, peer }, code) => block && this.refuse(block, code, peer),
      mismatched: ({ header, peer }) => this.report('WRONG_BODY', header, peer),
    });
    const fetchingPort = {
      emit,
      now: () => this.nowMs,
      finalHeight: () => this.tree?.root.header.height ?? 0,
      has: (id: Uint8Array) => this.isKnown(id),
    };
    this.fetching = new Fetching(fetchingPort, context.parameters.assumedDelayMs);
    this.producer = rules.createProducer(this.producerPort());
  }

  step(input: Input): readonly Effect[] {
    this.effects = [];
    this.nowMs = input.now;
    if (input.type === 'start') {
      this.enter(input.finalized);
      this.producer.start(input);
      this.producer.moved(input.now);
    } else if (this.tree !== undefined) this.handle(input, this.tree);
    return this.effects;
  }

  status(): InstanceStatus {
    const figures = this.producer.figures?.();
    return {
      epoch: this.state?.epoch.epoch ?? 0,
      view: this.producer.view(this.nowMs),
      finalizedHeight: this.state?.header.height ?? 0,
      voting: this.producer.voting(),
      ...(figures && { figures }),
    };
  }

  neededRecords(): readonly SignRecord[] {
    return this.producer.neededRecords();
  }

  private handle(input: Exclude<Input, { type: 'start' }>, tree: Branches): void {
    switch (input.type) {
      case 'message':
        return this.message(input.peer, decodeMessage(input.bytes, this.context.parameters.blockBytesMax), tree);
      case 'ahead': {
        // Whoever knows an epoch has made final the last block of the second before it.
        const height = (input.epoch - 1) * this.context.parameters.epochHeights;
        this.emit({ type: 'behind', peer: input.peer, height });
        return;
      }
      case 'verdict': {
        const node = tree.get(input.blockId);
        if (node?.state !== 'verifying') return;
        this.executing.judged(node, input.verdict, tree);
        return this.tipMayHaveMoved(tree);
      }
      case 'committed':
        if (input.next !== undefined) {
          this.state = input.next;
          this.producer.moved(input.now, input.next);
        }
        return;
      case 'synced':
        this.enter(input.finalized);
        this.producer.moved(input.now);
        return;
      case 'peer':
        this.send(input.peer, tipOf(tree));
        return;
      case 'gone':
        this.answering.gone(input.peer);
        return this.fetching.gone(input.peer);
      case 'timer':
        if (input.id === FETCH_TIMER) return this.fetching.again(this.orphans.missingParents());
        return this.producer.input(input);
      case 'stale':
        return;
      default:
        return this.producer.input(input);
    }
  }

  // ---- where the node stands ----

  private enter(finalized: FinalizedState): void {
    const { header, proof } = finalized;
    // Read by the host before this node went on itself.
    if (this.tree !== undefined && header.height < this.tree.root.header.height) return;
    this.state = finalized;
    const witness = header.height === 0 ? proof : witnessOfProof(proof);
    const sealed = { header, id: blockIdOf(header), witness };
    const { tree } = this;
    if (tree === undefined) this.tree = new Branches(sealed);
    else {
      const known = tree.get(sealed.id);
      if (known !== undefined) tree.reroot(known);
      else tree.restart(sealed);
      this.executing.begin(tree);
      this.orphans.dropUpTo(header.height);
      for (const orphan of this.orphans.takeChildren(sealed.id)) this.place(orphan.block, orphan, tree.root, tree);
    }
    const { tip } = this.tree ?? tree ?? {};
    if (tip !== undefined) this.emit({ type: 'adopt', blockId: tip.id });
  }

  private epochAt(height: number): EpochContext | undefined {
    const { state } = this;
    const number = epochOfHeight(height, this.context.parameters.epochHeights);
    return [state?.epoch, state?.nextEpoch, state?.previousEpoch].find((known) => known?.epoch === number);
  }

  private finalityContext(): FinalityContext {
    return { settings: this.settings, epochAt: (height) => this.epochAt(height) };
  }

  private ruleContext(): RuleContext {
    const { chainId, parameters } = this.context;
    return { chainId, parameters, settings: this.settings };
  }

  private epochRuleContext(height: number): EpochRuleContext | undefined {
    const epoch = this.epochAt(height);
    return epoch && { ...this.ruleContext(), epoch };
  }

  // ---- what peers say ----

  private message(peer: PeerId, message: Message, tree: Branches): void {
    switch (message.type) {
      case 'block':
        return this.received(peer, message.block, message.witness, tree);
      case 'fetch':
        return this.answering.answer(peer, message, tree, this.nowMs);
      case 'tip': {
        const { id, height, finalizedId, finalizedHeight } = message;
        const isBehind = finalizedHeight > tree.root.header.height && tree.get(finalizedId) === undefined;
        // What is final there is for the host to fetch; nobody may have it here to fork from.
        if (isBehind) this.emit({ type: 'behind', peer, height: finalizedHeight });
        else if (height > tree.root.header.height) this.fetching.tip(id, peer);
        return;
      }
    }
  }

  private received(peer: PeerId | undefined, block: Block, witness: Uint8Array, tree: Branches): void {
    const { header, id } = block;
    const { parameters } = this.context;
    const needed = this.fetching.arrived(id);
    if (this.isKnown(id) || header.height <= tree.root.header.height) return;
    if (header.timestampMs > this.nowMs + parameters.clockPrecisionMs) return this.report('TOO_EARLY', header, peer);
    if (header.height > tree.root.header.height + BRANCH_BLOCKS_MAX) return;
    const context = this.epochRuleContext(header.height);
    if (context === undefined || (this.equivocates(header, context, peer, tree) && !needed)) return;
    this.producer.saw({ header, id, witness }, context);
    const parent = tree.get(header.parentId);
    if (parent !== undefined) return this.place(block, { witness, peer }, parent, tree);
    this.orphans.add({ block, witness, peer });
    this.fetching.parent(header.parentId, peer);
  }

  private isKnown(id: Uint8Array): boolean {
    return this.tree?.get(id) !== undefined || this.orphans.has(id) || this.refused.has(toHex(id));
  }

  /** Whether there are as many blocks of this proposer and turn already as are taken unasked; reports the second. */
  private equivocates(header: Header, context: RuleContext, peer: PeerId | undefined, tree: Branches): boolean {
    const turn = this.rules.turnOf?.(header, context);
    if (turn === undefined) return false;
    const isSame = (other: Header): boolean =>
      equalBytes(other.proposer, header.proposer) && this.rules.turnOf?.(other, context) === turn;
    let others = 0;
    for (const other of tree.all()) if (other.block !== undefined && isSame(other.header)) others++;
    for (const { block } of this.orphans.all()) if (isSame(block.header)) others++;
    if (others > 0) this.report('EQUIVOCATION', header, peer, header.proposer);
    return others >= TURN_BLOCKS_MAX;
  }

  private place(
    block: Block,
    from: { readonly witness: Uint8Array; readonly peer: PeerId | undefined },
    parent: Branching,
    tree: Branches,
  ): void {
    const { header, id } = block;
    if (tree.get(id) !== undefined) return;
    try {
      if (header.height !== parent.header.height + 1) {
        throw new ConsensusError({ code: 'WRONG_BLOCK' }, 'expected the height after the parent');
      }
      this.rules.checkLink(parent.header, header, this.ruleContext());
    } catch (error) {
      if (!(error instanceof ConsensusError)) throw error;
      this.refuse(block, error.code, from.peer);
      return;
    }
    const node = this.grow(parent, block, from, tree);
    this.makeRoom(tree);
    this.executing.placed(node, tree);
    for (const child of this.orphans.takeChildren(id)) this.place(child.block, child, node, tree);
  }

  private grow(
    parent: Branching,
    block: Block,
    from: { readonly witness: Uint8Array; readonly peer: PeerId | undefined },
    tree: Branches,
  ): Branching {
    const { header } = block;
    const { finality } = this.rules;
    const chain = [...tree.path(parent).map((above) => above.header), header];
    const justifiedMs = newestJustifiedMs(chain, finality, this.finalityContext(), tree.justifiedMsOf(parent));
    return tree.add(parent, block, { ...from, weight: this.rules.weightOf(header), justifiedMs });
  }

  private makeRoom(tree: Branches): void {
    while (tree.size > TREE_BLOCKS_MAX || tree.bodyBytes > TREE_BYTES_MAX) {
      const end = tree.lightestEnd();
      if (end === undefined) return;
      tree.remove(end);
    }
  }

  // ---- the chain ----

  private tipMayHaveMoved(tree: Branches): void {
    if (tree.tip.key === this.adopted) return;
    this.adopted = tree.tip.key;
    this.emit({ type: 'adopt', blockId: tree.tip.id });
    this.finalize(tree);
    this.producer.moved(this.nowMs);
  }

  private refuse({ header, id }: Block, code: string, peer: PeerId | undefined): void {
    this.refused.add(toHex(id));
    const [oldest] = this.refused;
    if (this.refused.size > REFUSED_MAX && oldest !== undefined) this.refused.delete(oldest);
    this.report(code, header, peer);
  }

  private finalize(tree: Branches): void {
    const path = tree.path(tree.tip);
    const headers = path.map(({ header }) => header);
    const count = newestFinal(headers, this.rules.finality, this.finalityContext()) + 1;
    if (count === 0) return;
    let parent = tree.root.header;
    let blocks: FinalizedByProof[] = [];
    for (const [index, node] of path.slice(0, count).entries()) {
      if (node.block === undefined) return;
      blocks.push({ block: node.block, proof: encodeFinalityProof(parent, path.slice(index)) });
      parent = node.header;
      // One effect an epoch: the host tells of the next one when its first block may be written.
      if (index < count - 1 && !isBoundaryHeight(parent.height, this.context.parameters.epochHeights)) continue;
      this.emit({ type: 'finalize', blocks });
      blocks = [];
    }
    const newest = path[count - 1] as Branching;
    this.answering.keep(path.slice(0, count));
    tree.reroot(newest);
    this.executing.begin(tree);
    this.orphans.dropUpTo(newest.header.height);
  }

  // ---- the producer's port ----

  private producerPort(): ProducerPort {
    const tree = (): Branches => {
      if (this.tree !== undefined) return this.tree;
      throw new ConsensusError({ code: 'NOT_STARTED' }, 'expected `start` before anything is produced');
    };
    return {
      context: this.context,
      settings: this.settings,
      emit: (effect) => this.emit(effect),
      final: () => tree().root.header,
      tip: () => tree().tip,
      isOn: (id, to) => tree().isOn(id, to),
      justifiedMs: () => tree().justifiedMsOf(tree().tip),
      waiting: () => tree().path(tree().tip),
      epochAt: (height) => this.epochAt(height),
      publish: (block, witness) => {
        const parent = tree().get(block.header.parentId);
        if (parent === undefined || tree().get(block.id) !== undefined) return;
        const node = this.grow(parent, block, { witness, peer: undefined }, tree());
        this.broadcast({ type: 'block', block, witness });
        this.executing.valid(node, tree());
        this.tipMayHaveMoved(tree());
      },
      restore: (block, witness) => {
        this.received(undefined, block, witness, tree());
        this.broadcast({ type: 'block', block, witness });
      },
    };
  }

  private send(peer: PeerId, message: Message): void {
    this.emit({ type: 'send', peer, bytes: encodeMessage(message) });
  }

  private broadcast(message: Message): void {
    this.emit({ type: 'broadcast', bytes: encodeMessage(message) });
  }

  private report(code: string, header: Header, peer: PeerId | undefined, offender?: Uint8Array): void {
    const epoch = epochOfHeight(header.height, this.context.parameters.epochHeights);
    const report: ConsensusReport = { code, epoch, ...(peer && { peer }), ...(offender && { offender }) };
    this.emit({ type: 'report', report });
  }

  private emit(effect: Effect): void {
    this.effects.push(effect);
  }
}
