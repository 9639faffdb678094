/** What a leader proposes is held, checked, and notarized (R2). */
import type { PeerId } from '@radledger/consensus';
import { equalBytes } from '@radledger/primitives';
import type { TreeBlock } from './block-tree.js';
import { statementOf } from './certificate.js';
import { certificatesOf, decodeJustification } from './justification.js';
import type { MessageOf } from './message.js';
import type { Parts } from './parts.js';
import { checkProposal } from './proposal-check.js';
import { isTimely } from './timing.js';
import { VIEWS_AHEAD_MAX, VOTES_BEHIND_MAX } from './view-state.js';
import { NullifyReason } from './vote.js';
import type { VoterState } from './voter-state.js';

export class Proposals {
  constructor(
    private readonly voter: VoterState,
    private readonly parts: Pick<
      Parts,
      'certifying' | 'conflicts' | 'executing' | 'fetching' | 'permission' | 'voting'
    >,
  ) {}

  onProposal(message: MessageOf<'proposal'>, bytes: Uint8Array, peer: PeerId | undefined): void {
    const { voter, parts } = this;
    const { epoch, view, block, again } = message;
    if (epoch !== voter.epoch.epoch || voter.awaitingEpoch || view <= voter.root.view) return;
    const { blockBytesMax } = voter.context.parameters;
    const justification = decodeJustification(again ?? block.body.justification, blockBytesMax);
    for (const certificate of certificatesOf(justification)) {
      if (certificate.epoch === epoch && statementOf(certificate).view < view) {
        parts.certifying.onCertificate(certificate, peer);
      }
      if (voter.awaitingEpoch || view <= voter.root.view) return;
    }
    if (view > voter.view + VIEWS_AHEAD_MAX) return voter.report('VIEW_AHEAD', { peer, view });
    if (view > voter.view || view <= voter.view - VOTES_BEHIND_MAX) return;
    const state = voter.viewState(view);
    if (state.proposal !== undefined) return;
    if (block.header.height <= voter.root.header.height) return;
    if (!voter.isOfEpoch(block.header)) {
      voter.report('INVALID_PROPOSAL', { view });
      parts.conflicts.invalidProposal(view, bytes, {});
      return parts.voting.nullify(view, NullifyReason.invalid, block.id);
    }
    this.rememberProposer(message);
    voter.tree.add(block);
    const { nullifiedInARow } = voter;
    state.proposal = {
      blockId: block.id,
      message: bytes,
      receivedAtMs: voter.now,
      nullifiedInARow,
      again: again !== undefined,
      justification,
      checked: false,
    };
    parts.fetching.received(block.id);
    if (voter.certifies(block.id)) parts.executing.release(block.id);
    this.tryNotarize(view, peer);
  }

  tryNotarize(view: number, peer?: PeerId): void {
    const { voter, parts } = this;
    const state = voter.views.get(view);
    const proposal = state?.proposal;
    if (state === undefined || proposal === undefined || view > voter.view || voter.awaitingEpoch) return;
    const held = voter.tree.get(proposal.blockId);
    if (held === undefined) return;
    if (!proposal.checked && !this.check(view, held, peer)) return;
    if (held.state === 'held') {
      held.state = 'waiting';
      parts.executing.verifyWaiting();
    }
    if (held.state === 'invalid') return parts.voting.nullify(view, NullifyReason.invalid, proposal.blockId);
    if (held.state !== 'valid' || state.own.notarize !== undefined || !parts.permission.mayVote()) return;
    const { parameters } = voter.context;
    const { timestampMs } = held.block.header;
    if (!proposal.again && !isTimely(timestampMs, { ...proposal, parameters })) return;
    const vote = { kind: 'notarize', view, blockId: proposal.blockId, timestampMs } as const;
    state.own.notarize = vote;
    parts.voting.sign(vote, [proposal.message]);
  }

  /** Proposals are votes of their leader's key too (R7). */
  private rememberProposer({ epoch, view, block, again, signature }: MessageOf<'proposal'>): void {
    const { committee } = this.voter.epoch;
    const seat = committee.findIndex(({ source }) => equalBytes(source, block.header.proposer));
    const proposer = committee[seat];
    if (proposer === undefined || again !== undefined) return;
    const signed = { seat, vote: { kind: 'proposal', view, blockId: block.id }, signature } as const;
    this.voter.newestVotes.remember(proposer, { epoch, signed });
  }

  /** @returns whether the proposal stands where it may */
  private check(view: number, held: TreeBlock, peer: PeerId | undefined): boolean {
    const { voter, parts } = this;
    const { proposal } = voter.viewState(view);
    if (proposal === undefined) return false;
    const { header } = held.block;
    const { root, tree, views, epoch, context } = voter;
    const { chainId, parameters } = context;
    const verdict = checkProposal(
      { header, blockId: proposal.blockId, justification: proposal.justification, again: proposal.again },
      {
        chainId,
        parameters,
        epoch,
        view,
        root,
        headerOf: (id) => (equalBytes(id, root.id) ? root.header : tree.get(id)?.block.header),
        isNullified: (older) => views.get(older)?.certificates.has('nullify') ?? false,
      },
    );
    switch (verdict.kind) {
      case 'valid':
        proposal.checked = true;
        return true;
      case 'parentUnknown':
        parts.executing.want(verdict.parentId, peer);
        return false;
      case 'nullificationUnknown':
        parts.fetching.askFrom(epoch.epoch, verdict.view, peer);
        return false;
      case 'invalid':
        voter.report('INVALID_PROPOSAL', { view });
        parts.conflicts.invalidProposal(view, proposal.message, {});
        if (verdict.parent !== undefined) parts.conflicts.wrongChild(view, proposal.message, verdict.parent);
        parts.voting.nullify(view, NullifyReason.invalid, proposal.blockId);
        if (!voter.certifies(proposal.blockId) && !voter.proposes(proposal.blockId, view)) {
          tree.remove(proposal.blockId);
        }
        return false;
    }
  }
}
