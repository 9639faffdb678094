/** Makes this node's blocks in its slots, one a slot and never two. Spec: docs/spec/fork-choice.md, section 6. */
import type { Block } from '@radledger/chain';
import { equalBytes } from '@radledger/primitives';
import type { EpochContext } from '../epoch-context.js';
import type { FinalizedState, Input, SignRecord, VotingReason, VotingStatus } from '../module.js';
import { holdsNodeKey, holdsVrfKey, ownMember } from '../own-keys.js';
import { vrfAlpha } from '../seed.js';
import { StartUpRule } from '../start-up-rule.js';
import { type FinalityRule, newestFinal, newestJustifiedMs } from './finality-rule.js';
import { decodeMessage, encodeMessage } from './message.js';
import type { EpochRuleContext, Producer, ProducerPort, SealedHeader } from './rules.js';
import { patientHeights } from './settings.js';
import {
  encodeSignature,
  encodeSlotSeal,
  sealOf,
  slotOf,
  type SlotRules,
  type SlotSeal,
  slotStatement,
} from './slots.js';

const SLOT_TIMER = 'slot';
const BLOCK_RECORD = 1;
/** Blocks that a record keeps besides its own: those of a round, for most nets. */
const BUILT_ON_MAX = 255;
const BUILT_ON_BYTES_MAX = 32 * 1024 * 1024;
const NO_PROOF = new Uint8Array(80);
/**
 * A branch that waits long for finality grows ever more slowly: after each so many heights only every second round of slots is
 * left. A silence of days fits in memory, and into the epochs that are known.
 */
const HALVING_HEIGHTS = 8;

interface Attempt {
  readonly buildId: number;
  readonly slot: number;
  readonly parent: SealedHeader;
  readonly epoch: EpochContext;
  readonly alpha: Uint8Array;
  block?: Block;
}

export class SlotProducer implements Producer {
  private readonly own: Uint8Array | undefined;
  private rule: StartUpRule | undefined;
  /** A peer shows a block of this node's key that the log does not have. */
  private logIsOld = false;
  /** Until then peers may show what this node's key has signed. */
  private listensUntilMs = 0;
  private attempt: Attempt | undefined;
  private records: SignRecord[] = [];
  private nowMs = 0;
  private builds = 0;

  constructor(
    private readonly rules: SlotRules,
    private readonly finality: FinalityRule,
    private readonly port: ProducerPort,
  ) {
    this.own = port.context.identity?.source;
  }

  start(input: Extract<Input, { type: 'start' }>): void {
    const { now, signLog, finalized } = input;
    const { clockPrecisionMs, assumedDelayMs } = this.port.context.parameters;
    this.rule = new StartUpRule({ startedAtMs: now, signLog, askPeers: false, clockPrecisionMs });
    this.rule.arrives(finalized.epoch.epoch, finalized.header.timestampMs);
    this.nowMs = now;
    this.records = signLog.state === 'present' ? [...signLog.records] : [];
    this.listensUntilMs = this.records.length === 0 && finalized.header.height === 0 ? 0 : now + 4 * assumedDelayMs;
    // What was signed and is not final comes again: after a power cut of all nodes nobody else has it.
    for (const record of this.records.filter((open) => this.isOpen(open))) {
      for (const message of record.support.slice(1)) this.restore(message, now);
      this.port.emit({ type: 'sign', record });
    }
    this.armSlot(now);
  }

  moved(now: number, began?: FinalizedState): void {
    this.nowMs = now;
    if (began !== undefined) this.rule?.begins(began.epoch.epoch, began.header.timestampMs);
    const newest = this.records.at(-1);
    this.records = this.records.filter((record) => record === newest || this.isOpen(record));
  }

  saw({ header, id }: SealedHeader, { chainId, epoch, parameters }: EpochRuleContext): void {
    if (this.own === undefined || !equalBytes(header.proposer, this.own)) return;
    const slot = slotOf(header.timestampMs, parameters);
    const bytes = slotStatement(this.rules, chainId, { epoch: epoch.epoch, slot, blockId: id });
    if (this.records.some((record) => equalBytes(record.bytes, bytes))) return;
    if (slot <= slotOf(this.port.final().timestampMs, parameters)) return;
    if (!this.logIsOld) {
      // As with a lost log: only an epoch that begins later is safe.
      this.logIsOld = true;
      const { clockPrecisionMs } = parameters;
      const signLog = { state: 'missing' } as const;
      this.rule = new StartUpRule({ startedAtMs: this.nowMs, signLog, askPeers: false, clockPrecisionMs });
      this.rule.arrives(epoch.epoch, header.timestampMs);
    }
    this.rule?.shown({ epoch: epoch.epoch, view: slot, bytes, timestampMs: header.timestampMs });
  }

  input(input: Input): void {
    this.nowMs = input.now;
    switch (input.type) {
      case 'timer':
        if (input.id !== SLOT_TIMER) return;
        this.armSlot(input.now);
        this.lead(slotOf(input.now, this.port.context.parameters));
        return;
      case 'proved':
        if (this.attempt !== undefined && equalBytes(this.attempt.alpha, input.alpha)) this.build(input.proof);
        return;
      case 'built':
        if (input.buildId === this.attempt?.buildId) this.built(this.attempt, input.block);
        return;
      case 'signed':
        this.signed(input.record, input.signature, input.now);
        return;
      default:
        return;
    }
  }

  view(now: number): number {
    return slotOf(now, this.port.context.parameters);
  }

  voting(): VotingStatus {
    const reason = this.refusal();
    return reason === undefined ? { allowed: true } : { allowed: false, reason };
  }

  neededRecords(): readonly SignRecord[] {
    return this.records;
  }

  private refusal(): VotingReason | undefined {
    const { identity } = this.port.context;
    if (this.rule === undefined) return 'NOT_STARTED';
    if (identity === undefined) return 'NO_IDENTITY';
    const member = ownMember(identity, this.port.epochAt(this.port.tip().header.height + 1));
    if (member === undefined) return 'NOT_IN_COMMITTEE';
    if (!holdsNodeKey(identity, member.nodeKey)) return 'KEY_DIFFERS';
    if (this.rules.draws && !holdsVrfKey(identity, member.vrfKey)) return 'KEY_DIFFERS';
    const { reason } = this.rule;
    if (reason !== undefined) return this.logIsOld ? 'SIGN_LOG_OLD' : reason;
    return this.nowMs < this.listensUntilMs ? 'ASKING_PEERS' : undefined;
  }

  private armSlot(now: number): void {
    const { parameters } = this.port.context;
    const atMs = (slotOf(now, parameters) + 1) * parameters.targetIntervalMs;
    this.port.emit({ type: 'set-timer', id: SLOT_TIMER, atMs });
  }

  private lead(slot: number): void {
    const { chainId, parameters } = this.port.context;
    const parent = this.port.tip();
    const height = parent.header.height + 1;
    const epoch = this.port.epochAt(height);
    if (epoch === undefined || this.own === undefined || this.refusal() !== undefined) return;
    if (slot <= slotOf(parent.header.timestampMs, parameters)) return;
    if (!equalBytes(this.rules.leaderOf(chainId, epoch, slot).source, this.own)) return;
    const newest = this.records.at(-1)?.view ?? 0;
    if (slot <= newest) return;
    if (this.isBound() || !this.mayGrow(parent, slot, epoch)) return;
    const alpha = vrfAlpha({ chainId, seed: epoch.seed, epoch: epoch.epoch, height });
    this.attempt = { buildId: ++this.builds, slot, parent, epoch, alpha };
    if (this.rules.draws) this.port.emit({ type: 'prove', alpha, epoch: epoch.epoch });
    else this.build(undefined);
  }

  /** Whether an earlier block of this node stood on a later justification than the chain has: that branch is being fetched. */
  private isBound(): boolean {
    const justified = this.records.filter((record) => this.isOpen(record)).map((record) => this.blockOf(record));
    return justified.some((block) => block && sealOf(block.header, this.rules).justified > this.port.justifiedMs());
  }

  /** A branch that waits long for finality grows slowly, but for a block that brings it nearer. */
  private mayGrow(parent: SealedHeader, slot: number, { leaders }: EpochContext): boolean {
    const waiting = parent.header.height + 1 - this.port.final().height;
    const patient = patientHeights(this.port.context.parameters);
    if (waiting <= patient || this.makesFinal(parent, slot)) return true;
    const halvings = Math.min(32, Math.ceil((waiting - patient) / HALVING_HEIGHTS));
    // Whole rounds are left out, so that those that remain belong to all leaders.
    return Math.floor(slot / leaders.length) % 2 ** halvings === 0;
  }

  /** Whether a block in this slot would make something final, or justify more than is. */
  private makesFinal(parent: SealedHeader, slot: number): boolean {
    const { port } = this;
    const vrfProof = this.rules.draws ? NO_PROOF : undefined;
    const sealBytes = encodeSlotSeal({ ...this.positionAfter(parent), vrfProof });
    const timestampMs = slot * port.context.parameters.targetIntervalMs;
    const { sealKind } = this.rules;
    const proposer = this.own ?? parent.header.proposer;
    const header = { ...parent.header, height: parent.header.height + 1, timestampMs, proposer, sealKind, sealBytes };
    const chain = [...port.waiting().map((above) => above.header), header];
    const justifiedMs = port.justifiedMs();
    return (
      newestFinal(chain, this.finality, port) >= 0 ||
      newestJustifiedMs(chain, this.finality, port, justifiedMs) > justifiedMs
    );
  }

  private positionAfter(parent: SealedHeader): Omit<SlotSeal, 'vrfProof'> {
    const parentSlot = slotOf(parent.header.timestampMs, this.port.context.parameters);
    const justified = this.rules.rounds === 2 ? this.port.justifiedMs() : 0;
    return { parentSlot, exceptUpTo: this.exceptUpTo(parent), justified };
  }

  private build(vrfProof: Uint8Array | undefined): void {
    const { attempt, own } = this;
    if (attempt === undefined || own === undefined || attempt.block !== undefined) return;
    const { parameters } = this.port.context;
    const { parent, slot } = attempt;
    const bytes = encodeSlotSeal({ ...this.positionAfter(parent), vrfProof });
    const { sealKind } = this.rules;
    const request = {
      buildId: attempt.buildId,
      parent: parent.header,
      timestampMs: slot * parameters.targetIntervalMs,
      proposer: own,
      seal: { kind: sealKind, bytes },
      justification: new Uint8Array(),
    };
    this.port.emit({ type: 'build', request });
  }

  /** Timestamp of the newest block of this node that the parent does not stand on and that could still become final. */
  private exceptUpTo({ id }: SealedHeader): number {
    const { targetIntervalMs } = this.port.context.parameters;
    let newest = 0;
    for (const record of this.records) {
      const block = this.isOpen(record) ? this.blockOf(record) : undefined;
      if (block !== undefined && !this.port.isOn(block.id, id)) newest = Math.max(newest, record.view);
    }
    return newest * targetIntervalMs;
  }

  private built(attempt: Attempt, block: Block | undefined): void {
    if (block === undefined) return;
    attempt.block = block;
    const { slot, epoch } = attempt;
    const bytes = slotStatement(this.rules, this.port.context.chainId, { epoch: epoch.epoch, slot, blockId: block.id });
    const support = [encodeMessage({ type: 'block', block, witness: new Uint8Array() }), ...this.builtOn()];
    const record = { kind: BLOCK_RECORD, epoch: epoch.epoch, view: slot, bytes, support };
    this.records.push(record);
    this.port.emit({ type: 'sign', record });
  }

  /**
   * The chain since this node's last block in it, as far as it fits. Who may not leave a justified block must have it after a
   * restart, whoever else is gone for good.
   */
  private builtOn(): readonly Uint8Array[] {
    if (this.rules.rounds === 1) return [];
    const messages: Uint8Array[] = [];
    let bytes = 0;
    for (const { block, witness } of [...this.port.waiting()].reverse()) {
      if (block === undefined || equalBytes(block.header.proposer, this.own ?? new Uint8Array())) break;
      bytes += block.header.bodyBytes;
      if (messages.length >= BUILT_ON_MAX || bytes > BUILT_ON_BYTES_MAX) break;
      messages.push(encodeMessage({ type: 'block', block, witness }));
    }
    return messages.reverse();
  }

  private signed(record: SignRecord, signature: Uint8Array, now: number): void {
    const witness = encodeSignature(signature);
    const { attempt } = this;
    if (attempt?.block !== undefined && attempt.slot === record.view) {
      this.attempt = undefined;
      this.port.publish(attempt.block, witness, now);
      return;
    }
    const block = this.blockOf(record);
    if (block !== undefined) this.port.restore(block, witness, now);
  }

  private restore(message: Uint8Array, now: number): void {
    const kept = decodeMessage(message, this.port.context.parameters.blockBytesMax);
    if (kept.type === 'block') this.port.restore(kept.block, kept.witness, now);
  }

  /** Whether a block of the log may still become final. */
  private isOpen({ view }: SignRecord): boolean {
    return view > slotOf(this.port.final().timestampMs, this.port.context.parameters);
  }

  private blockOf({ support: [message] }: SignRecord): Block | undefined {
    const decoded = message && decodeMessage(message, this.port.context.parameters.blockBytesMax);
    return decoded?.type === 'block' ? decoded.block : undefined;
  }
}
