/** What each key has signed lately, so that a second vote is held against the first. */
import { toHex } from '@radledger/primitives';
import type { SignedStatement } from './evidence-format.js';
import type { Vote } from './vote.js';

/** Views behind and ahead of the current one whose votes are remembered: with 128 seats some 10 MB at the most. */
export const VIEWS_BEHIND = 64;
const VIEWS_AHEAD = 16;

type ByKind = Partial<Record<Vote['kind'], SignedStatement>>;

/** The first vote of each key, view and kind; the same view's votes of other kinds beside it. */
export class VoteMemory {
  private readonly views = new Map<number, Map<string, ByKind>>();
  /** Certificates name each key of a committee over and over. */
  private readonly names = new WeakMap<Uint8Array, string>();

  /** @returns the votes of this key in this view that are remembered; the new one is put beside them when its kind is new */
  add(nodeKey: Uint8Array, signed: SignedStatement, currentView: number): readonly SignedStatement[] {
    const { view, kind } = signed.vote;
    if (view + VIEWS_BEHIND < currentView || view > currentView + VIEWS_AHEAD) return [];
    const votes = this.votesOf(view, this.nameOf(nodeKey), currentView);
    const remembered = Object.values(votes);
    votes[kind] ??= signed;
    return remembered;
  }

  private nameOf(nodeKey: Uint8Array): string {
    const known = this.names.get(nodeKey);
    if (known !== undefined) return known;
    const name = toHex(nodeKey);
    this.names.set(nodeKey, name);
    return name;
  }

  private votesOf(view: number, key: string, currentView: number): ByKind {
    let keys = this.views.get(view);
    if (keys === undefined) {
      for (const old of this.views.keys()) if (old + VIEWS_BEHIND < currentView) this.views.delete(old);
      keys = new Map();
      this.views.set(view, keys);
    }
    const votes = keys.get(key) ?? {};
    keys.set(key, votes);
    return votes;
  }
}
