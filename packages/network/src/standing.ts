/** How node keys behaved: penalty points that decay, and the time a key stays away. Survives reconnection. */
import type { PeerId } from './contract.js';
import type { NetworkLimits } from './limits.js';

interface Standing {
  points: number;
  atMs: number;
  bannedUntilMs: number;
  banMs: number;
}

/** Keys remembered; the one that behaved ill longest ago is forgotten first. */
const STANDINGS_MAX = 4_096;

type StandingLimits = Pick<NetworkLimits, 'penaltyMax' | 'penaltyHalfLifeMs' | 'banMinMs' | 'banMaxMs'>;

export class Standings {
  private readonly byPeer = new Map<PeerId, Standing>();

  constructor(private readonly limits: StandingLimits) {}

  penaltyOf(peerId: PeerId, nowMs: number): number {
    const standing = this.byPeer.get(peerId);
    return standing === undefined ? 0 : this.decayed(standing, nowMs);
  }

  isBanned(peerId: PeerId, nowMs: number): boolean {
    return (this.byPeer.get(peerId)?.bannedUntilMs ?? Number.NEGATIVE_INFINITY) > nowMs;
  }

  /** @returns true when the key reached the limit and is banned from now on */
  penalise(peerId: PeerId, points: number, nowMs: number): boolean {
    const standing = this.byPeer.get(peerId) ?? {
      points: 0,
      atMs: nowMs,
      bannedUntilMs: Number.NEGATIVE_INFINITY,
      banMs: 0,
    };
    standing.points = this.decayed(standing, nowMs) + points;
    standing.atMs = nowMs;
    const banned = standing.points >= this.limits.penaltyMax;
    if (banned) {
      // A key that behaved for the longest ban since its last one starts over.
      const forgiven = nowMs - standing.bannedUntilMs > this.limits.banMaxMs;
      standing.banMs = forgiven
        ? this.limits.banMinMs
        : Math.min(Math.max(standing.banMs * 2, this.limits.banMinMs), this.limits.banMaxMs);
      standing.bannedUntilMs = nowMs + standing.banMs;
      standing.points = 0;
    }
    this.byPeer.delete(peerId);
    this.byPeer.set(peerId, standing);
    if (this.byPeer.size > STANDINGS_MAX) {
      for (const oldest of this.byPeer.keys()) {
        this.byPeer.delete(oldest);
        break;
      }
    }
    return banned;
  }

  private decayed(standing: Standing, nowMs: number): number {
    return standing.points * 0.5 ** ((nowMs - standing.atMs) / this.limits.penaltyHalfLifeMs);
  }
}
