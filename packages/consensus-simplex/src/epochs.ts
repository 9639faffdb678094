/** Where a voter begins: at its start, at an epoch's, and after blocks that the host fetched itself. */
import { blockIdOf, isBoundaryHeight } from '@radledger/chain';
import type { EpochContext, FinalizedState, SignLogState, SignRecord } from '@radledger/consensus';
import { equalBytes, toHex } from '@radledger/primitives';
import { statementOf } from './certificate.js';
import { certificateOfProof } from './finality-proof.js';
import type { Parts } from './parts.js';
import { decodeSeal } from './seal.js';
import { VoteKind, voteOfSignedBytes } from './vote.js';
import type { VoterState } from './voter-state.js';

export class Epochs {
  private readonly commits: { readonly height: number; readonly epoch: number; readonly view: number }[] = [];

  constructor(
    private readonly voter: VoterState,
    private readonly parts: Pick<
      Parts,
      | 'answering'
      | 'certifying'
      | 'conflicts'
      | 'executing'
      | 'finalizing'
      | 'leading'
      | 'pacing'
      | 'permission'
      | 'proposals'
      | 'voting'
    >,
  ) {}

  start(finalized: FinalizedState, signLog: SignLogState): void {
    const { voter, parts } = this;
    parts.permission.start(this.boundBy(signLog, finalized.epoch));
    parts.permission.arrives(finalized.epoch, finalized.header.timestampMs);
    parts.voting.records = signLog.state === 'present' ? distinct(signLog.records) : [];
    this.enterState(finalized);
    this.restore();
    parts.permission.answerSelf();
    parts.permission.askAllForNewestVotes();
    voter.broadcast(voter.statusMessage());
    this.resume();
  }

  /** Finalized blocks are durable; with `next` they closed the epoch. */
  onCommitted(height: number, next: FinalizedState | undefined): void {
    const { voter, parts } = this;
    while (this.commits[0] !== undefined && this.commits[0].height <= height) {
      const { epoch, view } = this.commits.shift() as { epoch: number; view: number };
      const last = parts.voting.records.at(-1);
      parts.voting.records = parts.voting.records.filter(
        (record) => record === last || record.epoch > epoch || (record.epoch === epoch && record.view > view),
      );
    }
    if (next === undefined || next.header.height !== voter.root.header.height) return;
    this.enterState(next);
    parts.permission.begins(next.epoch, next.header.timestampMs);
    parts.permission.askAllForNewestVotes();
    this.resume();
  }

  onSynced(finalized: FinalizedState): void {
    const { voter, parts } = this;
    if (finalized.header.height <= voter.root.header.height) return;
    voter.tail = undefined;
    this.enterState(finalized);
    parts.permission.arrives(finalized.epoch, finalized.header.timestampMs);
    parts.permission.askAllForNewestVotes();
    parts.executing.releaseCertified();
    parts.executing.verifyWaiting();
    parts.finalizing.tryFinalize();
    this.resume();
  }

  /** Whatever has become possible: after a start, a new epoch, a permission to vote. */
  resume(): void {
    const { views } = this.voter;
    for (const view of [...views.keys()].sort((a, b) => a - b)) {
      const state = views.get(view);
      const notarization = state?.certificates.get('notarize');
      if (state !== undefined && notarization !== undefined) this.parts.voting.finalize(view, state, notarization);
      this.parts.proposals.tryNotarize(view);
    }
    this.parts.leading.tryPropose();
  }

  /** A finalized block is on its way to disk: votes up to its view are needed until it is there. */
  awaitCommit(height: number, view: number): void {
    this.commits.push({ height, epoch: this.voter.epoch.epoch, view });
  }

  /** Own votes of the open epoch bind this node again before it looks at anything. */
  private restore(): void {
    const { voter, parts } = this;
    const open = parts.voting.records.filter(
      (record) =>
        record.epoch === voter.epoch.epoch && record.view > voter.root.view && this.isBinding(record, voter.epoch),
    );
    for (const record of open) {
      const vote = voteOfSignedBytes(record.bytes);
      Object.assign(voter.viewState(record.view).own, { [vote.kind]: vote });
    }
    for (const { support } of open) for (const bytes of support) parts.answering.onMessage(undefined, bytes);
    // Sent again with the same bytes: peers may have missed them, and a certificate may hang on them.
    for (const record of open) if (record.kind !== VoteKind.proposal) voter.effect({ type: 'sign', record });
  }

  /** What the log says that binds this node now: votes among the voters before a recovery do not. */
  private boundBy(signLog: SignLogState, epoch: EpochContext): SignLogState {
    if (signLog.state === 'missing' || epoch.recoveredHeight === undefined) return signLog;
    const records = signLog.records.filter((record) => record.epoch !== epoch.epoch || this.isBinding(record, epoch));
    return { state: 'present', records };
  }

  private isBinding({ bytes }: SignRecord, epoch: EpochContext): boolean {
    if (epoch.recoveredHeight === undefined) return true;
    const { context, rules } = this.voter;
    return equalBytes(rules.signedBytes(context.chainId, epoch, voteOfSignedBytes(bytes)), bytes);
  }

  private enterState({ header, proof, epoch, previousEpoch }: FinalizedState): void {
    const { voter, parts } = this;
    const id = blockIdOf(header);
    const shown = proof.length === 0 ? undefined : certificateOfProof(proof);
    const restarts = header.height === 0 || header.height === epoch.recoveredHeight;
    const opensEpoch = restarts || isBoundaryHeight(header.height, voter.context.parameters.epochHeights);
    const certificate = shown?.direct ? shown.certificate : undefined;
    const view = opensEpoch ? 0 : certificate === undefined ? decodeSeal(header).view : statementOf(certificate).view;
    const last = voter.epoch as EpochContext | undefined;
    if (last === undefined || !isSame(last, epoch)) this.begin(epoch, previousEpoch);
    voter.root = { header, id, view, certificate, restarts };
    if (opensEpoch) {
      voter.boundaryCertificate = restarts ? undefined : shown?.certificate;
      parts.conflicts.seeBoundary();
    }
    voter.awaitingEpoch = false;
    parts.leading.stopBuilding();
    voter.highestCertifiedMs = header.timestampMs;
    // The host may have dropped effects of blocks on other forks: whatever is left is executed again.
    for (const held of voter.tree.all()) if (held.state !== 'held') held.state = 'waiting';
    parts.finalizing.forgetBelowRoot([]);
    if (voter.view <= view) parts.pacing.enterView(view + 1, opensEpoch ? undefined : certificate);
    if (shown !== undefined && !shown.direct && !opensEpoch) {
      parts.certifying.onCertificate(shown.certificate, undefined);
    }
  }

  /** Nothing of an epoch counts in another, but for the newest votes of the one before. */
  private begin(epoch: EpochContext, previousEpoch: EpochContext | undefined): void {
    const { voter } = this;
    const last = voter.epoch as EpochContext | undefined;
    // As the host looks it up: what it could not verify must not be believed here.
    voter.previousEpoch = previousEpoch ?? (last?.epoch === epoch.epoch - 1 ? last : undefined);
    voter.epoch = epoch;
    voter.view = 0;
    voter.nullifiedInARow = 0;
    voter.bestFinalization = undefined;
    // That of the epoch's own boundary, if this node sees it.
    voter.boundaryCertificate = undefined;
    voter.views.clear();
    voter.tree.clear();
    this.parts.leading.forgetEpoch();
    this.parts.conflicts.beginEpoch();
    voter.newestVotes.forgetBefore(last?.epoch === epoch.epoch ? epoch.epoch + 1 : epoch.epoch - 1);
  }
}

/** One epoch can have voters before and after a recovery. */
function isSame(a: EpochContext, b: EpochContext): boolean {
  return a.epoch === b.epoch && a.recoveredHeight === b.recoveredHeight;
}

/** A log may hold a record twice: an append that was synced, and made again after a crash. */
function distinct(records: readonly SignRecord[]): SignRecord[] {
  return [...new Map(records.map((record) => [toHex(record.bytes), record])).values()];
}
