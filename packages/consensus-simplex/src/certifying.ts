/** Votes of others become certificates, and certificates move the view. */
import type { Member, PeerId } from '@radledger/consensus';
import { equalBytes } from '@radledger/primitives';
import { assembleCertificate, type Certificate, statementOf, withVotes } from './certificate.js';
import type { SignedVote } from './message.js';
import type { Parts } from './parts.js';
import { NullifyReason } from './vote.js';
import type { VoterState } from './voter-state.js';
import { VIEWS_AHEAD_MAX, VOTES_BEHIND_MAX } from './view-state.js';

export class Certifying {
  constructor(
    private readonly voter: VoterState,
    private readonly parts: Pick<
      Parts,
      'conflicts' | 'executing' | 'finalizing' | 'leading' | 'pacing' | 'proposals' | 'voting'
    >,
  ) {}

  onVote(signed: SignedVote, peer: PeerId | undefined): void {
    const { voter, parts } = this;
    const { vote, seat } = signed;
    const { view } = vote;
    if (voter.awaitingEpoch || vote.kind === 'proposal') return;
    const { epoch, committee, totalWeight } = voter.epoch;
    const member = committee[seat] as Member;
    voter.newestVotes.remember(member, { epoch, signed });
    if (view > voter.view + VIEWS_AHEAD_MAX) return voter.report('VIEW_AHEAD', { peer, view });
    if (view === voter.root.view) return this.completeRoot(signed);
    if (view < voter.root.view || view < voter.view - VOTES_BEHIND_MAX) return;
    const state = voter.viewState(view);
    const { kind } = vote;
    if (state.add(kind, signed) !== 'added') return;
    const declines = kind === 'nullify' && vote.reason === NullifyReason.declined;
    if (declines && equalBytes(voter.leader(view).source, member.source)) {
      parts.voting.nullify(view, NullifyReason.declined, undefined);
    }
    if (state.certificates.has(kind)) return;
    const agreeing = state.agreeing(kind, signed);
    const weight = agreeing.reduce((sum, entry) => sum + (committee[entry.seat] as Member).weight, 0n);
    if (voter.rules.isQuorum(weight, totalWeight)) this.onCertificate(assembleCertificate(epoch, agreeing), peer);
  }

  /** Late votes that made the newest final block final as well: the next leader shows them. */
  private completeRoot(signed: SignedVote): void {
    const { root } = this.voter;
    if (root.certificate === undefined) return;
    this.voter.root = { ...root, certificate: withVotes(root.certificate, [signed]) };
  }

  onCertificate(certificate: Certificate, peer: PeerId | undefined): void {
    const { voter, parts } = this;
    const statement = statementOf(certificate);
    const { view, kind } = statement;
    if (certificate.epoch !== voter.epoch.epoch || voter.awaitingEpoch || view <= voter.root.view) return;
    if (kind === 'proposal') return;
    const state = voter.viewState(view);
    if (state.certificates.has(kind)) return parts.conflicts.checkCertificates(state, kind, certificate);
    state.certificates.set(kind, certificate);
    parts.conflicts.checkCertificates(state, kind, certificate);
    if (kind === 'notarize') {
      parts.voting.finalize(view, state, certificate);
      const higher = statement.timestampMs > voter.highestCertifiedMs;
      if (higher) voter.highestCertifiedMs = statement.timestampMs;
      if (higher && view < voter.view && voter.rules.rebasesTimers) parts.pacing.arm();
    }
    if (kind !== 'nullify') {
      parts.executing.release(statement.blockId, peer);
      const best = voter.bestFinalization;
      if (kind === 'finalize' && (best === undefined || statementOf(best).view < view)) {
        voter.bestFinalization = certificate;
      }
    }
    if (view >= voter.view) parts.pacing.enterView(view + 1, certificate);
    else {
      // What the leader builds on, or what a proposal of many views later rests on, may be complete now.
      parts.leading.tryPropose();
      if (kind === 'nullify') parts.proposals.tryNotarize(voter.view);
    }
    parts.finalizing.tryFinalize();
    parts.executing.adopt();
  }
}
