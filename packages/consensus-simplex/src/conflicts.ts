/** Where signatures and certificates that exclude each other are noticed. */
import type { Member, PeerId } from '@radledger/consensus';
import { toHex } from '@radledger/primitives';
import { statementOf } from './certificate.js';
import type { SignedVote } from './message.js';
import type { CertifiedKind, HeldProposal, ViewState } from './view-state.js';
import type { Vote } from './vote.js';
import type { VoterState } from './voter-state.js';

export class Conflicts {
  constructor(private readonly voter: VoterState) {}

  /** The leader of the view has signed `held` and another block. */
  twoProposals(view: number, _held: HeldProposal, peer: PeerId | undefined): void {
    this.voter.report('CONFLICTING_PROPOSAL', { peer, view, offender: this.voter.leader(view).source });
  }

  /** A voter has signed two votes of one kind in one view; two reasons to give a view up exclude nothing. */
  twoVotes(member: Member, _earlier: SignedVote, { vote }: SignedVote, peer: PeerId | undefined): void {
    if (vote.kind === 'nullify') return;
    const code = `CONFLICTING_${vote.kind.toUpperCase()}`;
    this.voter.report(code, { peer, view: vote.view, offender: member.source });
  }

  /** A voter has given up a view in which it finalized. */
  nullifyAndFinalize(member: Member, nullify: SignedVote, _finalize: SignedVote, peer: PeerId | undefined): void {
    this.voter.report('NULLIFY_AND_FINALIZE', { peer, view: nullify.vote.view, offender: member.source });
  }

  /** Two certificates that exclude each other: a third of the weight or more has lied. Nothing is safe to vote on. */
  checkCertificates(state: ViewState, kind: CertifiedKind, statement: Vote): void {
    const blocks = new Set([statement, ...[...state.certificates.values()].map(statementOf)].map(blockOf));
    blocks.delete(undefined);
    const excluded = state.certificates.has('finalize') && (kind === 'nullify' || state.certificates.has('nullify'));
    if (blocks.size < 2 && !excluded) return;
    this.voter.safeMode = true;
    this.voter.report('CERTIFICATE_CONFLICT', { view: statement.view });
  }
}

function blockOf(vote: Vote): string | undefined {
  return vote.kind === 'nullify' ? undefined : toHex(vote.blockId);
}
