import type { Block, Header } from '@radledger/chain';
import type { BlockVerdict, BuildRequest, EpochContext, FinalizedByProof, FinalizedState } from '@radledger/consensus';

/** There already, or still to come while virtual time stands still. */
export type MaybeLater<T> = T | Promise<T>;

/** The chain as one node has it, and what executes its blocks. What is finalized outlives a crash, nothing else does. */
export interface NodeChain {
  readonly height: number;
  readonly finalized: readonly FinalizedByProof[];
  /** Blocks above the finalized one whose effect is kept. */
  readonly overlayCount: number;
  /** Header of a block above the finalized one, or of the newest finalized one. */
  headerOf(id: Uint8Array): Header | undefined;
  /** Undefined while the boundary block before it is not finalized here. */
  epoch(epoch: number): EpochContext | undefined;
  state(): FinalizedState;
  /** Called at each start of the node. */
  open(): MaybeLater<void>;
  crash(): void;
  /** @returns false when nobody else need hear of it */
  submit(transaction: Uint8Array): MaybeLater<boolean>;
  /** Whether something waits that a child of the adopted tip could hold. */
  hasWaiting(tip: Uint8Array | undefined): boolean;
  adopt(id: Uint8Array): MaybeLater<void>;
  build(request: BuildRequest): MaybeLater<Block | undefined>;
  verify(block: Block): MaybeLater<BlockVerdict>;
  /** Passes over what does not stand on the newest finalized block. */
  finalize(blocks: readonly FinalizedByProof[]): MaybeLater<void>;
}
