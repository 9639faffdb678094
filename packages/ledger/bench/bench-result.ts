/** One line of `npm run bench`. */
export interface BenchResult {
  readonly name: string;
  readonly figure: number;
  readonly unit: string;
  /** Null where the figure stands for itself. */
  readonly floor: number | null;
  readonly floorName: string | null;
  readonly ratio: number | null;
  readonly target: number | string;
}

/** The value below which `share` (0 to 1) of the values lie. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
