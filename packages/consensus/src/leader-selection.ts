/** Leader selection with chance proportional to stake. Spec: docs/spec/leader-election.md, section 3. */
import { hash } from '@radledger/primitives';
import type { EpochContext, Member } from './epoch-context.js';
import { ConsensusError } from './errors.js';

const TAG = 'radledger/leader/1';

/** Prefix sums per list of leaders: computed once an epoch, read every view. */
const prefixSums = new WeakMap<readonly Member[], readonly bigint[]>();

/**
 * Seat holder that leads a view: chance weight / total, independently per view; pure.
 * @throws {ConsensusError} `NO_STAKE` when nobody has weight
 */
export function leaderOf(
  chainId: Uint8Array,
  epoch: Pick<EpochContext, 'epoch' | 'seed' | 'leaders'>,
  view: number,
): Member {
  const sums = sumsOf(epoch.leaders);
  const total = sums.at(-1) ?? 0n;
  if (total === 0n) {
    throw new ConsensusError(
      { code: 'NO_STAKE', sourceCount: epoch.leaders.length },
      'somebody must have weight to lead',
    );
  }
  const draw = leading128Bits(hash(TAG, chainId, epoch.seed, epoch.epoch, view));
  // Multiply and shift: 128 bits over a total below 2^53 leave a bias under 2^-75, without a loop.
  return epoch.leaders[firstAbove(sums, (draw * total) >> 128n)] as Member;
}

function leading128Bits(digest: Uint8Array): bigint {
  let value = 0n;
  for (let i = 0; i < 16; i++) value = (value << 8n) | BigInt(digest[i] as number);
  return value;
}

function sumsOf(leaders: readonly Member[]): readonly bigint[] {
  const known = prefixSums.get(leaders);
  if (known !== undefined) return known;
  let sum = 0n;
  const sums = leaders.map(({ weight }) => {
    sum += weight;
    return sum;
  });
  prefixSums.set(leaders, sums);
  return sums;
}

/** Index of the first sum above `x`; there is one, as x is below the last. */
function firstAbove(sums: readonly bigint[], x: bigint): number {
  let low = 0;
  let high = sums.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sums[middle] as bigint) > x) high = middle;
    else low = middle + 1;
  }
  return low;
}
