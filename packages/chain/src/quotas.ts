/** Quotas as validity rules (D10): integer token buckets refilled by height. Spec: docs/spec/state.md, section 4. */
import type { QuotaBucket, SourceCell, StudyRate } from './cells.js';
import type { Parameters } from './parameters.js';

/** A full bucket for the Allows and new tombstones of one study. */
export function fullStudyQuota(height: number, parameters: Parameters): QuotaBucket {
  return { units: studyCapacity(parameters), height };
}

/**
 * The study's bucket after one more token is spent; undefined when it holds less than the spender may take. A delegate leaves
 * the last quarter to the owner, who could otherwise be kept from moving the study.
 */
export function spendStudyQuota(
  bucket: QuotaBucket,
  spender: 'owner' | 'delegate',
  height: number,
  parameters: Parameters,
): QuotaBucket | undefined {
  // One token is as many units as the heights it takes to come back, so a height refills one unit.
  const units = Math.min(studyCapacity(parameters), bucket.units + (height - bucket.height));
  const { studyAllowBurst, studyAllowRefillHeights: cost } = parameters;
  const reserved = spender === 'owner' ? 0 : Math.floor(studyAllowBurst / 4) * cost;
  return units < cost + reserved ? undefined : { units: units - cost, height };
}

/** Full buckets and no history: what a source starts with. */
export function newSourceQuotas(
  height: number,
  parameters: Parameters,
): Pick<SourceCell, 'studyQuota' | 'allowQuota' | 'rate'> {
  const rate: StudyRate = { period: periodOf(height, parameters), count: 0, meanMilli: 0 };
  return {
    studyQuota: { units: studiesCapacityMilli(rate, parameters) * parameters.quotaPeriodHeights, height },
    allowQuota: { units: allowsCapacityMilli(rate, parameters) * parameters.quotaPeriodHeights, height },
    rate,
  };
}

/** The source after one more Define Study; undefined when its bucket holds less than one token. */
export function spendDefineStudy(cell: SourceCell, height: number, parameters: Parameters): SourceCell | undefined {
  const spent = spendRotateKey(cell, height, parameters);
  return spent && { ...spent, rate: { ...spent.rate, count: spent.rate.count + 1 } };
}

/** The source after one more Rotate Key: a token of the same bucket, for it too leaves a cell for ever; not counted in its rate. */
export function spendRotateKey(cell: SourceCell, height: number, parameters: Parameters): SourceCell | undefined {
  const rate = rateAt(cell.rate, height, parameters);
  const studyQuota = spend(cell.studyQuota, studiesCapacityMilli(rate, parameters), height, parameters);
  return studyQuota && { ...cell, studyQuota, rate };
}

/** The source after one more Allow or new tombstone of its studies; undefined when its bucket holds less than one token. */
export function spendSourceAllow(cell: SourceCell, height: number, parameters: Parameters): SourceCell | undefined {
  const rate = rateAt(cell.rate, height, parameters);
  const allowQuota = spend(cell.allowQuota, allowsCapacityMilli(rate, parameters), height, parameters);
  return allowQuota && { ...cell, allowQuota, rate };
}

/** A full bucket of an authority. */
export function fullAuthorityQuota(height: number, parameters: Parameters): QuotaBucket {
  return { units: attestsCapacityMilli(parameters) * parameters.quotaPeriodHeights, height };
}

/** The authority's bucket after one more attestation; undefined when it holds less than one token. */
export function spendAttest(bucket: QuotaBucket, height: number, parameters: Parameters): QuotaBucket | undefined {
  return spend(bucket, attestsCapacityMilli(parameters), height, parameters);
}

/**
 * The rate seen from `height`: each period that ended since enters the mean with weight 1/window. Integers only:
 * mean' = floor((mean x (window - 1) + count x 1000) / window).
 */
export function rateAt(rate: StudyRate, height: number, parameters: Parameters): StudyRate {
  const period = periodOf(height, parameters);
  const window = parameters.rateWindowPeriods;
  let { count, meanMilli } = rate;
  for (let at = rate.period; at < period; at++) {
    meanMilli = Math.floor((meanMilli * (window - 1) + count * 1_000) / window);
    count = 0;
    if (meanMilli === 0) break; // nothing is left that could change in the periods to come
  }
  return { period, count, meanMilli };
}

/** Tokens of 1/1000 that a source may spend on Define Study in a period: base + factor x mean rate. */
export function studiesCapacityMilli(rate: StudyRate, parameters: Parameters): number {
  return bounded(parameters.sourceStudyBase * 1_000 + parameters.sourceStudyRateFactor * rate.meanMilli, parameters);
}

/** Tokens of 1/1000 that the studies of a source may spend on Allows in a period. */
export function allowsCapacityMilli(rate: StudyRate, parameters: Parameters): number {
  return bounded(parameters.sourceAllowFactor * studiesCapacityMilli(rate, parameters), parameters);
}

/** Refills `capacityMilli` units a height up to a period's worth, and takes one token: 1000 units a height of the period. */
function spend(
  bucket: QuotaBucket,
  capacityMilli: number,
  height: number,
  parameters: Parameters,
): QuotaBucket | undefined {
  const period = parameters.quotaPeriodHeights;
  const elapsed = Math.min(period, height - bucket.height);
  const units = Math.min(capacityMilli * period, bucket.units + elapsed * capacityMilli);
  const cost = 1_000 * period;
  return units < cost ? undefined : { units: units - cost, height };
}

function attestsCapacityMilli(parameters: Parameters): number {
  return bounded(parameters.attestsPerPeriod * 1_000, parameters);
}

function studyCapacity(parameters: Parameters): number {
  return parameters.studyAllowBurst * parameters.studyAllowRefillHeights;
}

function periodOf(height: number, parameters: Parameters): number {
  return Math.floor(height / parameters.quotaPeriodHeights);
}

/** Keeps twice a period's units below 2^53, so that every sum above is exact. */
function bounded(capacityMilli: number, parameters: Parameters): number {
  return Math.min(capacityMilli, Math.floor(2 ** 52 / parameters.quotaPeriodHeights));
}
