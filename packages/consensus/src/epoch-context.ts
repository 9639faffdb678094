/** What a consensus module knows of one epoch: fixed before the epoch begins, equal on every node. */

/** One seat of a committee. */
export interface Member {
  /** Source id, 32 bytes; never changes. */
  readonly source: Uint8Array;
  /** Key that signs votes and proposals in this epoch, 32 bytes. */
  readonly nodeKey: Uint8Array;
  /** Key of the random proofs in this epoch, 32 bytes. */
  readonly vrfKey: Uint8Array;
  /** Milli-studies, above 0. */
  readonly weight: bigint;
}

export interface EpochContext {
  readonly epoch: number;
  /** σ_e, 32 bytes: decides the leaders. */
  readonly seed: Uint8Array;
  /** Everyone who may lead, ascending by source id. */
  readonly leaders: readonly Member[];
  /** The voters: at most 128, ascending by source id; the position is the seat number in every message. */
  readonly committee: readonly Member[];
  /** Commits to the voters, 32 bytes; part of everything they sign. */
  readonly committeeRoot: Uint8Array;
  /** Sum of the committee's weights. */
  readonly totalWeight: bigint;
  /**
   * Set when the voters of this epoch were replaced after this height: certificates of those before count no more, and the
   * first block above is justified like the first above genesis.
   */
  readonly recoveredHeight?: number;
}

/** Contexts that the caller knows: the current epoch and the one before at least. */
export type EpochLookup = (epoch: number) => EpochContext | undefined;
