import { type Certificate, statementOf, withVotes } from './certificate.js';
import type { Justification } from './justification.js';
import type { SignedVote } from './message.js';
import { statementKey, type VoteOf } from './vote.js';

/** Votes for views this far ahead are held; certificates need no window, they move the view. */
export const VIEWS_AHEAD_MAX = 16;
/** Single votes of views this far behind are forgotten; their certificates stay until a block is final. */
export const VOTES_BEHIND_MAX = 32;

export interface HeldProposal {
  readonly blockId: Uint8Array;
  /** The wire message as it came. */
  readonly message: Uint8Array;
  readonly receivedAtMs: number;
  readonly nullifiedInARow: number;
  readonly again: boolean;
  readonly justification: Justification;
  checked: boolean;
}

export type CertifiedKind = 'notarize' | 'nullify' | 'finalize';

/** Everything known of one view: bounded by the number of seats. */
export class ViewState {
  proposal: HeldProposal | undefined;
  /** What this node has signed in this view, from the moment it asked for the signature. */
  readonly own: {
    proposal?: VoteOf<'proposal'>;
    notarize?: VoteOf<'notarize'>;
    nullify?: VoteOf<'nullify'>;
    finalize?: VoteOf<'finalize'>;
  } = {};
  /** Own votes as they were sent, for sending again. */
  readonly ownMessages = new Map<CertifiedKind, Uint8Array>();
  readonly certificates = new Map<CertifiedKind, Certificate>();
  private readonly votes = {
    notarize: new Map<number, SignedVote>(),
    nullify: new Map<number, SignedVote>(),
    finalize: new Map<number, SignedVote>(),
  };

  /** Certified block: by notarization or finalization. */
  certified(): { readonly blockId: Uint8Array; readonly certificate: Certificate } | undefined {
    const certificate = this.certificates.get('notarize') ?? this.certificates.get('finalize');
    if (certificate === undefined) return undefined;
    const statement = statementOf(certificate);
    return statement.kind === 'notarize' || statement.kind === 'finalize'
      ? { blockId: statement.blockId, certificate }
      : undefined;
  }

  /** First vote of this seat and kind counts. @returns the earlier one when it says something else */
  add(kind: CertifiedKind, signed: SignedVote): 'added' | 'known' | SignedVote {
    const earlier = this.votes[kind].get(signed.seat);
    if (earlier === undefined) {
      this.votes[kind].set(signed.seat, signed);
      return 'added';
    }
    return statementKey(earlier.vote) === statementKey(signed.vote) ? 'known' : earlier;
  }

  voteOf(kind: CertifiedKind, seat: number): SignedVote | undefined {
    return this.votes[kind].get(seat);
  }

  /** The certificate of a block with every vote that is held: who is slow stands in it too, and is seen to vote. */
  complete(certificate: Certificate): Certificate {
    const { kind } = statementOf(certificate);
    return kind === 'notarize' || kind === 'finalize'
      ? withVotes(certificate, [...this.votes[kind].values()])
      : certificate;
  }

  /** Votes that say the same as this one; to give up a view, all of them. */
  agreeing(kind: CertifiedKind, signed: SignedVote): readonly SignedVote[] {
    const all = [...this.votes[kind].values()];
    if (kind === 'nullify') return all;
    const key = statementKey(signed.vote);
    return all.filter(({ vote }) => statementKey(vote) === key);
  }

  /** Certificates stay, single votes go. */
  dropVotes(): void {
    for (const votes of Object.values(this.votes)) votes.clear();
  }
}
