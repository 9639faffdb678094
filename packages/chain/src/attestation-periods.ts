/** The spans of heights that authorities attest studies for. Spec: docs/spec/transactions.md, section 6. */
import type { Parameters } from './parameters.js';

/** Period of a height: `rateWindowPeriods` quota periods long, 28 days by default. */
export function attestationPeriodOf(height: number, parameters: Parameters): number {
  return Math.floor(height / attestationHeights(parameters));
}

/** Whether studies of that period may still lie in the stake window at a height. */
export function isAttestationPeriodLive(period: number, height: number, parameters: Parameters): boolean {
  const windowHeights = parameters.stakeWindowEpochs * parameters.epochHeights;
  return (period + 1) * attestationHeights(parameters) > height - windowHeights;
}

function attestationHeights({ quotaPeriodHeights, rateWindowPeriods }: Parameters): number {
  return quotaPeriodHeights * rateWindowPeriods;
}
