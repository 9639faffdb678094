/** What a ledger is opened with. */
import type { Checkpoint, Genesis } from '@radledger/chain';
import type { ConsensusModule, SignedRecovery } from '@radledger/consensus';
import type { Network, NetworkLimits, NetworkOptions } from '@radledger/network';
import type { Signer } from '@radledger/primitives';
import type { LedgerStore, SignLog } from '@radledger/storage';
import type { LedgerLogger } from './logger.js';
import type { MempoolLimits } from './mempool.js';

/** The part of a network's options that a ledger decides. */
export type NetworkRequirements = Pick<NetworkOptions, 'chainId' | 'topics' | 'isKnownKey'> & {
  readonly limits: Pick<NetworkLimits, 'frameBytesMax'>;
};

/** Makes this node's connections: node key, listener and addresses are the caller's. */
export type NetworkFactory = (requirements: NetworkRequirements) => Promise<Network>;

/** A VRF key, and how to prove with it. */
export interface VrfSigner {
  readonly publicKey: Uint8Array;
  /** ECVRF proof (80 bytes), RFC 9381 suite EDWARDS25519-SHA512-TAI. */
  readonly prove: (alpha: Uint8Array) => Uint8Array | Promise<Uint8Array>;
}

/** Who this node votes for (design D13). */
export interface LedgerIdentity {
  /** Source id. */
  readonly source: Uint8Array;
  /** Signs votes and proposals. */
  readonly nodeSigner: Signer;
  readonly vrf: VrfSigner;
  readonly signLog: SignLog;
  /**
   * True when the log was not there and `signLog` is a new, empty one: what the key signed before is not known, so the node waits
   * for an epoch that begins later than now before it votes.
   */
  readonly signLogMissing?: boolean;
  /**
   * Keys that a Rotate Key names, held before they serve: each is used from the first epoch whose snapshot has it, and until then the
   * ones above are. The ledger closes this sign-log too.
   */
  readonly next?: {
    readonly node?: { readonly signer: Signer; readonly signLog: SignLog; readonly signLogMissing?: boolean };
    readonly vrf?: VrfSigner;
  };
}

/** What of the past a node keeps; headers, duties, the ends of epochs and the last 512 blocks always. */
export interface Keeping {
  /** Newest heights whose bodies stay. */
  readonly bodiesHeights: number;
  /** Newest heights whose finality proofs stay. */
  readonly proofsHeights: number;
}

export interface LedgerOptions {
  readonly genesis: Genesis;
  /** Opened for this genesis; the ledger closes it. */
  readonly store: LedgerStore;
  /** Its id must be the one in genesis. */
  readonly consensus: ConsensusModule;
  /** The ledger closes the network that it makes. */
  readonly network: NetworkFactory;
  /** Left out: the node follows only. The ledger closes its sign-log. */
  readonly identity?: LedgerIdentity;
  /** Recoveries that the operator wants this node to follow; they are checked. */
  readonly recoveries?: readonly SignedRecovery[];
  /** Unix ms; default `Date.now`. */
  readonly now?: () => number;
  readonly logger?: LedgerLogger;
  readonly mempoolLimits?: MempoolLimits;
  /** Left out: everything stays. */
  readonly keep?: Keeping;
  /** A block that must be in the chain, from somebody the operator trusts: no history without it is taken in. */
  readonly checkpoint?: Checkpoint;
  /** A voter says that the chain stands still after so long without a final block; default 30 s, or 5 T when that is more. */
  readonly haltAfterMs?: number;
  /** Transactions in signature verification at once; default 2,048. */
  readonly verifyingMax?: number;
}
