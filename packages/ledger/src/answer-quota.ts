/** How many bytes of history each peer may ask for: a rate with a burst, whether it stays connected or not. */
import type { PeerId } from '@radledger/network';
import { setTimeout as setTimer } from 'node:timers/promises';
import { BoundedMap } from './bounded-map.js';
import { LedgerError } from './errors.js';

export interface AnswerQuotaLimits {
  readonly bytesPerSecond: number;
  readonly burstBytes: number;
  /** An answer is put off so long at most; beyond, the request is refused. */
  readonly waitMaxMs: number;
}

const PEERS_MAX = 512;

export class AnswerQuota {
  private readonly spent = new BoundedMap<PeerId, { bytes: number; atMs: number }>(PEERS_MAX);

  constructor(private readonly limits: AnswerQuotaLimits) {}

  /** Makes an answer once the peer is within its quota, and counts it. @throws {LedgerError} `BUSY` */
  async answer(peer: PeerId, make: () => Promise<Uint8Array>, signal?: AbortSignal): Promise<Uint8Array> {
    const waitMs = this.waitMs(peer, performance.now());
    if (waitMs > this.limits.waitMaxMs) {
      throw new LedgerError({ code: 'BUSY' }, 'this peer asks for more than its share');
    }
    if (waitMs > 0) await setTimer(waitMs, undefined, { ...(signal && { signal }) });
    const answer = await make();
    this.spend(peer, answer.length, performance.now());
    return answer;
  }

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
