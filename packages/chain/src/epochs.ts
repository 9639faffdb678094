/** Which heights share one set of voters. Spec: docs/spec/blocks.md, section 5. */

/** Epoch of a height: epoch e has the heights e*E+1 to (e+1)*E; genesis, height 0, counts as epoch 0. */
export function epochOfHeight(height: number, epochHeights: number): number {
  return height === 0 ? 0 : Math.floor((height - 1) / epochHeights);
}

/** First height of an epoch: e*E+1. */
export function firstHeightOfEpoch(epoch: number, epochHeights: number): number {
  return epoch * epochHeights + 1;
}

/** True for k*E, k >= 1: the block that closes epoch k-1. */
export function isBoundaryHeight(height: number, epochHeights: number): boolean {
  return height > 0 && height % epochHeights === 0;
}
