/** What peers say they have finalized, and which of them to ask next. */
import type { PeerId } from '@radledger/network';

interface PeerState {
  height: number;
  /** What it announced before it failed. */
  doubted: number;
  /** Whether it has ever sent blocks that moved this node. */
  helped: boolean;
  /** Failures since the last answer that helped. */
  failures: number;
  askedAt: number;
}

export interface SyncPeers {
  announce(peer: PeerId, height: number): void;
  gone(peer: PeerId): void;
  /** Highest height that a connected peer announced. */
  readonly heightMax: number;
  /**
   * A peer above `height` that is not among `except`: those that helped first, then known keys, then strangers; of equals the one
   * with the fewest failures, then the one not asked for longest. Who fails again and again comes last, whoever it is.
   */
  choose(height: number, except?: ReadonlySet<PeerId>): PeerId | undefined;
  helped(peer: PeerId): void;
  /** A lying or silent peer: asked last from now on, and not believed about its height until it says it again, or `believeAgain`. */
  failed(peer: PeerId): void;
  /** Highest height of which a connected peer is not believed. */
  readonly doubtedMax: number;
  /** Gives those that failed another try. */
  believeAgain(): void;
}

const FAILURES_TO_LOSE_RANK = 3;

/** @param isKnown - whether the peer's key is one that the state names */
export function createSyncPeers(isKnown: (peer: PeerId) => boolean): SyncPeers {
  const peers = new Map<PeerId, PeerState>();
  let asked = 0;

  function rankOf(peer: PeerId, { failures, helped }: PeerState): number {
    if (failures >= FAILURES_TO_LOSE_RANK) return 3;
    if (helped) return 0;
    return isKnown(peer) ? 1 : 2;
  }

  return {
    announce(peer, height) {
      const state = peers.get(peer);
      if (state) state.height = Math.max(state.height, height);
      else peers.set(peer, { height, doubted: 0, helped: false, failures: 0, askedAt: 0 });
    },
    gone: (peer) => void peers.delete(peer),
    get heightMax() {
      return Math.max(0, ...[...peers.values()].map(({ height }) => height));
    },
    choose(height, except) {
      const [best] = [...peers]
        .filter(([peer, state]) => state.height > height && except?.has(peer) !== true)
        .map(([peer, state]) => ({ peer, state, rank: rankOf(peer, state) }))
        .sort((a, b) => a.rank - b.rank || a.state.failures - b.state.failures || a.state.askedAt - b.state.askedAt);
      if (!best) return undefined;
      best.state.askedAt = ++asked;
      return best.peer;
    },
    helped(peer) {
      const state = peers.get(peer);
      if (!state) return;
      state.failures = 0;
      state.helped = true;
    },
    failed(peer) {
      const state = peers.get(peer);
      if (!state) return;
      state.failures += 1;
      state.doubted = Math.max(state.doubted, state.height);
      state.height = 0;
    },
    get doubtedMax() {
      return Math.max(0, ...[...peers.values()].map(({ doubted }) => doubted));
    },
    believeAgain() {
      for (const state of peers.values()) {
        state.height = Math.max(state.height, state.doubted);
        state.doubted = 0;
      }
    },
  };
}
