/** Intervals and tests for counts. Sources are named at each formula; test/experiments/statistics.test.ts holds known values. */

/** Two-sided 95% of the normal distribution. */
const Z_95 = 1.959963984540054;

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/**
 * Where 95% of the observed shares lie when the true share is `share`: the score test, whose inverse is Wilson's interval. A
 * sample lies inside exactly when its Wilson interval holds `share`.
 * @param share - 0 to 1
 * @param total - size of the sample, 1 or more
 * @see Wilson, Journal of the American Statistical Association 22 (1927), 209-212
 */
export function expectedBand(share: number, total: number): Interval {
  const half = Z_95 * Math.sqrt((share * (1 - share)) / total);
  return { low: Math.max(0, share - half), high: Math.min(1, share + half) };
}

/** Pearson's statistic; every `expected` above 0, and 5 or more for the distribution to hold. */
export function chiSquare(observed: readonly number[], expected: readonly number[]): number {
  return observed.reduce(
    (sum, count, index) => sum + (count - (expected[index] as number)) ** 2 / (expected[index] as number),
    0,
  );
}

/**
 * Chance of a chi-square value of `value` or more by luck alone: Q(k/2, x/2).
 * @param degrees - 1 or more
 */
export function chiSquareTail(value: number, degrees: number): number {
  return upperGammaShare(degrees / 2, value / 2);
}

/**
 * Regularised upper incomplete gamma function: series below a + 1, continued fraction above.
 * @see Abramowitz and Stegun, 6.5.29 and 6.5.31; evaluated by Lentz's method
 */
function upperGammaShare(a: number, x: number): number {
  if (x <= 0) return 1;
  const front = Math.exp(a * Math.log(x) - x - logGamma(a));
  if (x < a + 1) {
    let term = 1 / a;
    let sum = term;
    for (let n = 1; term > sum * 1e-16; n++) {
      term *= x / (a + n);
      sum += term;
    }
    return Math.max(0, 1 - front * sum);
  }
  let b = x + 1 - a;
  let c = 1e300;
  let d = 1 / b;
  let fraction = d;
  for (let n = 1; n < 100_000; n++) {
    const numerator = -n * (n - a);
    b += 2;
    d = 1 / (numerator * d + b);
    c = b + numerator / c;
    fraction *= c * d;
    if (Math.abs(c * d - 1) < 1e-15) break;
  }
  return front * fraction;
}

/** Lanczos' approximation for x >= 1/2, 9 terms, error below 1e-13. @see Godfrey's coefficients, g = 7 */
function logGamma(x: number): number {
  const coefficients = [
    0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
    12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
  ];
  const shifted = x - 1;
  const series = coefficients.reduce((sum, value, index) => (index === 0 ? value : sum + value / (shifted + index)), 0);
  const t = shifted + 7.5;
  return 0.5 * Math.log(2 * Math.PI) + (shifted + 0.5) * Math.log(t) - t + Math.log(series);
}

/** Value below which `share` (0 to 1) of the sorted numbers lie: the nearest rank. `sorted` has one number or more. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] as number;
}
