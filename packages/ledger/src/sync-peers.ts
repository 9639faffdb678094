/** What peers say they have finalized, and which of them to ask next. */
import type { PeerId } from '@radledger/network';

interface PeerState {
  height: number;
  /** Failures since the last answer that helped. */
  failures: number;
  askedAt: number;
}

export interface SyncPeers {
  announce(peer: PeerId, height: number): void;
  gone(peer: PeerId): void;
  /** Highest height that a connected peer announced. */
  readonly heightMax: number;
  /** A peer above `height`: fewest failures first, then the one not asked for longest. */
  choose(height: number): PeerId | undefined;
  helped(peer: PeerId): void;
  /** A lying or silent peer: asked last from now on, and no longer believed about its height. */
  failed(peer: PeerId): void;
}

export function createSyncPeers(): SyncPeers {
  const peers = new Map<PeerId, PeerState>();
  let asked = 0;
  return {
    announce(peer, height) {
      const state = peers.get(peer);
      if (state) state.height = Math.max(state.height, height);
      else peers.set(peer, { height, failures: 0, askedAt: 0 });
    },
    gone: (peer) => void peers.delete(peer),
    get heightMax() {
      return Math.max(0, ...[...peers.values()].map(({ height }) => height));
    },
    choose(height) {
      const [best] = [...peers]
        .filter(([, state]) => state.height > height)
        .sort(([, a], [, b]) => a.failures - b.failures || a.askedAt - b.askedAt);
      if (!best) return undefined;
      best[1].askedAt = ++asked;
      return best[0];
    },
    helped(peer) {
      const state = peers.get(peer);
      if (state) state.failures = 0;
    },
    failed(peer) {
      const state = peers.get(peer);
      if (!state) return;
      state.failures += 1;
      state.height = 0;
    },
  };
}
