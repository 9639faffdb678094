/**
 * The voter: rules R1 to R7 as one state machine. It never reads a clock and never waits: inputs come in, effects go out.
 * Spec: docs/spec/simplex.md.
 */
import { type Block, blockIdOf, epochOfHeight, type Header, isBoundaryHeight } from '@radledger/chain';
import {
  ConsensusError,
  type ConsensusInstance,
  type Effect,
  type EpochContext,
  type FinalizedByProof,
  type FinalizedState,
  type Input,
  type InstanceStatus,
  leaderOf,
  type Member,
  type ModuleContext,
  type PeerId,
  type SignLogState,
  type SignRecord,
  StartUpRule,
  type VotingReason,
  vrfAlpha,
} from '@radledger/consensus';
import { equalBytes, toHex } from '@radledger/primitives';
import { BlockTree, type TreeBlock } from './block-tree.js';
import { checkReceivedBody } from './body-check.js';
import { assembleCertificate, type Certificate, statementOf } from './certificate.js';
import { Fetching } from './fetching.js';
import { certificateOfProof, encodeFinalityProof } from './finality-proof.js';
import {
  certificatesOf,
  decodeJustification,
  encodeJustification,
  type Justification,
  type Tail,
} from './justification.js';
import {
  decodeMessage,
  encodeBlockMessage,
  encodeMessage,
  FETCH_VIEWS_MAX,
  type Message,
  type MessageOf,
  type SignedVote,
} from './message.js';
import { NewestVotes } from './newest-votes.js';
import { chooseParent, type ParentChoice, type Root } from './parent-choice.js';
import { checkProposal } from './proposal-check.js';
import { RequestQuota } from './request-quota.js';
import type { SimplexRules } from './rules.js';
import { decodeSeal, encodeSeal, justificationRootOf, SEAL_KIND } from './seal.js';
import { collectTail } from './tail.js';
import { earliestTimestampMs, isTimely, timeoutsOf } from './timing.js';
import { type CertifiedKind, ViewState } from './view-state.js';
import { NullifyReason, signedBytes, type Vote, VoteKind, voteOfSignedBytes } from './vote.js';

/** Votes for views this far ahead are held; certificates need no window, they move the view. */
const VIEWS_AHEAD_MAX = 16;
/** Single votes of views this far behind are forgotten; their certificates stay until a block is final. */
const VOTES_BEHIND_MAX = 32;
const ANSWERS_PER_WINDOW = 64;
const ANSWER_WINDOW_MS = 1000;
/** Blocks of the largest size that a peer may fetch in a window; of smaller ones, more. */
const BLOCKS_PER_WINDOW = 4;
/** Views ahead for which a leader asks for its random proof early. */
const PROOFS_AHEAD = 3;

interface Building {
  readonly buildId: number;
  readonly view: number;
}

export class SimplexInstance implements ConsensusInstance {
  private effects: Effect[] = [];
  private now = 0;
  private epoch!: EpochContext;
  private previousEpoch: EpochContext | undefined;
  private root!: Root;
  private startUp: StartUpRule | undefined;
  private safeMode = false;

  private view = 1;
  private entry: Certificate | undefined;
  private enteredAtMs = 0;
  private baseMs = 0;
  private highestCertifiedMs = 0;
  private nullifiedInARow = 0;
  private readonly views = new Map<number, ViewState>();
  private readonly tree = new BlockTree();
  private readonly fetching = new Fetching({
    send: (peer, message) => this.send(peer, message),
    broadcast: (message) => this.broadcast(message),
    setTimer: () => void this.effects.push({ type: 'set-timer', id: 'fetch', atMs: this.now + this.retryMs() }),
  });
  /** The boundary block is final, its write to disk under way: nothing to vote on until the next epoch is known. */
  private awaitingEpoch = false;
  private tail: Tail | undefined;
  private bestFinalization: Certificate | undefined;
  private boundaryCertificate: Certificate | undefined;

  private records: SignRecord[] = [];
  private readonly commits: { readonly height: number; readonly epoch: number; readonly view: number }[] = [];
  private readonly newestVotes = new NewestVotes();
  private readonly quota: RequestQuota;

  private transactionsWait = false;
  private buildCount = 0;
  private building: Building | undefined;
  private readonly proposing = new Map<number, { readonly block: Block; readonly again: Uint8Array | undefined }>();
  private readonly proofs = new Map<number, Uint8Array | 'asked'>();
  private adopted: string | undefined;

  constructor(
    private readonly context: ModuleContext,
    private readonly rules: SimplexRules,
  ) {
    const bytesMax = BLOCKS_PER_WINDOW * context.parameters.blockBytesMax;
    this.quota = new RequestQuota(ANSWER_WINDOW_MS, ANSWERS_PER_WINDOW, bytesMax);
  }

  step(input: Input): readonly Effect[] {
    this.effects = [];
    this.now = input.now;
    if (this.startUp !== undefined || input.type === 'start') this.handle(input);
    return this.effects;
  }

  status(): InstanceStatus {
    if (this.startUp === undefined) {
      return { epoch: 0, view: 0, finalizedHeight: 0, voting: { allowed: false, reason: 'NOT_STARTED' } };
    }
    const reason = this.votingReason();
    return {
      epoch: this.epoch.epoch,
      view: this.view,
      finalizedHeight: this.root.header.height,
      voting: reason === undefined ? { allowed: true } : { allowed: false, reason },
    };
  }

  neededRecords(): readonly SignRecord[] {
    return this.records;
  }

  private handle(input: Input): void {
    switch (input.type) {
      case 'start':
        return this.start(input.finalized, input.signLog);
      case 'message':
        return this.onMessage(input.peer, input.bytes);
      case 'stale':
        return this.onStale(input.peer);
      case 'ahead':
        if (!this.awaitingEpoch && this.quota.take(input.peer, this.now)) this.send(input.peer, this.statusMessage());
        return;
      case 'timer':
        return this.onTimer(input.id);
      case 'built':
        return this.onBuilt(input.buildId, input.block);
      case 'verdict':
        return this.onVerdict(input);
      case 'signed':
        return this.onSigned(input.record, input.signature);
      case 'proved':
        return this.onProved(input.alpha, input.proof);
      case 'committed':
        return this.onCommitted(input.height, input.next);
      case 'synced':
        return this.onSynced(input.finalized);
      case 'pending':
        this.transactionsWait = input.waiting;
        return this.tryPropose();
      case 'peer':
        this.send(input.peer, this.statusMessage());
        if (this.startUp?.asks) this.askNewestVotes((message) => this.send(input.peer, message));
        return;
      case 'gone':
        return this.quota.gone(input.peer);
    }
  }

  // ---- start, epochs, sync ----

  private start(finalized: FinalizedState, signLog: SignLogState): void {
    this.startUp = new StartUpRule({
      startedAtMs: this.now,
      signLog,
      askPeers: this.rules.askPeersBeforeVoting,
      clockPrecisionMs: this.context.parameters.clockPrecisionMs,
    });
    this.startUp.arrives(finalized.epoch.epoch, finalized.header.timestampMs);
    this.records = signLog.state === 'present' ? distinct(signLog.records) : [];
    this.enterState(finalized);
    this.restore();
    this.answerSelf();
    this.askAllForNewestVotes();
    this.broadcast(this.statusMessage());
    this.resume();
  }

  /** Own votes of the open epoch bind this node again before it looks at anything. */
  private restore(): void {
    const open = this.records.filter(({ epoch, view }) => epoch === this.epoch.epoch && view > this.root.view);
    for (const record of open) {
      const vote = voteOfSignedBytes(record.bytes);
      Object.assign(this.viewState(record.view).own, { [vote.kind]: vote });
    }
    for (const { support } of open) for (const bytes of support) this.onMessage(undefined, bytes);
    // Sent again with the same bytes: peers may have missed them, and a certificate may hang on them.
    for (const record of open) if (record.kind !== VoteKind.proposal) this.effects.push({ type: 'sign', record });
  }

  private enterState({ header, proof, epoch, previousEpoch }: FinalizedState): void {
    const id = blockIdOf(header);
    const shown = proof.length === 0 ? undefined : certificateOfProof(proof);
    const opensEpoch = header.height === 0 || isBoundaryHeight(header.height, this.context.parameters.epochHeights);
    const certificate = shown?.direct ? shown.certificate : undefined;
    const view = opensEpoch ? 0 : certificate === undefined ? decodeSeal(header).view : statementOf(certificate).view;
    if ((this.epoch as EpochContext | undefined)?.epoch !== epoch.epoch) this.beginEpoch(epoch, previousEpoch);
    this.root = { header, id, view, certificate };
    if (opensEpoch) this.boundaryCertificate = shown?.certificate;
    this.awaitingEpoch = false;
    this.building = undefined;
    this.highestCertifiedMs = header.timestampMs;
    // The host may have dropped effects of blocks on other forks: whatever is left is executed again.
    for (const held of this.tree.all()) if (held.state !== 'held') held.state = 'waiting';
    this.forgetBelowRoot([]);
    if (this.view <= view) this.enterView(view + 1, opensEpoch ? undefined : certificate);
    if (shown !== undefined && !shown.direct && !opensEpoch) this.onCertificate(shown.certificate, undefined);
  }

  /** Nothing of an epoch counts in another, but for the newest votes of the one before. */
  private beginEpoch(epoch: EpochContext, previousEpoch: EpochContext | undefined): void {
    const last = this.epoch as EpochContext | undefined;
    // As the host looks it up: what it could not verify must not be believed here.
    this.previousEpoch = previousEpoch ?? (last?.epoch === epoch.epoch - 1 ? last : undefined);
    this.epoch = epoch;
    this.view = 0;
    this.nullifiedInARow = 0;
    this.bestFinalization = undefined;
    this.views.clear();
    this.proofs.clear();
    this.tree.clear();
    this.proposing.clear();
    this.newestVotes.forgetBefore(epoch.epoch - 1);
  }

  private onCommitted(height: number, next: FinalizedState | undefined): void {
    while (this.commits[0] !== undefined && this.commits[0].height <= height) {
      const { epoch, view } = this.commits.shift() as { epoch: number; view: number };
      const last = this.records.at(-1);
      this.records = this.records.filter(
        (record) => record === last || record.epoch > epoch || (record.epoch === epoch && record.view > view),
      );
    }
    if (next === undefined || next.header.height !== this.root.header.height) return;
    this.enterState(next);
    this.startUp?.begins(next.epoch.epoch, next.header.timestampMs);
    this.askAllForNewestVotes();
    this.resume();
  }

  private onSynced(finalized: FinalizedState): void {
    if (finalized.header.height <= this.root.header.height) return;
    this.tail = undefined;
    this.enterState(finalized);
    this.startUp?.arrives(finalized.epoch.epoch, finalized.header.timestampMs);
    this.askAllForNewestVotes();
    this.releaseCertified();
    this.verifyWaiting();
    this.tryFinalize();
    this.resume();
  }

  /** Whatever has become possible: after a start, a new epoch, a permission to vote. */
  private resume(): void {
    for (const view of [...this.views.keys()].sort((a, b) => a - b)) {
      const state = this.views.get(view);
      const notarization = state?.certificates.get('notarize');
      if (state !== undefined && notarization !== undefined) this.finalizeVote(view, state, notarization);
      this.tryNotarize(view);
    }
    this.tryPropose();
  }

  // ---- who may vote ----

  private votingReason(): VotingReason | undefined {
    const { identity } = this.context;
    if (identity === undefined) return 'NO_IDENTITY';
    if (this.safeMode) return 'SAFE_MODE';
    const seat = this.mySeat();
    if (seat === undefined) return 'NOT_IN_COMMITTEE';
    if (!equalBytes(seat.member.nodeKey, identity.nodeKey)) return 'KEY_DIFFERS';
    return this.startUp?.reason;
  }

  private mayVote(): boolean {
    return !this.awaitingEpoch && this.votingReason() === undefined;
  }

  /** Every member with weight leads in its turn, voters or not; what binds a voter at its start binds a leader too. */
  private mayLead(): boolean {
    const { identity } = this.context;
    if (identity === undefined || this.awaitingEpoch || this.safeMode || this.startUp?.reason !== undefined)
      return false;
    const entry = this.epoch.leaders.find(({ source }) => equalBytes(source, identity.source));
    return entry !== undefined && equalBytes(entry.nodeKey, identity.nodeKey);
  }

  private mySeat(): { readonly seat: number; readonly member: Member } | undefined {
    const source = this.context.identity?.source;
    if (source === undefined) return undefined;
    const seat = this.epoch.committee.findIndex((member) => equalBytes(member.source, source));
    return seat < 0 ? undefined : { seat, member: this.epoch.committee[seat] as Member };
  }

  private leader(view: number): Member {
    return leaderOf(this.context.chainId, this.epoch, view);
  }

  private leads(view: number): boolean {
    const source = this.context.identity?.source;
    return source !== undefined && equalBytes(this.leader(view).source, source);
  }

  private askNewestVotes(send: (message: Message) => void): void {
    const source = this.context.identity?.source;
    if (source !== undefined) send({ type: 'ask-newest-vote', source });
  }

  private askAllForNewestVotes(): void {
    if (!this.startUp?.asks) return;
    this.askNewestVotes((message) => this.broadcast(message));
    this.fetching.arm();
  }

  /** A node whose own weight is a quorum has nobody to ask. */
  private answerSelf(): void {
    const source = this.context.identity?.source;
    if (source !== undefined) this.startUp?.answered(source, 0n, this.ownWeight(), this.epoch.totalWeight);
  }

  private ownWeight(): bigint {
    return this.mySeat()?.member.weight ?? 0n;
  }

  private onNewestVote(peer: PeerId | undefined, { newest, source }: MessageOf<'newest-vote'>): void {
    const { startUp } = this;
    const own = this.context.identity?.source;
    if (startUp === undefined || !startUp.asks || own === undefined || !equalBytes(source, own)) return;
    if (newest !== undefined) {
      const { epoch, signed } = newest;
      if (epoch > this.epoch.epoch) return;
      // The newest vote that the peer holds is of an epoch long gone: not verified, and as good as none.
      const signedIn = epoch === this.epoch.epoch ? this.epoch : this.previousEpoch;
      if (signedIn?.epoch === epoch) {
        const { vote } = signed;
        const bytes = signedBytes(this.context.chainId, signedIn, vote);
        const timestampMs = vote.kind === 'notarize' ? vote.timestampMs : 0;
        startUp.shown({ epoch, view: vote.view, bytes, timestampMs });
      }
    }
    const answerer = this.epoch.committee.find(({ nodeKey }) => toHex(nodeKey) === peer);
    if (answerer === undefined || equalBytes(answerer.source, own)) return;
    startUp.answered(answerer.source, answerer.weight, this.ownWeight(), this.epoch.totalWeight);
    if (startUp.reason === undefined) this.resume();
  }

  // ---- messages ----

  private onMessage(peer: PeerId | undefined, bytes: Uint8Array): void {
    const message = decodeMessage(bytes, this.context.parameters.blockBytesMax);
    switch (message.type) {
      case 'proposal':
        return this.onProposal(message, bytes, peer);
      case 'vote':
        if (message.epoch === this.epoch.epoch) this.onVote(message.signed, peer);
        return;
      case 'certificate':
        return this.onCertificate(message.certificate, peer);
      case 'block':
        return this.onBlock(message.block, peer);
      case 'newest-vote':
        return this.onNewestVote(peer, message);
      default:
        if (peer !== undefined && this.quota.take(peer, this.now)) this.answer(peer, message);
    }
  }

  private answer(
    peer: PeerId,
    message: MessageOf<'fetch-blocks' | 'fetch-certificates' | 'status' | 'ask-newest-vote'>,
  ): void {
    switch (message.type) {
      case 'fetch-blocks':
        for (const id of message.ids) {
          const block = this.tree.find(id);
          if (block === undefined || !this.quota.takeBytes(peer, this.now, block.header.bodyBytes)) continue;
          this.effects.push({ type: 'send', peer, bytes: encodeBlockMessage(block) });
        }
        return;
      case 'fetch-certificates':
        if (message.epoch === this.epoch.epoch) this.sendCertificates(peer, message.fromView, message.toView);
        return;
      case 'ask-newest-vote':
        this.send(peer, {
          type: 'newest-vote',
          source: message.source,
          newest: this.newestVotes.of(message.source),
        });
        return;
      case 'status':
        return this.onStatus(peer, message);
    }
  }

  private onStatus(peer: PeerId, { epoch, view, finalizedHeight }: MessageOf<'status'>): void {
    const height = this.root.header.height;
    if (epoch < this.epoch.epoch) return this.onStale(peer);
    // Statuses come when a peer connects or is stuck: what it has finalized is then not just about to arrive here as well,
    // and after a restart it may hold the blocks on disk only.
    if ((epoch > this.epoch.epoch || finalizedHeight > height) && !this.awaitingEpoch) {
      this.effects.push({ type: 'behind', peer, height: finalizedHeight });
    }
    if (epoch > this.epoch.epoch) return;
    if (finalizedHeight < height) {
      if (this.root.certificate !== undefined && this.root.view > 0) {
        this.send(peer, { type: 'certificate', certificate: this.root.certificate });
      }
      this.send(peer, this.statusMessage());
    }
    if (view < this.view && this.entry !== undefined) this.send(peer, { type: 'certificate', certificate: this.entry });
    if (finalizedHeight > height || view > this.view) {
      this.send(peer, {
        type: 'fetch-certificates',
        epoch,
        fromView: this.root.view + 1,
        toView: Math.max(view, this.view),
      });
    }
  }

  /** The boundary certificate ends the older epoch for the peer; the status tells it how far there is to go. */
  private onStale(peer: PeerId): void {
    if (!this.quota.take(peer, this.now)) return;
    if (this.boundaryCertificate !== undefined) {
      this.send(peer, { type: 'certificate', certificate: this.boundaryCertificate });
    }
    this.send(peer, this.statusMessage());
  }

  private sendCertificates(peer: PeerId, fromView: number, toView: number): void {
    if (fromView <= this.root.view && this.root.certificate !== undefined) {
      this.send(peer, { type: 'certificate', certificate: this.root.certificate });
    }
    const first = Math.max(fromView, this.root.view + 1);
    for (let view = first; view <= toView && view < first + FETCH_VIEWS_MAX && view <= this.view; view++) {
      for (const certificate of this.views.get(view)?.certificates.values() ?? []) {
        this.send(peer, { type: 'certificate', certificate });
      }
    }
  }

  private onBlock(block: Block, peer: PeerId | undefined): void {
    if (!this.fetching.wants(block.id)) return;
    const code = brokenBodyRule(block);
    if (code !== undefined) {
      // Still wanted: the fetch timer asks every peer.
      this.fetching.arm();
      this.report(code, { peer });
      return;
    }
    this.fetching.received(block.id);
    if (block.header.height <= this.root.header.height || !this.isOfEpoch(block.header)) return;
    const held = this.tree.add(block);
    if (held.state === 'held') held.state = 'waiting';
    this.wantParents(held, peer);
    this.verifyWaiting();
    this.resume();
    this.tryFinalize();
  }

  // ---- proposals (R2) ----

  private onProposal(message: MessageOf<'proposal'>, bytes: Uint8Array, peer: PeerId | undefined): void {
    const { epoch, view, block, again } = message;
    if (epoch !== this.epoch.epoch || this.awaitingEpoch || view <= this.root.view) return;
    const justification = decodeJustification(again ?? block.body.justification, this.context.parameters.blockBytesMax);
    for (const certificate of certificatesOf(justification)) {
      if (certificate.epoch === epoch && statementOf(certificate).view < view) this.onCertificate(certificate, peer);
      if (this.awaitingEpoch || view <= this.root.view) return;
    }
    if (view > this.view) return;
    const state = this.viewState(view);
    if (state.proposal !== undefined) {
      if (equalBytes(state.proposal.blockId, block.id)) return;
      this.report('CONFLICTING_PROPOSAL', { peer, view, offender: this.leader(view).source });
      return;
    }
    if (block.header.height <= this.root.header.height) return;
    if (!this.isOfEpoch(block.header)) {
      this.report('INVALID_PROPOSAL', { view });
      return this.nullify(view, NullifyReason.invalid, block.id);
    }
    const { signature } = message;
    const seat = this.epoch.committee.findIndex(({ source }) => equalBytes(source, block.header.proposer));
    const proposer = this.epoch.committee[seat];
    if (proposer !== undefined && again === undefined) {
      const signed = { seat, vote: { kind: 'proposal', view, blockId: block.id }, signature } as const;
      this.newestVotes.remember(proposer, { epoch, signed });
    }
    this.tree.add(block);
    const { nullifiedInARow } = this;
    state.proposal = {
      blockId: block.id,
      message: bytes,
      receivedAtMs: this.now,
      nullifiedInARow,
      again: again !== undefined,
      justification,
      checked: false,
    };
    this.fetching.received(block.id);
    if (this.certifies(block.id)) this.release(block.id);
    this.tryNotarize(view, peer);
  }

  private isOfEpoch({ height }: Header): boolean {
    return epochOfHeight(height, this.context.parameters.epochHeights) === this.epoch.epoch;
  }

  private certifies(id: Uint8Array): boolean {
    for (const state of this.views.values()) {
      const certified = state.certified();
      if (certified !== undefined && equalBytes(certified.blockId, id)) return true;
    }
    return false;
  }

  private tryNotarize(view: number, peer?: PeerId): void {
    const state = this.views.get(view);
    const proposal = state?.proposal;
    if (state === undefined || proposal === undefined || view > this.view || this.awaitingEpoch) return;
    const held = this.tree.get(proposal.blockId);
    if (held === undefined) return;
    if (!proposal.checked && !this.check(view, held, peer)) return;
    if (held.state === 'held') {
      held.state = 'waiting';
      this.verifyWaiting();
    }
    if (held.state === 'invalid') return this.nullify(view, NullifyReason.invalid, proposal.blockId);
    if (held.state !== 'valid' || state.own.notarize !== undefined || !this.mayVote()) return;
    const { parameters } = this.context;
    const { timestampMs } = held.block.header;
    if (!proposal.again && !isTimely(timestampMs, { ...proposal, parameters })) return;
    const vote = { kind: 'notarize', view, blockId: proposal.blockId, timestampMs } as const;
    state.own.notarize = vote;
    this.sign(vote, [proposal.message]);
  }

  /** @returns whether the proposal stands where it may */
  private check(view: number, held: TreeBlock, peer: PeerId | undefined): boolean {
    const { proposal } = this.viewState(view);
    if (proposal === undefined) return false;
    const { header } = held.block;
    const verdict = checkProposal(
      { header, blockId: proposal.blockId, justification: proposal.justification, again: proposal.again },
      {
        chainId: this.context.chainId,
        parameters: this.context.parameters,
        epoch: this.epoch,
        view,
        root: this.root,
        headerOf: (id) => (equalBytes(id, this.root.id) ? this.root.header : this.tree.get(id)?.block.header),
        isNullified: (older) => this.views.get(older)?.certificates.has('nullify') ?? false,
      },
    );
    switch (verdict.kind) {
      case 'valid':
        proposal.checked = true;
        return true;
      case 'parentUnknown':
        this.want(verdict.parentId, peer);
        return false;
      case 'nullificationUnknown':
        if (peer !== undefined) {
          const { epoch } = this.epoch;
          this.send(peer, { type: 'fetch-certificates', epoch, fromView: verdict.view, toView: view });
        }
        return false;
      case 'invalid':
        this.report('INVALID_PROPOSAL', { view });
        this.nullify(view, NullifyReason.invalid, proposal.blockId);
        if (!this.certifies(proposal.blockId) && !this.isProposed(proposal.blockId, view)) {
          this.tree.remove(proposal.blockId);
        }
        return false;
    }
  }

  /** Whether another view proposes the block too. */
  private isProposed(id: Uint8Array, besides: number): boolean {
    for (const [view, { proposal }] of this.views) {
      if (view !== besides && proposal !== undefined && equalBytes(proposal.blockId, id)) return true;
    }
    return false;
  }

  private onVerdict({ blockId, verdict }: Extract<Input, { type: 'verdict' }>): void {
    const held = this.tree.get(blockId);
    if (held === undefined || held.state !== 'verifying') return;
    if (verdict.kind === 'mismatch') {
      this.tree.remove(blockId);
      for (const state of this.views.values()) {
        if (state.proposal !== undefined && equalBytes(state.proposal.blockId, blockId)) state.proposal = undefined;
      }
      if (this.certifies(blockId)) this.want(blockId, undefined);
      return;
    }
    if (verdict.kind === 'notYet') {
      held.state = 'waiting';
      return;
    }
    held.state = verdict.kind;
    if (verdict.kind === 'invalid') this.refuse(held, verdict.code);
    this.verifyWaiting();
    this.tryFinalize();
    this.resume();
    this.adopt();
  }

  private refuse(held: TreeBlock, code: string): void {
    held.state = 'invalid';
    held.refusal = code;
    if (this.certifies(held.block.id)) this.distrust(code);
  }

  /** More than two thirds hold valid what this node's own execution refuses: it must not vote on. */
  private distrust(code: string): void {
    this.safeMode = true;
    this.report(`CERTIFIED_BUT_${code}`, {});
  }

  /** Asks the host to execute each block whose parent's effect is known. */
  private verifyWaiting(): void {
    for (const held of this.tree.all()) {
      if (held.state !== 'waiting') continue;
      const parent = this.tree.get(held.block.header.parentId);
      if (parent?.state === 'invalid') this.refuse(held, parent.refusal ?? 'INVALID_PARENT');
      else if (parent?.state === 'valid' || equalBytes(held.block.header.parentId, this.root.id)) {
        held.state = 'verifying';
        this.effects.push({ type: 'verify', block: held.block });
      }
    }
  }

  // ---- votes and certificates ----

  private onVote(signed: SignedVote, peer: PeerId | undefined): void {
    const { vote, seat } = signed;
    const { view } = vote;
    if (this.awaitingEpoch || vote.kind === 'proposal') return;
    const member = this.epoch.committee[seat] as Member;
    this.newestVotes.remember(member, { epoch: this.epoch.epoch, signed });
    if (view <= this.root.view || view > this.view + VIEWS_AHEAD_MAX || view < this.view - VOTES_BEHIND_MAX) return;
    const state = this.viewState(view);
    const { kind } = vote;
    const added = state.add(kind, signed);
    if (added === 'known') return;
    if (added !== 'added') {
      if (kind !== 'nullify') this.report(`CONFLICTING_${kind.toUpperCase()}`, { peer, view, offender: member.source });
      return;
    }
    if (state.voteOf('nullify', seat) !== undefined && state.voteOf('finalize', seat) !== undefined) {
      this.report('NULLIFY_AND_FINALIZE', { peer, view, offender: member.source });
    }
    const declines = kind === 'nullify' && vote.reason === NullifyReason.declined;
    if (declines && equalBytes(this.leader(view).source, member.source))
      this.nullify(view, NullifyReason.declined, undefined);
    if (state.certificates.has(kind)) return;
    const agreeing = state.agreeing(kind, signed);
    const weight = agreeing.reduce((sum, entry) => sum + (this.epoch.committee[entry.seat] as Member).weight, 0n);
    if (this.rules.isQuorum(weight, this.epoch.totalWeight)) {
      this.onCertificate(assembleCertificate(this.epoch.epoch, agreeing), peer);
    }
  }

  private onCertificate(certificate: Certificate, peer: PeerId | undefined): void {
    const statement = statementOf(certificate);
    const { view, kind } = statement;
    if (certificate.epoch !== this.epoch.epoch || this.awaitingEpoch || view <= this.root.view) return;
    if (kind === 'proposal') return;
    const state = this.viewState(view);
    if (state.certificates.has(kind)) return this.checkConflict(state, kind, statement);
    state.certificates.set(kind, certificate);
    this.checkConflict(state, kind, statement);
    if (kind === 'notarize') {
      this.finalizeVote(view, state, certificate);
      const higher = statement.timestampMs > this.highestCertifiedMs;
      if (higher) this.highestCertifiedMs = statement.timestampMs;
      if (higher && view < this.view) this.arm();
    }
    if (kind !== 'nullify') {
      this.release(statement.blockId, peer);
      const best = this.bestFinalization;
      if (kind === 'finalize' && (best === undefined || statementOf(best).view < view))
        this.bestFinalization = certificate;
    }
    if (view >= this.view) this.enterView(view + 1, certificate);
    else this.tryPropose();
    this.tryFinalize();
    this.adopt();
  }

  /** Two certificates that exclude each other: a third of the weight or more has lied. Nothing is safe to vote on. */
  private checkConflict(state: ViewState, kind: CertifiedKind, statement: Vote): void {
    const blocks = new Set([statement, ...[...state.certificates.values()].map(statementOf)].map(blockOf));
    blocks.delete(undefined);
    const excluded = state.certificates.has('finalize') && (kind === 'nullify' || state.certificates.has('nullify'));
    if (blocks.size < 2 && !excluded) return;
    this.safeMode = true;
    this.report('CERTIFICATE_CONFLICT', { view: statement.view });
  }

  /** R4: on a notarization of a block that it has executed, finalize unless this node gave the view up. */
  private finalizeVote(view: number, state: ViewState, certificate: Certificate): void {
    const statement = statementOf(certificate);
    if (statement.kind !== 'notarize' || state.own.finalize !== undefined || !this.mayVote()) return;
    if (state.own.nullify !== undefined && this.rules.finalizeOnlyWithoutNullify) return;
    // Else when the verdict comes: the view has ended all the same.
    if (this.tree.get(statement.blockId)?.state !== 'valid') return;
    const vote = { kind: 'finalize', view, blockId: statement.blockId } as const;
    state.own.finalize = vote;
    this.sign(vote, [encodeMessage({ type: 'certificate', certificate })]);
  }

  /** R3 and R5: give a view up, never after finalizing in it. */
  private nullify(view: number, reason: NullifyReason, blockId: Uint8Array | undefined): void {
    const state = this.viewState(view);
    if (!this.mayVote() || view > this.view || view <= this.root.view || state.own.nullify !== undefined) return;
    if (state.own.finalize !== undefined && this.rules.nullifyOnlyWithoutFinalize) return;
    const vote = { kind: 'nullify', view, reason, blockId } as const;
    state.own.nullify = vote;
    this.sign(vote, []);
  }

  private sign(vote: Vote, support: readonly Uint8Array[]): void {
    const bytes = signedBytes(this.context.chainId, this.epoch, vote);
    const record = { kind: VoteKind[vote.kind], epoch: this.epoch.epoch, view: vote.view, bytes, support };
    this.records.push(record);
    this.effects.push({ type: 'sign', record });
  }

  private onSigned(record: SignRecord, signature: Uint8Array): void {
    if (record.epoch !== this.epoch.epoch || record.view <= this.root.view) return;
    const vote = voteOfSignedBytes(record.bytes);
    if (vote.kind === 'proposal') return this.onProposalSigned(vote.view, signature);
    const mine = this.mySeat();
    if (mine === undefined) return;
    const signed = { seat: mine.seat, vote, signature };
    const message = encodeMessage({ type: 'vote', epoch: record.epoch, signed });
    this.viewState(record.view).ownMessages.set(vote.kind, message);
    this.effects.push({ type: 'broadcast', bytes: message });
    this.onVote(signed, undefined);
  }

  // ---- views and timers (R3, R6) ----

  private enterView(view: number, certificate: Certificate | undefined): void {
    const nullified = certificate !== undefined && statementOf(certificate).kind === 'nullify';
    if (nullified) this.nullifiedInARow++;
    this.view = view;
    this.entry = certificate;
    this.building = undefined;
    this.enteredAtMs = this.now;
    this.baseMs = this.now;
    this.fetching.viewEntered();
    if (certificate !== undefined) this.broadcast({ type: 'certificate', certificate });
    this.views.get(view - VOTES_BEHIND_MAX)?.dropVotes();
    this.arm();
    this.askProofs();
    this.tryNotarize(view);
    this.tryPropose();
  }

  /** R3: the base moves with each newer certificate, so nobody is given up for keeping the pace. */
  private arm(): void {
    if (this.awaitingEpoch) return;
    this.baseMs = Math.max(this.baseMs, this.highestCertifiedMs + this.context.parameters.targetIntervalMs);
    const { leaderMs, advanceMs } = timeoutsOf(this.context.parameters, this.nullifiedInARow);
    this.effects.push(
      { type: 'set-timer', id: 'leader', atMs: this.baseMs + leaderMs },
      { type: 'set-timer', id: 'advance', atMs: this.baseMs + advanceMs },
      { type: 'set-timer', id: 'retry', atMs: this.baseMs + advanceMs + this.retryMs() },
    );
  }

  private retryMs(): number {
    return 2 * this.context.parameters.assumedDelayMs;
  }

  private onTimer(id: string): void {
    if (id === 'propose') return this.tryPropose();
    if (id === 'fetch') return this.fetchAgain();
    if (this.awaitingEpoch) return;
    const state = this.viewState(this.view);
    if (id === 'leader') {
      // Who has not executed the chain so far cannot say that the leader was silent.
      if (state.proposal === undefined && this.isInSync()) this.nullify(this.view, NullifyReason.noProposal, undefined);
      return;
    }
    if (id === 'advance') return this.nullify(this.view, NullifyReason.late, undefined);
    if (id === 'retry') this.retry();
  }

  private isInSync(): boolean {
    return (
      !this.fetching.waitsForBlocks &&
      [...this.tree.all()].every(({ state }) => state === 'valid' || state === 'held' || state === 'invalid')
    );
  }

  /** R6: while stuck, say again what may have been lost, and ask for what is missing. */
  private retry(): void {
    this.nullify(this.view, NullifyReason.late, undefined);
    if (this.entry !== undefined) this.broadcast({ type: 'certificate', certificate: this.entry });
    for (const [view, state] of this.views) {
      if (view > this.view || view < this.view - VOTES_BEHIND_MAX) continue;
      const stuck = view === this.view;
      if (stuck && state.own.notarize !== undefined && state.proposal !== undefined) {
        this.effects.push({ type: 'broadcast', bytes: state.proposal.message });
      }
      for (const [kind, bytes] of state.ownMessages) {
        if (stuck || kind === 'finalize') this.effects.push({ type: 'broadcast', bytes });
      }
    }
    this.broadcast(this.statusMessage());
    this.verifyWaiting();
    this.tryPropose();
    this.effects.push({ type: 'set-timer', id: 'retry', atMs: this.now + this.retryMs() });
  }

  private fetchAgain(): void {
    const missing = this.fetching.again();
    this.askAllForNewestVotes();
    this.tryPropose();
    if (!missing && !this.startUp?.asks) return;
    // A peer that has finalized more says so, and the host fetches what no peer holds in memory.
    this.broadcast(this.statusMessage());
    this.fetching.arm();
  }

  // ---- leading (R1) ----

  private tryPropose(): void {
    const { view } = this;
    if (this.building !== undefined || !this.leads(view) || !this.mayLead()) return;
    const state = this.viewState(view);
    if (state.own.proposal !== undefined || state.own.nullify !== undefined) return;
    const base = this.chooseParent(view);
    if (base === undefined) return;
    const { parameters } = this.context;
    if (base.block !== undefined && isBoundaryHeight(base.header.height, parameters.epochHeights)) {
      return this.proposeAgain(view, base.block, base.justification);
    }
    const earliestMs = earliestTimestampMs(base.header.timestampMs, parameters);
    const paceMs = base.header.timestampMs + parameters.targetIntervalMs;
    const dueMs = this.transactionsWait ? earliestMs : Math.max(earliestMs, paceMs);
    if (this.now < dueMs) {
      this.effects.push({ type: 'set-timer', id: 'propose', atMs: dueMs });
      return;
    }
    const height = base.header.height + 1;
    const vrfProof = this.proofs.get(height);
    if (vrfProof === undefined || vrfProof === 'asked') return this.askProof(height);
    const justification = encodeJustification(base.justification);
    const seal = { epoch: this.epoch.epoch, view, vrfProof, justificationRoot: justificationRootOf(justification) };
    this.building = { buildId: ++this.buildCount, view };
    this.effects.push({
      type: 'build',
      request: {
        buildId: this.buildCount,
        parent: base.header,
        timestampMs: this.now,
        proposer: this.leader(view).source,
        seal: { kind: SEAL_KIND, bytes: encodeSeal(seal) },
        justification,
      },
    });
  }

  private chooseParent(view: number): ParentChoice | undefined {
    const { root, boundaryCertificate, tail, views, tree } = this;
    const choice = chooseParent(view, { root, boundaryCertificate, tail, views, tree });
    if (choice.kind === 'chosen') return choice;
    const { missingView } = choice;
    if (missingView !== undefined) this.fetching.askCertificates(this.epoch.epoch, root.view + 1, missingView);
    return undefined;
  }

  /** The boundary block must be final before the epoch ends: until then it is proposed again, in a new view. */
  private proposeAgain(view: number, block: Block, justification: Justification): void {
    const dueMs = this.enteredAtMs + this.context.parameters.assumedDelayMs;
    if (this.now < dueMs) {
      this.effects.push({ type: 'set-timer', id: 'propose', atMs: dueMs });
      return;
    }
    this.signProposal(view, block, encodeJustification(justification));
  }

  private signProposal(view: number, block: Block, again: Uint8Array | undefined): void {
    const vote = { kind: 'proposal', view, blockId: block.id } as const;
    this.viewState(view).own.proposal = vote;
    this.proposing.set(view, { block, again });
    this.sign(vote, []);
  }

  private onBuilt(buildId: number, block: Block | undefined): void {
    if (this.building?.buildId !== buildId) return;
    const { view } = this.building;
    this.building = undefined;
    if (view !== this.view || !this.mayLead() || this.viewState(view).own.nullify !== undefined) return;
    if (block === undefined) return this.nullify(view, NullifyReason.declined, undefined);
    this.tree.add(block).state = 'valid';
    this.signProposal(view, block, undefined);
  }

  private onProposalSigned(view: number, signature: Uint8Array): void {
    const made = this.proposing.get(view);
    this.proposing.delete(view);
    if (made === undefined) return;
    const message = { type: 'proposal', epoch: this.epoch.epoch, view, signature, ...made } as const;
    const bytes = encodeMessage(message);
    this.effects.push({ type: 'broadcast', bytes });
    this.onProposal(message, bytes, undefined);
  }

  private askProofs(): void {
    let height = this.root.header.height + 1;
    for (const { block } of this.tree.all()) height = Math.max(height, block.header.height + 1);
    for (let ahead = 0; ahead < PROOFS_AHEAD; ahead++) if (this.leads(this.view + ahead)) this.askProof(height + ahead);
  }

  private askProof(height: number): void {
    const { chainId, parameters } = this.context;
    if (this.proofs.has(height) || epochOfHeight(height, parameters.epochHeights) !== this.epoch.epoch) return;
    this.proofs.set(height, 'asked');
    const { seed, epoch } = this.epoch;
    this.effects.push({ type: 'prove', alpha: vrfAlpha({ chainId, seed, epoch, height }) });
  }

  private onProved(alpha: Uint8Array, proof: Uint8Array): void {
    const { chainId } = this.context;
    const { seed, epoch } = this.epoch;
    for (const [height, known] of this.proofs) {
      if (known === 'asked' && equalBytes(vrfAlpha({ chainId, seed, epoch, height }), alpha))
        this.proofs.set(height, proof);
    }
    this.tryPropose();
  }

  // ---- finality ----

  private tryFinalize(): void {
    const certificate = this.bestFinalization;
    if (certificate === undefined || this.awaitingEpoch || this.safeMode) return;
    const statement = statementOf(certificate);
    if (statement.kind !== 'finalize' || statement.view <= this.root.view) return;
    const path = this.tree.path(this.root.id, statement.blockId);
    if (path === undefined || path.length === 0 || path.some(({ state }) => state !== 'valid')) return;
    const headers = path.map(({ block }) => block.header);
    const blocks = path.map(
      ({ block }, index): FinalizedByProof => ({
        block,
        proof: encodeFinalityProof(headers.slice(index + 1), certificate),
      }),
    );
    this.effects.push({ type: 'finalize', blocks });
    const last = (path.at(-1) as TreeBlock).block;
    const boundary = isBoundaryHeight(last.header.height, this.context.parameters.epochHeights);
    if (boundary) this.tail = collectTail(last.header, statement.view, this.views);
    this.root = { header: last.header, id: last.id, view: statement.view, certificate };
    this.commits.push({ height: last.header.height, epoch: this.epoch.epoch, view: statement.view });
    this.nullifiedInARow = 0;
    this.forgetBelowRoot(path.map(({ block }) => block));
    if (boundary) {
      this.awaitingEpoch = true;
      for (const id of ['leader', 'advance', 'retry', 'propose']) this.effects.push({ type: 'cancel-timer', id });
      return;
    }
    if (this.view <= statement.view) this.enterView(statement.view + 1, certificate);
    this.releaseCertified();
  }

  private forgetBelowRoot(finalized: readonly Block[]): void {
    const { height } = this.root.header;
    for (const view of this.views.keys()) if (view <= this.root.view) this.views.delete(view);
    for (const proof of this.proofs.keys()) if (proof <= height) this.proofs.delete(proof);
    for (const view of this.proposing.keys()) if (view <= this.root.view) this.proposing.delete(view);
    this.tree.finalized(finalized, height);
    this.fetching.forgetBlocks();
  }

  /** Asks again for the certified blocks above the root that are missing. */
  private releaseCertified(): void {
    for (const state of this.views.values()) {
      const certified = state.certified();
      if (certified !== undefined) this.release(certified.blockId);
    }
  }

  /** New transactions are judged on the highest certified block this node has executed. */
  private adopt(): void {
    let id = this.root.id;
    for (let view = this.view - 1; view > this.root.view; view--) {
      const certified = this.views.get(view)?.certified();
      if (certified !== undefined && this.tree.get(certified.blockId)?.state === 'valid') {
        id = certified.blockId;
        break;
      }
    }
    const key = toHex(id);
    if (key === this.adopted) return;
    this.adopted = key;
    this.effects.push({ type: 'adopt', blockId: id });
  }

  // ---- fetching ----

  /** A certified block is worth executing, and worth asking for. */
  private release(id: Uint8Array, peer?: PeerId): void {
    const held = this.tree.get(id);
    if (held === undefined) return this.want(id, peer);
    if (held.state === 'held') held.state = 'waiting';
    if (held.state === 'invalid') this.distrust(held.refusal ?? 'INVALID');
    this.wantParents(held, peer);
    this.verifyWaiting();
  }

  private wantParents(held: TreeBlock, peer: PeerId | undefined): void {
    const { parentId } = held.block.header;
    if (equalBytes(parentId, this.root.id) || held.block.header.height <= this.root.header.height + 1) return;
    const parent = this.tree.get(parentId);
    if (parent === undefined) return this.want(parentId, peer);
    if (parent.state !== 'held') return;
    parent.state = 'waiting';
    this.wantParents(parent, peer);
  }

  private want(id: Uint8Array, peer: PeerId | undefined): void {
    if (!equalBytes(id, this.root.id)) this.fetching.want(id, peer);
  }

  // ---- small parts ----

  private viewState(view: number): ViewState {
    let state = this.views.get(view);
    if (state === undefined) {
      state = new ViewState();
      this.views.set(view, state);
    }
    return state;
  }

  private statusMessage(): Message {
    return { type: 'status', epoch: this.epoch.epoch, view: this.view, finalizedHeight: this.root.header.height };
  }

  private send(peer: PeerId, message: Message): void {
    this.effects.push({ type: 'send', peer, bytes: encodeMessage(message) });
  }

  private broadcast(message: Message): void {
    this.effects.push({ type: 'broadcast', bytes: encodeMessage(message) });
  }

  private report(code: string, facts: { peer?: PeerId | undefined; view?: number; offender?: Uint8Array }): void {
    const { peer, view, offender } = facts;
    const report = {
      code,
      epoch: this.epoch.epoch,
      ...(peer !== undefined && { peer }),
      ...(view !== undefined && { view }),
      ...(offender && { offender }),
    };
    this.effects.push({ type: 'report', report });
  }
}

/** A log may hold a record twice: an append that was synced, and made again after a crash. */
function distinct(records: readonly SignRecord[]): SignRecord[] {
  return [...new Map(records.map((record) => [toHex(record.bytes), record])).values()];
}

function blockOf(vote: Vote): string | undefined {
  return vote.kind === 'nullify' ? undefined : toHex(vote.blockId);
}

/** Code of what is wrong with a body that a peer sent. */
function brokenBodyRule(block: Block): string | undefined {
  try {
    checkReceivedBody(block);
    return undefined;
  } catch (error) {
    if (error instanceof ConsensusError) return error.code;
    throw error;
  }
}
