import type { PeerId } from './module.js';

const PEERS_MAX = 1024;

interface Share {
  windowStartMs: number;
  answers: number;
  bytes: number;
}

/** How many answers, and how many bytes of blocks, each peer gets in a window of time: answers are larger than questions. */
export class RequestQuota {
  private readonly used = new Map<PeerId, Share>();

  constructor(
    private readonly windowMs: number,
    private readonly answersMax: number,
    private readonly bytesMax: number,
  ) {}

  take(peer: PeerId, nowMs: number): boolean {
    const share = this.share(peer, nowMs);
    return share !== undefined && ++share.answers <= this.answersMax;
  }

  /** @returns false when the peer has had too much: nothing is taken off its share then */
  takeBytes(peer: PeerId, nowMs: number, bytes: number): boolean {
    const share = this.share(peer, nowMs);
    if (share === undefined || share.bytes + bytes > this.bytesMax) return false;
    share.bytes += bytes;
    return true;
  }

  gone(peer: PeerId): void {
    this.used.delete(peer);
  }

  private share(peer: PeerId, nowMs: number): Share | undefined {
    let share = this.used.get(peer);
    if (share === undefined) {
      if (this.used.size >= PEERS_MAX) return undefined;
      share = { windowStartMs: nowMs, answers: 0, bytes: 0 };
      this.used.set(peer, share);
    }
    if (nowMs - share.windowStartMs >= this.windowMs) {
      share.windowStartMs = nowMs;
      share.answers = 0;
      share.bytes = 0;
    }
    return share;
  }
}
