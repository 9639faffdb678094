/** When a block is final: enough blocks on it and, where sources have weight, most of the weight behind it. */
import type { Header } from '@radledger/chain';
import { toHex } from '@radledger/primitives';
import type { EpochContext } from '../epoch-context.js';
import type { Settings } from './settings.js';

export interface FinalityRule {
  /** Blocks that must stand on a final one. */
  depth(settings: Settings): number;
  /** Who vouches for a block by proposing it or a descendant; left out: depth alone decides. */
  readonly vouching?: {
    /** What a member counts. */
    weightOf(member: EpochContext['leaders'][number]): bigint;
    /** Order of a header among all that its proposer makes; rises along a branch. */
    orderOf(header: Header): number;
    /** Highest order of a header of this proposer on another branch: it vouches for nothing up to there. */
    exceptUpTo(header: Header): number;
  };
}

/**
 * Whether a block is final by what stands on it.
 * @param chain - the block, then its descendants, each a child of the one before
 * @param epoch - the block's
 */
export function isFinal(
  chain: readonly Header[],
  rule: FinalityRule,
  context: { readonly settings: Settings; readonly epoch: EpochContext },
): boolean {
  const [block] = chain;
  if (block === undefined || chain.length - 1 < rule.depth(context.settings)) return false;
  const { vouching } = rule;
  if (vouching === undefined) return true;
  const order = vouching.orderOf(block);
  const behind = new Set(chain.filter((header) => vouching.exceptUpTo(header) < order).map(proposerOf));
  let weight = 0n;
  let total = 0n;
  for (const member of context.epoch.leaders) {
    const counts = vouching.weightOf(member);
    total += counts;
    if (behind.has(toHex(member.source))) weight += counts;
  }
  return weight * 2n > total;
}

function proposerOf({ proposer }: Header): string {
  return toHex(proposer);
}
