/** Whether two series of timings have one mean. Source: B. L. Welch, Biometrika 34 (1947); the cropping and the bound are dudect's (Reparaz et al., 2017). */

/** Above it two means differ for certain: dudect's bound. */
export const T_MAX = 4.5;

/** Timings up to this quantile of both series together count: what lies above is the machine, not the program. */
const CROPPED_AT = 0.9;

export interface Welch {
  readonly t: number;
  readonly meansMs: readonly [number, number];
}

/** Welch's t of two series after cropping both at one threshold. */
export function welch(first: readonly number[], second: readonly number[]): Welch {
  const all = [...first, ...second].sort((a, b) => a - b);
  const threshold = all[Math.floor(all.length * CROPPED_AT)] ?? Number.POSITIVE_INFINITY;
  const [a, b] = [first, second].map((series) => momentsOf(series.filter((value) => value <= threshold)));
  if (a === undefined || b === undefined) throw new RangeError('expected two series');
  const t = (a.mean - b.mean) / Math.sqrt(a.variance / a.count + b.variance / b.count);
  return { t, meansMs: [a.mean, b.mean] };
}

function momentsOf(values: readonly number[]): { count: number; mean: number; variance: number } {
  const count = values.length;
  if (count < 2) throw new RangeError('expected two values or more');
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1);
  return { count, mean, variance };
}
