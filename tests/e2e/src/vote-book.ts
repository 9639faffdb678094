/** Everything that one key ever signed, over all the lives of its node: what two of its votes may never exclude. */
import { type SignRecord } from '@radledger/consensus';
import { voteOfSignedBytes } from '@radledger/consensus-simplex';
import { toHex } from '@radledger/primitives';

export class VoteBook {
  private readonly statements = new Map<string, string>();
  private readonly finalizedViews = new Set<string>();
  private readonly nullifiedViews = new Set<string>();

  /** @throws {Error} naming the view when a record excludes an earlier one */
  add(record: SignRecord): void {
    const vote = voteOfSignedBytes(record.bytes);
    const view = `${record.epoch}/${record.view}`;
    // One proposal, one notarization, one finalization a view. Nullifications may differ in their reason.
    if (vote.kind !== 'nullify') {
      const statement = `${view} ${vote.kind}`;
      const block = toHex(vote.blockId);
      const before = this.statements.get(statement);
      if (before !== undefined && before !== block) throw new Error(`two different votes: ${statement}`);
      this.statements.set(statement, block);
    }
    if (vote.kind === 'finalize') this.finalizedViews.add(view);
    if (vote.kind === 'nullify') this.nullifiedViews.add(view);
    if (this.finalizedViews.has(view) && this.nullifiedViews.has(view)) {
      throw new Error(`finalized and nullified: ${view}`);
    }
  }
}
