import type { Header } from '@radledger/chain';
import type { ConsensusModule, ConsensusReport, FinalizedByProof, Member, VrfClaim } from '@radledger/consensus';
import type { SignatureClaim } from '@radledger/primitives';
import type { Scenario } from './scenario.js';
import type { SimCrypto } from './sim-crypto.js';
import type { SimGenesis } from './sim-chain.js';
import type { SimNode } from './sim-node.js';

/** What an invariant may look at: everything, at any time. */
export interface WatcherContext {
  readonly module: ConsensusModule;
  readonly scenario: Scenario;
  readonly genesis: SimGenesis;
  readonly crypto: SimCrypto;
  /** Nodes that keep the rules. */
  readonly honest: readonly number[];
  /** Virtual time, ms: no node's own clock. */
  now(): number;
  node(index: number): SimNode;
  memberOf(node: number): Member;
  /** Number of the node that holds a source; undefined for none. */
  nodeOf(source: Uint8Array): number | undefined;
  /** The chain that the honest nodes agree on, from height 1. */
  agreed(): readonly FinalizedByProof[];
  /** Whether signatures, or random proofs, of this run hold. */
  verifyClaims(claims: readonly SignatureClaim[]): boolean;
  verifyVrf(claims: readonly VrfClaim[]): boolean;
}

/** One invariant, or the checks of one module's own messages. Throws `Violation`. Told of honest nodes only. */
export interface Watcher {
  /** An honest node starts, for the first time or after a crash. */
  started?(node: number): void;
  /** An honest node sends. */
  sent?(node: number, bytes: Uint8Array): void;
  /** An honest node signs: called when the signature may leave. */
  signed?(node: number, bytes: Uint8Array): void;
  /** An honest node learns that blocks are final, before it stores them. */
  finalizing?(node: number, blocks: readonly FinalizedByProof[]): void;
  /** The tip of an honest node moves: the highest certified block that it has executed. */
  adopted?(node: number, tip: Header): void;
  /** An honest node can prove misconduct. */
  proven?(node: number, found: { readonly epoch: number; readonly bytes: Uint8Array }): void;
  reported?(node: number, report: ConsensusReport): void;
  /** The faults have ended: from here on the network is synchronous. */
  healed?(): void;
  /** Called from time to time, for checks too dear for every event. */
  sampled?(): void;
  ended?(): void;
}
