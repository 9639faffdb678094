/** What blocks show of leaders: the one feed of the duty ledger. Spec: docs/spec/duties.md, section 1. */
import type { DutyCounts } from './duty-cells.js';

/** One view of one leader, as a block shows it: the same type for every consensus module. */
export interface DutyEvent {
  /** Height of the block that shows it. */
  readonly height: number;
  readonly epoch: number;
  readonly view: number;
  /** Source that was to lead. */
  readonly source: Uint8Array;
  /**
   * `NULLIFIED`: a certificate shows that the view was given up, and why. `EMPTY`: the chain has no block where the leader
   * should have made one, and nothing certifies it (`dutyEvidence` inferred). `UNRECORDED`: the view is closed, and the chain
   * shows neither block nor certificate of it.
   */
  readonly class: 'PRODUCED' | 'NULLIFIED' | 'UNRECORDED' | 'EMPTY';
  /** For `NULLIFIED`: weight of the voters, in milli-studies, by reason 0 (no proposal), 1 (invalid), 2 (late or other),
   *  3 (leader declines). Zeros otherwise. */
  readonly reasonWeights: readonly [bigint, bigint, bigint, bigint];
  /** Weight of the whole committee, in milli-studies. */
  readonly totalWeight: bigint;
  /** For `NULLIFIED`: the most weight that calls one and the same block of the leader invalid. Default 0. */
  readonly invalidWeight?: bigint;
  /** For `NULLIFIED`: the leader itself signed that it declines. Default false. */
  readonly leaderDeclined?: boolean;
}

/** A view that got its class, to be counted for its leader. */
export interface SettledView {
  readonly epoch: number;
  readonly view: number;
  readonly source: Uint8Array;
  readonly counter: keyof DutyCounts;
}
