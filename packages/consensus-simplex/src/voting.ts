/** This node's own votes: what it signs, and what binds it (R4, R5). */
import type { SignRecord } from '@radledger/consensus';
import { type Certificate, statementOf } from './certificate.js';
import { encodeMessage } from './message.js';
import type { Parts } from './parts.js';
import type { ViewState } from './view-state.js';
import type { VoterState } from './voter-state.js';
import { type NullifyReason, type Vote, VoteKind, voteOfSignedBytes } from './vote.js';

export class Voting {
  /** What the sign-log must keep. */
  records: SignRecord[] = [];

  constructor(
    private readonly voter: VoterState,
    private readonly parts: Pick<Parts, 'certifying' | 'conflicts' | 'leading' | 'permission'>,
  ) {}

  /** R4: on a notarization of a block that it has executed, finalize unless this node gave the view up. */
  finalize(view: number, state: ViewState, certificate: Certificate): void {
    const { rules, tree } = this.voter;
    const statement = statementOf(certificate);
    if (statement.kind !== 'notarize' || state.own.finalize !== undefined || !this.parts.permission.mayVote()) return;
    if (state.own.nullify !== undefined && rules.finalizeOnlyWithoutNullify) return;
    // Else when the verdict comes: the view has ended all the same.
    if (tree.get(statement.blockId)?.state !== 'valid') return;
    const vote = { kind: 'finalize', view, blockId: statement.blockId } as const;
    state.own.finalize = vote;
    this.sign(vote, [encodeMessage({ type: 'certificate', certificate })]);
  }

  /** R3 and R5: give a view up, never after finalizing in it. */
  nullify(view: number, reason: NullifyReason, blockId: Uint8Array | undefined): void {
    const { voter } = this;
    const state = voter.viewState(view);
    if (!this.parts.permission.mayVote() || view > voter.view || view <= voter.root.view) return;
    if (state.own.nullify !== undefined) return;
    if (state.own.finalize !== undefined && voter.rules.nullifyOnlyWithoutFinalize) return;
    const vote = { kind: 'nullify', view, reason, blockId } as const;
    state.own.nullify = vote;
    this.sign(vote, []);
  }

  sign(vote: Vote, support: readonly Uint8Array[]): void {
    const { context, epoch, rules } = this.voter;
    const bytes = rules.signedBytes(context.chainId, epoch, vote);
    const record = { kind: VoteKind[vote.kind], epoch: epoch.epoch, view: vote.view, bytes, support };
    this.records.push(record);
    this.voter.effect({ type: 'sign', record });
  }

  onSigned(record: SignRecord, signature: Uint8Array): void {
    const { voter } = this;
    if (record.epoch !== voter.epoch.epoch || record.view <= voter.root.view) return;
    const vote = voteOfSignedBytes(record.bytes);
    if (vote.kind === 'proposal') return this.parts.leading.onSigned(vote.view, signature);
    const mine = voter.mySeat();
    if (mine === undefined) return;
    const signed = { seat: mine.seat, vote, signature };
    const shown = { type: 'vote', epoch: record.epoch, signed } as const;
    this.parts.conflicts.look(shown, undefined);
    const message = encodeMessage(shown);
    voter.viewState(record.view).ownMessages.set(vote.kind, message);
    voter.effect({ type: 'broadcast', bytes: message });
    this.parts.certifying.onVote(signed, undefined);
  }
}
