import type { PeerId } from '@radledger/consensus';

const PEERS_MAX = 1024;

/** How many answers each peer gets in a window of time: what it asks for is larger than the question. */
export class RequestQuota {
  private readonly used = new Map<PeerId, { windowStartMs: number; count: number }>();

  constructor(
    private readonly windowMs: number,
    private readonly answersMax: number,
  ) {}

  take(peer: PeerId, nowMs: number): boolean {
    let share = this.used.get(peer);
    if (share === undefined) {
      if (this.used.size >= PEERS_MAX) return false;
      share = { windowStartMs: nowMs, count: 0 };
      this.used.set(peer, share);
    }
    if (nowMs - share.windowStartMs >= this.windowMs) {
      share.windowStartMs = nowMs;
      share.count = 0;
    }
    share.count++;
    return share.count <= this.answersMax;
  }

  gone(peer: PeerId): void {
    this.used.delete(peer);
  }
}
