/** The growth bound of stake, and the memory it needs. Spec: docs/spec/leader-election.md, section 1. */
import type { CountedCell, Parameters } from '@radledger/chain';
import { MILLI } from './milli-studies.js';

/**
 * Most that a source may count at this boundary, in milli-studies: a base and 5/4 of what it counted `stakeGrowthPeriods` ago. What is
 * above stays recorded in its studies and counts later: care is never blocked.
 * @param given - what it counted before its first sample: the endowment of genesis, in milli-studies
 */
export function growthBound(cell: CountedCell, given: bigint, height: number, parameters: Parameters): bigint {
  const past = cell.samples[pastIndex(cell, height, parameters)]?.counted ?? given;
  return BigInt(parameters.stakeGrowthBase) * MILLI + (past * 5n) / 4n;
}

/**
 * The cell after a boundary that counted `counted`: one sample a period, of its last boundary, where it differs from the one before;
 * samples that no later boundary can ask for are gone. The same object when nothing changed.
 */
export function remembered(
  cell: CountedCell,
  given: bigint,
  counted: bigint,
  height: number,
  parameters: Parameters,
): CountedCell {
  const period = periodOf(height, parameters);
  const kept = cell.samples.slice(Math.max(0, pastIndex(cell, height, parameters)));
  const earlier = kept.filter((sample) => sample.period < period);
  const isNew = (earlier.at(-1)?.counted ?? given) !== counted;
  const samples = isNew ? [...earlier, { period, counted }] : earlier;
  const isSame =
    cell.counted === counted &&
    samples.length === cell.samples.length &&
    samples.at(-1)?.period === cell.samples.at(-1)?.period &&
    samples.at(-1)?.counted === cell.samples.at(-1)?.counted;
  return isSame ? cell : { counted, samples };
}

/** Index of the newest sample that is `stakeGrowthPeriods` old or older; -1 when there is none. */
function pastIndex({ samples }: CountedCell, height: number, parameters: Parameters): number {
  const latest = periodOf(height, parameters) - parameters.stakeGrowthPeriods;
  return samples.findLastIndex(({ period }) => period <= latest);
}

function periodOf(height: number, parameters: Parameters): number {
  return Math.floor(height / parameters.quotaPeriodHeights);
}
