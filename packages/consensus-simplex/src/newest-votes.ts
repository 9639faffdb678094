import type { Member } from '@radledger/consensus';
import { toHex } from '@radledger/primitives';
import type { SignedVote } from './message.js';

export interface NewestVote {
  readonly epoch: number;
  readonly signed: SignedVote;
}

/** The newest vote that this node has seen of each voter, for those that ask after a start (rule R7). */
export class NewestVotes {
  private readonly bySource = new Map<string, NewestVote>();

  of(source: Uint8Array): NewestVote | undefined {
    return this.bySource.get(toHex(source));
  }

  remember({ source }: Member, vote: NewestVote): void {
    const key = toHex(source);
    const known = this.bySource.get(key);
    if (known === undefined || known.epoch < vote.epoch || known.signed.vote.view <= vote.signed.vote.view) {
      this.bySource.set(key, vote);
    }
  }

  /** What is older nobody can verify any more. */
  forgetBefore(epoch: number): void {
    for (const [source, vote] of this.bySource) if (vote.epoch < epoch) this.bySource.delete(source);
  }
}
