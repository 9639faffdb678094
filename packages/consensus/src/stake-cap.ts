/** No source outweighs the others. Spec: docs/spec/leader-election.md, section 1. */

const BASIS = 10_000n;
/** Sources with less than 1/200 of all weight make no crowd: there is no cap unless four hold as much. */
const COUNTED_SHARE = 200n;

/**
 * Weights of which none is above max(10%, min(32%, 200% / n)) of their sum, by water-filling: those above are cut to one level, the
 * others stay. n is the effective number of sources; there is no cap where fewer than four hold 1/200 of the weight or more.
 * @param weights - milli-studies
 */
export function cappedWeights(weights: readonly bigint[]): readonly bigint[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0n);
  const weighty = weights.filter((weight) => weight > 0n && weight * COUNTED_SHARE >= total).length;
  if (weighty < 4) return weights;
  const level = levelOf(weights, total, capBasisPoints(effectiveNumber(weights)));
  return weights.map((weight) => (weight > level ? level : weight));
}

/**
 * How many sources of equal weight would be as concentrated as these: the square of the sum over the sum of squares, rounded down. Their
 * count when all weigh the same; a crowd of light sources hardly raises it, or splitting would lower the cap of all others.
 * @see Laakso and Taagepera, Comparative Political Studies 12 (1979), 3-27
 */
export function effectiveNumber(weights: readonly bigint[]): bigint {
  const total = weights.reduce((sum, weight) => sum + weight, 0n);
  const squares = weights.reduce((sum, weight) => sum + weight * weight, 0n);
  return squares === 0n ? 0n : (total * total) / squares;
}

/** The cap in 1/10,000 for n sources, 1 or more. */
export function capBasisPoints(n: bigint): bigint {
  const shared = 20_000n / n;
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
