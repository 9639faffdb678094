/** The weight that genesis gives, and how it goes. Spec: docs/spec/leader-election.md, section 1. */
import { MILLI } from './milli-studies.js';

/**
 * What is left of an endowment, in milli-studies: falls in a line to nothing over `endowmentHeights`, yet never below one study.
 * @param endowment - studies given by genesis; of 0 nothing is left
 */
export function endowmentLeft(endowment: number, height: number, endowmentHeights: number): bigint {
  if (endowment === 0) return 0n;
  const heightsLeft = BigInt(Math.max(0, endowmentHeights - height));
  const left = (BigInt(endowment) * MILLI * heightsLeft) / BigInt(endowmentHeights);
  return left > MILLI ? left : MILLI;
}
