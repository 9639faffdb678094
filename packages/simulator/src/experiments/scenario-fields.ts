/** Fields that several kinds of scenario share. Format and limits: docs/spec/scenario.md. */
import { z } from 'zod';
import { ExperimentError } from './errors.js';

export const SCENARIO_FORMAT = 'radledger/scenario/1';

export const text = (max: number) => z.string().trim().min(1).max(max);
export const whole = (min: number, max: number) => z.int().min(min).max(max);

export const common = {
  format: z.literal(SCENARIO_FORMAT),
  title: text(100),
  description: text(1_000).optional(),
  seed: whole(0, 0xffff_ffff),
};

export const stake = z.discriminatedUnion('distribution', [
  z.strictObject({ distribution: z.literal('equal'), studies: whole(1, 1_000_000) }),
  z.strictObject({
    distribution: z.literal('lognormal'),
    medianStudies: whole(1, 1_000_000),
    sigma: z.number().min(0).max(4),
  }),
  z.strictObject({ distribution: z.literal('list'), studies: z.array(whole(0, 1_000_000)).min(1).max(20_000) }),
]);

export type StakeDistribution = z.output<typeof stake>;

/** @throws {ExperimentError} `SCENARIO_INVALID` when a list of stakes does not fit the number of sources, or is all nothing */
export function checkStake(distribution: StakeDistribution, sources: number): void {
  if (distribution.distribution !== 'list') return;
  const { studies } = distribution;
  if (studies.length !== sources)
    throw invalid('stake.studies', `expected ${sources} numbers, one for each of "sources"`);
  if (studies.every((count) => count === 0)) throw invalid('stake.studies', 'expected at least one number above 0');
}

/** @param path - where in the file, such as `faults[2].atMs`; empty for the whole */
export function invalid(path: string, message: string): ExperimentError {
  return new ExperimentError({ code: 'SCENARIO_INVALID', path }, path === '' ? message : `${path}: ${message}`);
}
