/** Where randomness comes from. Spec: docs/spec/leader-election.md, section 2. */
import { encodeCanonical, hash } from '@radledger/primitives';

/** What the proposer of a height proves its VRF key on. Has no parent in it, so proofs can be made ahead. */
export function vrfAlpha(input: {
  readonly chainId: Uint8Array;
  readonly seed: Uint8Array;
  readonly epoch: number;
  readonly height: number;
}): Uint8Array {
  return encodeCanonical(['radledger/vrf/1', input.chainId, input.seed, input.epoch, input.height]);
}

/** Seed of epoch 0. */
export function firstSeed(chainId: Uint8Array): Uint8Array {
  return hash('radledger/first-seed/1', chainId);
}

/** Start of the running seed that becomes the seed of `epoch`: binds the chain and the seed before. */
export function runningSeedStart(chainId: Uint8Array, epoch: number, seedBefore: Uint8Array): Uint8Array {
  return hash('radledger/seed/1', chainId, epoch, seedBefore);
}

/** The running seed after one more block with a random output, in height order. */
export function runningSeedStep(running: Uint8Array, randomness: Uint8Array): Uint8Array {
  return hash('radledger/seed-step/1', running, randomness);
}

/** Whether a height is among the first ⌊2E/3⌋ of its epoch: later ones cannot steer the next seed. */
export function isBeforeCutOff(height: number, epochHeights: number): boolean {
  return height > 0 && (height - 1) % epochHeights < Math.floor((2 * epochHeights) / 3);
}
