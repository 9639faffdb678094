/** Views and their timers (R3), and what is said again while stuck (R6). */
import { type Certificate, statementOf } from './certificate.js';
import type { Parts } from './parts.js';
import { timeoutsOf } from './timing.js';
import { VOTES_BEHIND_MAX } from './view-state.js';
import { NullifyReason } from './vote.js';
import type { VoterState } from './voter-state.js';

export class Pacing {
  private baseMs = 0;

  constructor(
    private readonly voter: VoterState,
    private readonly parts: Pick<Parts, 'executing' | 'fetching' | 'leading' | 'permission' | 'proposals' | 'voting'>,
  ) {}

  enterView(view: number, certificate: Certificate | undefined): void {
    const { voter, parts } = this;
    const nullified = certificate !== undefined && statementOf(certificate).kind === 'nullify';
    if (nullified) voter.nullifiedInARow++;
    voter.view = view;
    voter.entry = certificate;
    voter.enteredAtMs = voter.now;
    this.baseMs = voter.now;
    parts.leading.stopBuilding();
    parts.fetching.viewEntered();
    if (certificate !== undefined) voter.broadcast({ type: 'certificate', certificate });
    voter.forgetBehind(view - VOTES_BEHIND_MAX);
    this.arm();
    parts.leading.askProofs();
    parts.proposals.tryNotarize(view);
    parts.leading.tryPropose();
  }

  /** A block of this time is certified. */
  certified(timestampMs: number): void {
    const { voter } = this;
    if (timestampMs <= voter.highestCertifiedMs) return;
    voter.highestCertifiedMs = timestampMs;
    if (voter.rules.rebasesTimers) this.arm();
  }

  /** R3: the base moves with each newer certificate, so nobody is given up for keeping the pace. */
  arm(): void {
    const { voter } = this;
    if (voter.awaitingEpoch) return;
    const { parameters } = voter.context;
    this.baseMs = Math.max(this.baseMs, voter.highestCertifiedMs + parameters.targetIntervalMs);
    const { leaderMs, advanceMs } = timeoutsOf(parameters, voter.nullifiedInARow);
    voter.effect({ type: 'set-timer', id: 'leader', atMs: this.baseMs + leaderMs });
    voter.effect({ type: 'set-timer', id: 'advance', atMs: this.baseMs + advanceMs });
    voter.effect({ type: 'set-timer', id: 'retry', atMs: this.baseMs + advanceMs + voter.retryMs() });
  }

  /** Nothing to wait for until the next epoch is known. */
  rest(): void {
    for (const id of ['leader', 'advance', 'retry', 'propose']) this.voter.effect({ type: 'cancel-timer', id });
  }

  onTimer(id: string): void {
    const { voter, parts } = this;
    if (id === 'propose') return parts.leading.tryPropose();
    if (id === 'fetch') return this.fetchAgain();
    if (voter.awaitingEpoch) return;
    const state = voter.viewState(voter.view);
    if (id === 'leader') {
      // Who has not executed the chain so far cannot say that the leader was silent.
      if (state.proposal === undefined && this.isInSync()) {
        parts.voting.nullify(voter.view, NullifyReason.noProposal, undefined);
      }
      return;
    }
    if (id === 'advance') {
      parts.voting.nullify(voter.view, NullifyReason.late, undefined);
      return this.giveUpUncertified();
    }
    if (id === 'retry') this.retry();
  }

  private isInSync(): boolean {
    return (
      !this.parts.fetching.waitsForBlocks &&
      [...this.voter.tree.all()].every(({ state }) => state === 'valid' || state === 'held' || state === 'invalid')
    );
  }

  /**
   * A power cut can lose the only certificates of a view that everybody has left: nothing can then be proposed on either side
   * of it. Who cannot be shown one gives the view up, or says again what it said in it.
   */
  private giveUpUncertified(): void {
    const { voter, parts } = this;
    for (let older = Math.max(voter.root.view + 1, voter.view - VOTES_BEHIND_MAX); older < voter.view; older++) {
      const state = voter.viewState(older);
      if (state.certificates.size > 0) continue;
      for (const bytes of state.ownMessages.values()) voter.effect({ type: 'broadcast', bytes });
      parts.voting.nullify(older, NullifyReason.late, undefined);
    }
  }

  /** R6: while stuck, say again what may have been lost, and ask for what is missing. */
  private retry(): void {
    const { voter, parts } = this;
    parts.voting.nullify(voter.view, NullifyReason.late, undefined);
    if (voter.entry !== undefined) voter.broadcast({ type: 'certificate', certificate: voter.entry });
    for (const [view, state] of voter.views) {
      if (view > voter.view || view < voter.view - VOTES_BEHIND_MAX) continue;
      const stuck = view === voter.view;
      if (stuck && state.own.notarize !== undefined && state.proposal !== undefined) {
        voter.effect({ type: 'broadcast', bytes: state.proposal.message });
      }
      for (const [kind, bytes] of state.ownMessages) {
        if (stuck || kind === 'finalize') voter.effect({ type: 'broadcast', bytes });
      }
    }
    voter.broadcast(voter.statusMessage());
    parts.executing.verifyWaiting();
    parts.leading.tryPropose();
    voter.effect({ type: 'set-timer', id: 'retry', atMs: voter.now + voter.retryMs() });
  }

  private fetchAgain(): void {
    const { voter, parts } = this;
    const missing = parts.fetching.again();
    parts.permission.askAllForNewestVotes();
    parts.leading.tryPropose();
    parts.proposals.tryNotarize(voter.view);
    if (!missing && !parts.permission.asks) return;
    // A peer that has finalized more says so, and the host fetches what no peer holds in memory.
    voter.broadcast(voter.statusMessage());
    parts.fetching.arm();
  }
}
