/** No source outweighs the others. Spec: docs/spec/leader-election.md, section 1. */

const BASIS = 10_000n;
/** A source with less than 1/200 of all weight does not count in the number that the cap is made of. */
const COUNTED_SHARE = 200n;

/**
 * Weights of which none is above max(10%, min(32%, 200% / n)) of their sum, by water-filling: those above are cut to one level, the
 * others stay. n counts the sources that hold 1/200 of the weight or more; below four of them there is no cap.
 * @param weights - milli-studies
 */
export function cappedWeights(weights: readonly bigint[]): readonly bigint[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0n);
  const n = weights.filter((weight) => weight > 0n && weight * COUNTED_SHARE >= total).length;
  if (n < 4) return weights;
  const level = levelOf(weights, total, capBasisPoints(n));
  return weights.map((weight) => (weight > level ? level : weight));
}

/** The cap in 1/10,000, for n of at least four. */
export function capBasisPoints(n: number): bigint {
  const shared = 20_000n / BigInt(n);
  return shared < 1_000n ? 1_000n : shared > 3_200n ? 3_200n : shared;
}

/** The level at which the heaviest are cut: with k of them above it, level = cap / (1 - k cap) of what the others hold together. */
function levelOf(weights: readonly bigint[], total: bigint, cap: bigint): bigint {
  const heaviestFirst = [...weights].sort((a, b) => (a > b ? -1 : a < b ? 1 : 0));
  let others = total;
  let level = heaviestFirst[0] as bigint;
  if (level * BASIS <= total * cap) return level;
  for (let k = 1; ; k++) {
    others -= heaviestFirst[k - 1] as bigint;
    level = (others * cap) / (BASIS - BigInt(k) * cap);
    if ((heaviestFirst[k] as bigint) <= level) return level;
  }
}
