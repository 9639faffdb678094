/**
 * How fast Reports of Misconduct from outside are judged: one may rest on hundreds of signatures, and anyone may send one.
 * What this node can prove itself does not pass here.
 */
import { BoundedMap } from './bounded-map.js';

export interface RateLimits {
  readonly perSecond: number;
  readonly burst: number;
}

/** Together at most 16 a second, and of one peer 2: whoever is honest sees the proof itself and reports it once. */
const ALL: RateLimits = { perSecond: 16, burst: 64 };
const EACH: RateLimits = { perSecond: 2, burst: 16 };
const SENDERS_MAX = 512;

interface Spent {
  readonly count: number;
  readonly atMs: number;
}

export class ReportRate {
  private all: Spent = { count: 0, atMs: 0 };
  private readonly each = new BoundedMap<string, Spent>(SENDERS_MAX);

  constructor(
    private readonly limits: { readonly all: RateLimits; readonly each: RateLimits } = { all: ALL, each: EACH },
  ) {}

  /** Counts a report of this sender when there is room for it. */
  take(sender: string, nowMs: number): boolean {
    const all = left(this.all, this.limits.all, nowMs);
    const own = left(this.each.get(sender), this.limits.each, nowMs);
    if (all + 1 > this.limits.all.burst || own + 1 > this.limits.each.burst) return false;
    this.all = { count: all + 1, atMs: nowMs };
    this.each.set(sender, { count: own + 1, atMs: nowMs });
    return true;
  }
}

/** What is still counted of what was spent. */
function left(spent: Spent | undefined, { perSecond }: RateLimits, nowMs: number): number {
  if (!spent) return 0;
  return Math.max(0, spent.count - ((nowMs - spent.atMs) / 1_000) * perSecond);
}
