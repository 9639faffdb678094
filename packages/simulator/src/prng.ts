/** One seed decides everything: xoshiro128** on 32-bit integers, seeded by splitmix32. */
export class Prng {
  private readonly state: Uint32Array;

  constructor(seed: number) {
    let mixed = seed >>> 0;
    this.state = Uint32Array.from({ length: 4 }, () => {
      mixed = (mixed + 0x9e3779b9) >>> 0;
      let value = mixed;
      value = Math.imul(value ^ (value >>> 16), 0x21f0aaad);
      value = Math.imul(value ^ (value >>> 15), 0x735a2d97);
      return (value ^ (value >>> 15)) >>> 0;
    });
  }

  /** 32 random bits. */
  next(): number {
    const [a, b, c, d] = this.state as unknown as [number, number, number, number];
    const product = Math.imul(b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const e = c ^ a;
    const f = d ^ b;
    this.state.set([a ^ f, b ^ e, e ^ (b << 9), (f << 11) | (f >>> 21)]);
    return result;
  }

  /** An integer from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + (this.next() % (high - low + 1));
  }

  /** True in `percent` of 100 draws. */
  chance(percent: number): boolean {
    return this.next() % 100 < percent;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.next() % items.length] as T;
  }

  /** A stream of its own: what one part draws does not shift another's draws. */
  fork(): Prng {
    return new Prng(this.next());
  }
}
