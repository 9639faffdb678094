/** The port through which a consensus module decides seeds, voters and duties. Spec: docs/spec/blocks.md, section 5. */
import type { AttestedCell, CountedCell, EpochCell, SourceCell } from './cells.js';
import type { AbsentCell, DutiesCell, DutyCell, ViewsCell } from './duty-cells.js';
import type { DutyEvent, SettledView } from './duty-event.js';
import type { EvidenceRules } from './evidence.js';
import type { SealedPosition } from './header.js';
import type { Parameters, Policies } from './parameters.js';

/** What every rule knows. */
export interface RulesContext {
  readonly chainId: Uint8Array;
  readonly parameters: Parameters;
  readonly policies: Policies;
}

/** A source as it stands in its cell. */
export interface SourceEntry {
  readonly source: Uint8Array;
  readonly cell: SourceCell;
  /** True when its node key may never sign again: that source was shown to have signed what excludes each other. */
  readonly tombstoned?: boolean;
}

/** What the stake policy remembers of a source. */
export interface CountedEntry {
  readonly source: Uint8Array;
  readonly cell: CountedCell;
}

/** What authorities say of a source. */
export interface AttestedEntry {
  readonly source: Uint8Array;
  readonly cell: AttestedCell;
}

export interface GenesisRulesInput extends RulesContext {
  /** All genesis sources, in the order of their ids. */
  readonly sources: readonly SourceEntry[];
}

export interface SeedInput extends RulesContext {
  readonly epoch: number;
  readonly height: number;
  /** What `randomnessOf` found in this block. */
  readonly randomness: Uint8Array | undefined;
  readonly runningSeed: Uint8Array;
}

export interface CloseEpochInput extends RulesContext {
  /** The epoch that this block closes, and the block's height (epoch + 1) * E. */
  readonly epoch: number;
  readonly height: number;
  /**
   * All sources after this block, in the order of their ids. `cell.endowment` is genesis' gift; `cell.studies` has lost what
   * left the stake window with this epoch.
   */
  readonly sources: readonly SourceEntry[];
  /** What `closeEpoch` remembered at earlier boundaries, in the order of source ids. */
  readonly counted: readonly CountedEntry[];
  /** What authorities attest, in the order of source ids; read under the stake policy `attested` only, else empty. */
  readonly attested: readonly AttestedEntry[];
  /** After this block's own `accumulateSeed`. */
  readonly runningSeed: Uint8Array;
  /** The cell of `epoch`, complete. */
  readonly current: EpochCell;
  /** The newest cell so far: of `epoch + 1 + seedLag`, members known, no seed yet. */
  readonly next: EpochCell;
  /** After this block's own `closeViews`. */
  readonly views: ViewsCell;
  /** All duty cells after this block, in the order of source ids. */
  readonly duties: readonly DutyEntry[];
  /** Who is left out of `epoch`. */
  readonly absent: AbsentCell;
  /** The accounts of the epoch that leaves the window with this one, if it had any. */
  readonly leaving: DutiesCell | undefined;
}

/** A source's duty record. */
export interface DutyEntry {
  readonly source: Uint8Array;
  readonly cell: DutyCell;
}

export interface CloseViewsInput extends RulesContext {
  /** The block that closes views, as far as it stands before it is executed. */
  readonly position: SealedPosition;
  readonly justification: Uint8Array;
  /** The complete epoch of the block's height, and the one before it, if there is one. */
  readonly current: EpochCell;
  readonly previous: EpochCell | undefined;
  /** After this block's transactions. */
  readonly views: ViewsCell;
}

export interface CloseViewsResult {
  readonly views: ViewsCell;
  /** Views that got their class in this block; those that a storm excluded are not among them. */
  readonly settled: readonly SettledView[];
  /** What the block shows, for the record: the core keeps it beside the block. */
  readonly events: readonly DutyEvent[];
}

export interface CloseEpochResult {
  /** Start value of the running seed in epoch + 1; 32 bytes. */
  readonly runningSeed: Uint8Array;
  /** Seed of epoch + 1 + seedLag; 32 bytes. */
  readonly seed: Uint8Array;
  /** Members that `next` gets, in the order of source ids: its own, or those of `current` when these go on. */
  readonly nextMembers: EpochCell['members'];
  /** Members of epoch + 2 + seedLag, from the snapshot at this boundary, in the order of source ids. */
  readonly members: EpochCell['members'];
  /** Counted cells to write: those that changed. */
  readonly counted: readonly CountedEntry[];
  /** Left out of epoch + 2 + seedLag; and of `next` when `current`'s members go on, else undefined. */
  readonly absent: AbsentCell;
  readonly nextAbsent: AbsentCell | undefined;
  /** The accounts of `epoch`. */
  readonly account: DutiesCell;
  /** The duty records and views with which epoch + 1 starts; records that are not listed stay as they are. */
  readonly duties: readonly { readonly source: Uint8Array; readonly cell: DutyCell | undefined }[];
  readonly views: ViewsCell;
}

/**
 * Swap-in point: who votes, what decides leaders, and what became of their duties. Every implementation must be
 * - pure and synchronous: no clock, randomness, I/O, or change to its input;
 * - deterministic: equal input gives equal output on every platform; integers only;
 * - total: it answers for every input that chain can give, but for the one throw named below. A seal it cannot read is
 *   `randomnessOf` = undefined: judging the seal is the module's, before execution.
 * The snapshot at the end of epoch e decides the members of e + 2, the randomness of epoch e the seed of e + 1; both one epoch
 * later when `seedLag` is 1.
 */
export interface ChainRules {
  /** Named in genesis as `moduleId`. */
  readonly id: string;
  /** `NO_EVIDENCE` for a module that can prove nothing. */
  readonly evidence: EvidenceRules;
  /**
   * 0: an epoch is complete when the one before has closed, for consensus that makes a boundary block final before it goes on.
   * 1: when the one before that has closed, for consensus whose finality trails behind.
   */
  readonly seedLag: 0 | 1;
  /** Epochs 0 and 1, epoch 1 with a seed exactly when `seedLag` is 1, and the running seed that epoch 0 starts with. */
  openGenesis(input: GenesisRulesInput): {
    readonly runningSeed: Uint8Array;
    readonly seed: Uint8Array;
    readonly members: EpochCell['members'];
    /** Members of epoch 1, and of epoch 2 when `seedLag` is 1. */
    readonly nextMembers: EpochCell['members'];
    readonly nextSeed?: Uint8Array;
  };
  /** The VRF output of a block, from its seal; undefined when it has none. */
  randomnessOf(position: SealedPosition): Uint8Array | undefined;
  /** The running seed after a block; 32 bytes. Called for every block above genesis. */
  accumulateSeed(input: SeedInput): Uint8Array;
  /**
   * Which views a block closes, and which of those that waited are settled in it. Called for every block above genesis, after
   * its transactions.
   * @throws {CodedError} when the justification cannot be read: the block is invalid. `checkBody` of the module came first.
   */
  closeViews(input: CloseViewsInput): CloseViewsResult;
  /** Called in the block at each boundary height, after its transactions, `accumulateSeed` and `closeViews`. */
  closeEpoch(input: CloseEpochInput): CloseEpochResult;
}
