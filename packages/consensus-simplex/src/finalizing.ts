/** Blocks become final, with the proof that shows it to anyone; what lies below is forgotten. */
import { type Block, isBoundaryHeight } from '@radledger/chain';
import type { FinalizedByProof } from '@radledger/consensus';
import type { TreeBlock } from './block-tree.js';
import { statementOf } from './certificate.js';
import { encodeFinalityProof } from './finality-proof.js';
import type { Parts } from './parts.js';
import { collectTail } from './tail.js';
import type { VoterState } from './voter-state.js';

export class Finalizing {
  constructor(
    private readonly voter: VoterState,
    private readonly parts: Pick<Parts, 'epochs' | 'executing' | 'fetching' | 'leading' | 'pacing'>,
  ) {}

  tryFinalize(): void {
    const { voter, parts } = this;
    const certificate = voter.bestFinalization;
    if (certificate === undefined || voter.awaitingEpoch || voter.safeMode) return;
    const statement = statementOf(certificate);
    if (statement.kind !== 'finalize' || statement.view <= voter.root.view) return;
    const path = voter.tree.path(voter.root.id, statement.blockId);
    if (path === undefined || path.length === 0 || path.some(({ state }) => state !== 'valid')) return;
    const headers = path.map(({ block }) => block.header);
    const blocks = path.map(
      ({ block }, index): FinalizedByProof => ({
        block,
        proof: encodeFinalityProof(headers.slice(index + 1), certificate),
      }),
    );
    voter.effect({ type: 'finalize', blocks });
    const last = (path.at(-1) as TreeBlock).block;
    const boundary = isBoundaryHeight(last.header.height, voter.context.parameters.epochHeights);
    if (boundary) voter.tail = collectTail(last, statement.view, voter.views);
    const shown = voter.views.get(statement.view)?.complete(certificate) ?? certificate;
    voter.root = { header: last.header, id: last.id, view: statement.view, certificate: shown, restarts: false };
    parts.epochs.awaitCommit(last.header.height, statement.view);
    voter.nullifiedInARow = 0;
    this.forgetBelowRoot(path.map(({ block }) => block));
    if (boundary) {
      voter.awaitingEpoch = true;
      return parts.pacing.rest();
    }
    if (voter.view <= statement.view) parts.pacing.enterView(statement.view + 1, certificate);
    parts.executing.releaseCertified();
  }

  forgetBelowRoot(finalized: readonly Block[]): void {
    const { root, views, tree } = this.voter;
    for (const view of views.keys()) if (view <= root.view) views.delete(view);
    this.parts.leading.forgetBelowRoot();
    tree.finalized(finalized, root.header.height);
    this.parts.fetching.forgetBlocks();
  }
}
