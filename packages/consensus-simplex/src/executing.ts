/** Which blocks the host is asked to execute, in which order, and what follows from its verdicts. */
import type { Input, PeerId } from '@radledger/consensus';
import { equalBytes, toHex } from '@radledger/primitives';
import type { TreeBlock } from './block-tree.js';
import type { Parts } from './parts.js';
import type { VoterState } from './voter-state.js';

export class Executing {
  private adopted: string | undefined;

  constructor(
    private readonly voter: VoterState,
    private readonly parts: Pick<Parts, 'conflicts' | 'epochs' | 'fetching' | 'finalizing' | 'pacing'>,
  ) {}

  onVerdict({ blockId, verdict }: Extract<Input, { type: 'verdict' }>): void {
    const { voter, parts } = this;
    const held = voter.tree.get(blockId);
    if (held === undefined || held.state !== 'verifying') return;
    if (verdict.kind === 'mismatch') {
      voter.tree.remove(blockId);
      for (const state of voter.views.values()) {
        if (state.proposal !== undefined && equalBytes(state.proposal.blockId, blockId)) state.proposal = undefined;
      }
      if (voter.certifies(blockId)) this.want(blockId, undefined);
      return;
    }
    if (verdict.kind === 'notYet') {
      held.state = 'waiting';
      return;
    }
    held.state = verdict.kind;
    if (verdict.kind === 'invalid') {
      this.accuse(blockId, verdict);
      this.refuse(held, verdict.code);
    }
    this.verifyWaiting();
    parts.finalizing.tryFinalize();
    parts.epochs.resume();
    this.adopt();
  }

  /** Asks the host to execute each block whose parent's effect is known. */
  verifyWaiting(): void {
    const { tree, root } = this.voter;
    for (const held of tree.all()) {
      if (held.state !== 'waiting') continue;
      const parent = tree.get(held.block.header.parentId);
      if (parent?.state === 'invalid') this.refuse(held, parent.refusal ?? 'INVALID_PARENT');
      else if (parent?.state === 'valid' || equalBytes(held.block.header.parentId, root.id)) {
        held.state = 'verifying';
        this.voter.effect({ type: 'verify', block: held.block });
      }
    }
  }

  /** A certified block is worth executing, and worth asking for. */
  release(id: Uint8Array, peer?: PeerId): void {
    const held = this.voter.tree.get(id);
    if (held === undefined) return this.want(id, peer);
    if (held.state === 'held') held.state = 'waiting';
    if (held.state === 'invalid') this.distrust(held.refusal ?? 'INVALID');
    this.wantParents(held, peer);
    this.verifyWaiting();
  }

  /** Asks again for the certified blocks above the root that are missing. */
  releaseCertified(): void {
    for (const state of this.voter.views.values()) {
      const certified = state.certified();
      if (certified !== undefined) this.release(certified.blockId);
    }
  }

  wantParents(held: TreeBlock, peer: PeerId | undefined): void {
    const { root, tree } = this.voter;
    const { parentId } = held.block.header;
    if (equalBytes(parentId, root.id) || held.block.header.height <= root.header.height + 1) return;
    const parent = tree.get(parentId);
    if (parent === undefined) return this.want(parentId, peer);
    if (parent.state !== 'held') return;
    parent.state = 'waiting';
    this.wantParents(parent, peer);
  }

  want(id: Uint8Array, peer: PeerId | undefined): void {
    if (!equalBytes(id, this.voter.root.id)) this.parts.fetching.want(id, peer);
  }

  /** New transactions are judged on the highest certified block this node has executed. */
  adopt(): void {
    const { root, view: current, views, tree } = this.voter;
    let { id, header } = root;
    for (let view = current - 1; view > root.view; view--) {
      const certified = views.get(view)?.certified();
      const held = certified && tree.get(certified.blockId);
      if (held?.state === 'valid') {
        ({ id, header } = held.block);
        break;
      }
    }
    // A finalization says no time, and may be all that this node has seen of a block.
    this.parts.pacing.certified(header.timestampMs);
    const key = toHex(id);
    if (key === this.adopted) return;
    this.adopted = key;
    this.voter.effect({ type: 'adopt', blockId: id });
  }

  /** Every leader that proposed it. */
  private accuse(blockId: Uint8Array, found: { readonly code: string; readonly offence?: Uint8Array }): void {
    for (const [view, { proposal }] of this.voter.views) {
      if (proposal === undefined || !equalBytes(proposal.blockId, blockId)) continue;
      this.parts.conflicts.invalidProposal(view, proposal.message, found);
    }
  }

  private refuse(held: TreeBlock, code: string): void {
    held.state = 'invalid';
    held.refusal = code;
    if (this.voter.certifies(held.block.id)) this.distrust(code);
  }

  /** More than two thirds hold valid what this node's own execution refuses: it must not vote on. */
  private distrust(code: string): void {
    this.voter.safeMode = true;
    this.voter.report(`CERTIFIED_BUT_${code}`, {});
  }
}
