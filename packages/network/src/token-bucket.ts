/** A rate with a burst, measured on a monotonic clock in milliseconds. */
export class TokenBucket {
  private tokens: number;
  private filledAtMs: number;

  constructor(
    private readonly perSecond: number,
    private readonly burst: number,
    nowMs: number,
  ) {
    this.tokens = burst;
    this.filledAtMs = nowMs;
  }

  /**
   * Takes tokens that may not be there yet: what has arrived was received, whatever it costs.
   * @returns milliseconds until the debt is paid; 0 when there is none
   */
  take(count: number, nowMs: number): number {
    const earned = ((nowMs - this.filledAtMs) / 1000) * this.perSecond;
    this.tokens = Math.min(this.burst, this.tokens + Math.max(0, earned)) - count;
    this.filledAtMs = nowMs;
    return this.tokens >= 0 ? 0 : Math.ceil((-this.tokens / this.perSecond) * 1000);
  }
}
