/** Stakes of a scenario's sources, in milli-studies, by number of the source. */
import type { Prng } from '../prng.js';
import type { StakeDistribution } from './scenario-fields.js';

const MILLI = 1000;
/** No draw is above it, so that the sum over all sources stays below 2^53 milli-studies. */
const STUDIES_MAX = 100_000_000;

/** @returns one stake a source, each 0 or more; at least one is above 0 */
export function stakesOf(distribution: StakeDistribution, sources: number, prng: Prng): readonly bigint[] {
  switch (distribution.distribution) {
    case 'equal':
      return Array.from({ length: sources }, () => BigInt(distribution.studies * MILLI));
    case 'lognormal':
      return Array.from({ length: sources }, () => {
        const studies = distribution.medianStudies * Math.exp(distribution.sigma * standardNormal(prng));
        return BigInt(Math.round(Math.min(Math.max(studies, 1), STUDIES_MAX) * MILLI));
      });
    case 'list':
      return distribution.studies.map((studies) => BigInt(studies * MILLI));
  }
}

/** Box and Muller: one normal draw of two even ones. */
function standardNormal(prng: Prng): number {
  const radius = Math.sqrt(-2 * Math.log((prng.next() + 1) / 2 ** 32));
  return radius * Math.cos((2 * Math.PI * prng.next()) / 2 ** 32);
}
