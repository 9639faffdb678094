/** Which blocks of a branch are final, by what stands on them. Spec: docs/spec/fork-choice.md, section 2. */
import type { Header } from '@radledger/chain';
import { toHex } from '@radledger/primitives';
import type { EpochContext } from '../epoch-context.js';
import type { Settings } from './settings.js';

export interface FinalityRule {
  /** Blocks that must stand on a final one. */
  depth(settings: Settings): number;
  /** Who vouches for a block by proposing it or a descendant; left out: depth alone decides. */
  readonly vouching?: Vouching;
}

export interface Vouching {
  /** What a member counts. */
  weightOf(member: EpochContext['leaders'][number]): bigint;
  /** Highest timestamp of a header of this proposer on another branch: it vouches for nothing up to there. */
  exceptUpTo(header: Header): number;
  /**
   * 1: final once more than half of the weight vouches. 2: *justified* once more than two thirds vouch, final once more than two
   * thirds have vouched again, on branches that showed the justification; and nobody leaves a justified block but for a later one.
   */
  readonly rounds: 1 | 2;
}

export interface FinalityContext {
  readonly settings: Settings;
  /** Undefined where the epoch of a height is not known: nothing there is final. */
  epochAt(height: number): EpochContext | undefined;
}

/**
 * @param chain - each header a child of the one before
 * @returns index of the newest header that those after it make final; -1: none
 */
export function newestFinal(chain: readonly Header[], rule: FinalityRule, context: FinalityContext): number {
  const { vouching } = rule;
  const newest = chain.length - 1 - rule.depth(context.settings);
  if (vouching === undefined) return Math.max(-1, newest);
  const tally = new Tally(chain, vouching, context);
  for (let index = newest; index >= 0; index--) if (tally.isFinal(index)) return index;
  return -1;
}

/**
 * @param aboveMs - only headers later than this are looked at
 * @returns timestamp of the newest header that those after it justify; `aboveMs` when there is none
 */
export function newestJustifiedMs(
  chain: readonly Header[],
  { vouching }: FinalityRule,
  context: FinalityContext,
  aboveMs: number,
): number {
  if (vouching?.rounds !== 2) return aboveMs;
  const tally = new Tally(chain, vouching, context);
  for (let index = chain.length - 1; index >= 0; index--) {
    const { timestampMs } = chain[index] as Header;
    if (timestampMs <= aboveMs) break;
    if (tally.quorumAt(index, index) !== undefined) return timestampMs;
  }
  return aboveMs;
}

interface Weights {
  readonly of: ReadonlyMap<string, bigint>;
  readonly total: bigint;
}

class Tally {
  private readonly ballots: readonly {
    readonly by: string;
    readonly timestampMs: number;
    readonly exceptUpTo: number;
  }[];
  private readonly weights = new Map<number, Weights>();

  constructor(
    private readonly chain: readonly Header[],
    private readonly vouching: Vouching,
    private readonly context: FinalityContext,
  ) {
    this.ballots = chain.map((header) => ({
      by: toHex(header.proposer),
      timestampMs: header.timestampMs,
      exceptUpTo: vouching.exceptUpTo(header),
    }));
  }

  isFinal(index: number): boolean {
    const first = this.quorumAt(index, index);
    if (first === undefined) return false;
    return this.vouching.rounds === 1 || this.quorumAt(index, first + 1) !== undefined;
  }

  /** Index of the header that completes a quorum for the one at `index` among those from `from` on. */
  quorumAt(index: number, from: number): number | undefined {
    const weights = this.weightsAt(index);
    const { timestampMs } = this.ballots[index] as (typeof this.ballots)[number];
    const seen = new Set<string>();
    let weight = 0n;
    for (let at = from; weights !== undefined && at < this.ballots.length; at++) {
      const { by, exceptUpTo } = this.ballots[at] as (typeof this.ballots)[number];
      if (exceptUpTo >= timestampMs || seen.has(by)) continue;
      seen.add(by);
      weight += weights.of.get(by) ?? 0n;
      const isQuorum = this.vouching.rounds === 1 ? weight * 2n > weights.total : weight * 3n > weights.total * 2n;
      if (isQuorum) return at;
    }
    return undefined;
  }

  private weightsAt(index: number): Weights | undefined {
    const epoch = this.context.epochAt((this.chain[index] as Header).height);
    if (epoch === undefined) return undefined;
    const known = this.weights.get(epoch.epoch);
    if (known !== undefined) return known;
    const of = new Map(epoch.leaders.map((member) => [toHex(member.source), this.vouching.weightOf(member)]));
    const weights = { of, total: [...of.values()].reduce((sum, weight) => sum + weight, 0n) };
    this.weights.set(epoch.epoch, weights);
    return weights;
  }
}
