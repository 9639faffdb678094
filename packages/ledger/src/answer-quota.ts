/** How many bytes of history each peer may ask for: a rate with a burst, whether it stays connected or not. */
import type { PeerId } from '@radledger/network';
import { BoundedMap } from './bounded-map.js';

export interface AnswerQuotaLimits {
  readonly bytesPerSecond: number;
  readonly burstBytes: number;
}

const PEERS_MAX = 512;

export class AnswerQuota {
  private readonly spent = new BoundedMap<PeerId, { bytes: number; atMs: number }>(PEERS_MAX);

  constructor(private readonly limits: AnswerQuotaLimits) {}

  /** Counts an answer. */
  spend(peer: PeerId, bytes: number, nowMs: number): void {
    this.spent.set(peer, { bytes: this.owed(peer, nowMs) + bytes, atMs: nowMs });
  }

  /** Milliseconds until the peer is within its quota again; 0 when it is. */
  waitMs(peer: PeerId, nowMs: number): number {
    const { bytesPerSecond, burstBytes } = this.limits;
    return Math.ceil((Math.max(0, this.owed(peer, nowMs) - burstBytes) / bytesPerSecond) * 1_000);
  }

  private owed(peer: PeerId, nowMs: number): number {
    const known = this.spent.get(peer);
    if (!known) return 0;
    return Math.max(0, known.bytes - ((nowMs - known.atMs) / 1_000) * this.limits.bytesPerSecond);
  }
}
