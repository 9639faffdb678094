/** What a host needs from its surroundings. `ledger` and `simulator` fulfil it. */
import type { Block } from '@radledger/chain';
import type { SignatureClaim } from '@radledger/primitives';
import type { EpochContext } from '../epoch-context.js';
import type { BlockVerdict, BuildRequest, ConsensusReport, FinalizedByProof, PeerId, VrfClaim } from '../module.js';

/** A port may answer at once or later. An answer at once is used at once: virtual time needs no microtasks. */
export type Awaitable<T> = T | PromiseLike<T>;

export interface HostPorts {
  /** Unix ms. */
  now(): number;
  /** Calls `host.timer(id)` at `atMs` or, when that is past, soon; replaces an earlier timer of this id. */
  setTimer(id: string, atMs: number): void;
  cancelTimer(id: string): void;
  send(peer: PeerId, bytes: Uint8Array): void;
  /** To every connected peer; not back to this node. */
  broadcast(bytes: Uint8Array): void;
  /** Whether every signature holds: `verifyAll` of primitives. */
  verifyClaims(claims: readonly SignatureClaim[]): Awaitable<boolean>;
  /** Whether every random proof holds: `verifyVrfClaims` of this package. */
  verifyVrf(claims: readonly VrfClaim[]): Awaitable<boolean>;
  /**
   * Signature of the node key, 64 bytes. Called only after the record is durable.
   * @param nodeKey - the key of the record's epoch; undefined when the epoch is not known
   */
  sign(bytes: Uint8Array, nodeKey: Uint8Array | undefined): Awaitable<Uint8Array>;
  /**
   * Random proof, 80 bytes, of that very key; undefined when this node does not hold it.
   * @param vrfKey - the key of the epoch; undefined when the epoch is not known
   */
  prove(alpha: Uint8Array, vrfKey: Uint8Array | undefined): Awaitable<Uint8Array | undefined>;
  readonly signLog: {
    /** Settles when the record is on disk. Appends made together may share one sync. */
    append(record: Uint8Array, nodeKey: Uint8Array | undefined): Awaitable<void>;
    /** Replaces the whole log of this key by these records, atomically. Without it the log only grows. */
    rewrite?(records: readonly Uint8Array[], nodeKey: Uint8Array | undefined): Awaitable<void>;
  };
  /** Makes a block on `request.parent` and keeps its effect as `verifyBlock` would. Undefined when it cannot. */
  build(request: BuildRequest): Awaitable<Block | undefined>;
  /** Executes a block on its parent (finalized, built or verified before) and keeps the effect under its id. The host has
   *  checked the seal. Throws only for faults of this node. */
  verifyBlock(block: Block): Awaitable<BlockVerdict>;
  adopt(blockId: Uint8Array): void;
  /** Makes blocks durable, ascending; settles when they are. Every effect on other forks may go. */
  finalize(blocks: readonly FinalizedByProof[]): Awaitable<void>;
  /** Context of an epoch from finalized state; undefined when not known yet. */
  epoch(epoch: number): Awaitable<EpochContext | undefined>;
  /** The node should fetch finalized blocks up to `height` and then call `host.synced`. May be called repeatedly. */
  behind(peer: PeerId, height: number): void;
  /** The module can prove misconduct: docs/spec/evidence.md, section 6. */
  evidence(found: { readonly epoch: number; readonly bytes: Uint8Array }): void;
  report(report: ConsensusReport): void;
  /** A port failed: disk full, key gone. The host has stopped. */
  failed(error: unknown): void;
}
