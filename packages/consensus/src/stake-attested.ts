/** What authorities let a source count. Spec: docs/spec/leader-election.md, section 1. */
import { type AttestedCell, isAttestationPeriodLive, type Parameters } from '@radledger/chain';
import { MILLI } from './milli-studies.js';

/** Sum of the attested maxima of periods that reach into the stake window, in milli-studies; 0 for a source that nobody attests. */
export function attestedMaximum(cell: AttestedCell | undefined, height: number, parameters: Parameters): bigint {
  const live = cell?.maxima.filter(({ period }) => isAttestationPeriodLive(period, height, parameters)) ?? [];
  return live.reduce((sum, { countMax }) => sum + BigInt(countMax) * MILLI, 0n);
}
