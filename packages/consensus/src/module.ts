/**
 * Swap-in point: order and finality of blocks. The core owns blocks, state, mempool and duty ledger.
 * Spec: docs/spec/consensus-boundary.md.
 *
 * A module is sans-I/O. Its instance is a state machine `step(input) -> effects`; clock, timers, sockets, keys, signature
 * checks and disk belong to the host (`@radledger/consensus/host`). Every implementation must be
 * - deterministic: equal inputs in equal order give equal effects, on every platform;
 * - closed: no clock, randomness, timer, promise or I/O inside, and no change to what it is given;
 * - bounded: memory stays bounded whatever arrives in `message`;
 * - restartable: after a crash between any two effects, `start` with the sign-log's records never leads to a signature
 *   that excludes an earlier one.
 */
import type {
  Block,
  Body,
  DutyEvent,
  EvidenceClaims,
  EvidenceInput,
  Header,
  Judgement,
  Parameters,
  SealedPosition,
} from '@radledger/chain';
import type { SignatureClaim } from '@radledger/primitives';
import type { EpochContext, EpochLookup } from './epoch-context.js';

/** A peer as the network names it: 64 lower-case hexadecimal digits of its node key. */
export type PeerId = string;

export interface ConsensusCaps {
  /**
   * `instant`: a boundary block is final before its epoch ends, and each epoch is known when it begins. Otherwise finality
   * trails behind: seeds and members are fixed one epoch earlier, and the next epoch is known as well.
   */
  readonly finality: 'instant' | 'depth' | 'external';
  readonly reorganises: boolean;
  readonly dutyEvidence: 'certified' | 'inferred' | 'none';
}

/** Who this node is; left out for a node that only follows. */
export interface ModuleIdentity {
  readonly source: Uint8Array;
  readonly nodeKey: Uint8Array;
  readonly vrfKey: Uint8Array;
  /** The keys that follow them by a Rotate Key: the node serves with whichever the epoch names, and with no other. */
  readonly nextNodeKey?: Uint8Array;
  readonly nextVrfKey?: Uint8Array;
}

export interface ModuleContext {
  readonly chainId: Uint8Array;
  /** From genesis; `blockBytesMax` bounds every message that holds a block, `moduleSettings` is the module's own. */
  readonly parameters: Parameters;
  readonly identity: ModuleIdentity | undefined;
}

/** Where a node starts from: its newest finalized block and the epoch of the next height. */
export interface FinalizedState {
  readonly header: Header;
  /** As handed out by the `finalize` effect; empty for genesis. */
  readonly proof: Uint8Array;
  /** Epoch of height `header.height + 1`. */
  readonly epoch: EpochContext;
  /** The epoch before, when there is one and it is known. */
  readonly previousEpoch?: EpochContext;
  /** The epoch after: always known to a module whose finality is not `instant`, and to no other. */
  readonly nextEpoch?: EpochContext;
}

/** What the sign-log says at start. A missing log is not an empty one: `node init` writes the empty one. */
export type SignLogState =
  | { readonly state: 'present'; readonly records: readonly SignRecord[] }
  | { readonly state: 'missing' };

/** One line of the sign-log: written and synced before the signature over `bytes` leaves the node. */
export interface SignRecord {
  /** The module's own number for what is signed. */
  readonly kind: number;
  readonly epoch: number;
  readonly view: number;
  /** The signed bytes. */
  readonly bytes: Uint8Array;
  /** Wire messages that the vote rests on (its block, its certificate): handed back at start, so that a power cut of
   *  every node at once loses nothing that was voted on. */
  readonly support: readonly Uint8Array[];
}

/**
 * `notYet`: the parent's effect is not known. `mismatch`: the body is not the header's; says nothing about the block.
 * `offence` shows others that the block is invalid: docs/spec/evidence.md, section 4.
 */
export type BlockVerdict =
  | { readonly kind: 'valid' }
  | { readonly kind: 'invalid'; readonly code: string; readonly offence?: Uint8Array }
  | { readonly kind: 'notYet' }
  | { readonly kind: 'mismatch' };

/** Everything an instance ever learns. `now` is Unix ms. */
export type Input =
  | { readonly type: 'start'; readonly now: number; readonly finalized: FinalizedState; readonly signLog: SignLogState }
  /** Claims of the message have been verified. */
  | { readonly type: 'message'; readonly now: number; readonly peer: PeerId; readonly bytes: Uint8Array }
  /** A message about the epoch before the current one, its claims verified: too late to act on, but not to prove misconduct. */
  | { readonly type: 'earlier'; readonly now: number; readonly peer: PeerId; readonly bytes: Uint8Array }
  /** A peer still talks about an epoch before the current one; the message counts for nothing, unless `earlier` hands it on. */
  | { readonly type: 'stale'; readonly now: number; readonly peer: PeerId; readonly epoch: number }
  /** A peer talks about an epoch that this node has not reached; the message itself was dropped. */
  | { readonly type: 'ahead'; readonly now: number; readonly peer: PeerId; readonly epoch: number }
  | { readonly type: 'timer'; readonly now: number; readonly id: string }
  /** Answer to `build`; without a block nothing can be proposed. The host knows the block's effect as if verified. */
  | { readonly type: 'built'; readonly now: number; readonly buildId: number; readonly block: Block | undefined }
  /** Answer to `verify`. */
  | { readonly type: 'verdict'; readonly now: number; readonly blockId: Uint8Array; readonly verdict: BlockVerdict }
  /** Answer to `sign`: the record is on disk. */
  | { readonly type: 'signed'; readonly now: number; readonly record: SignRecord; readonly signature: Uint8Array }
  /** Answer to `prove`. */
  | { readonly type: 'proved'; readonly now: number; readonly alpha: Uint8Array; readonly proof: Uint8Array }
  /** The blocks of a `finalize` effect are durable; `next` when they closed an epoch. */
  | { readonly type: 'committed'; readonly now: number; readonly height: number; readonly next?: FinalizedState }
  /** The host fetched, verified and stored finalized blocks itself. */
  | { readonly type: 'synced'; readonly now: number; readonly finalized: FinalizedState }
  /** Whether a transaction waits that the next block could hold. */
  | { readonly type: 'pending'; readonly now: number; readonly waiting: boolean }
  | { readonly type: 'peer'; readonly now: number; readonly peer: PeerId }
  | { readonly type: 'gone'; readonly now: number; readonly peer: PeerId };

export interface BuildRequest {
  readonly buildId: number;
  readonly parent: Header;
  readonly timestampMs: number;
  readonly proposer: Uint8Array;
  readonly seal: { readonly kind: number; readonly bytes: Uint8Array };
  readonly justification: Uint8Array;
}

/** A block that can never be undone, with what proves it to anyone who knows the epoch's committee. */
export interface FinalizedByProof {
  readonly block: Block;
  readonly proof: Uint8Array;
}

/** Something an operator or the peer's score should hear of. Holds no payload. */
export interface ConsensusReport {
  readonly code: string;
  readonly peer?: PeerId;
  readonly epoch?: number;
  readonly view?: number;
  /** Source that two exclusive signatures came from. */
  readonly offender?: Uint8Array;
}

/** Everything an instance ever does; the host carries effects out in their order. */
export type Effect =
  | { readonly type: 'send'; readonly peer: PeerId; readonly bytes: Uint8Array }
  | { readonly type: 'broadcast'; readonly bytes: Uint8Array }
  | { readonly type: 'set-timer'; readonly id: string; readonly atMs: number }
  | { readonly type: 'cancel-timer'; readonly id: string }
  | { readonly type: 'sign'; readonly record: SignRecord }
  /** By the VRF key of `epoch`; left out: of the epoch that the instance is in. */
  | { readonly type: 'prove'; readonly alpha: Uint8Array; readonly epoch?: number }
  | { readonly type: 'build'; readonly request: BuildRequest }
  | { readonly type: 'verify'; readonly block: Block }
  /** The tip that new transactions should be judged on; no promise that it will be finalized. */
  | { readonly type: 'adopt'; readonly blockId: Uint8Array }
  /** Ascending by height, the first a child of the newest finalized block. */
  | { readonly type: 'finalize'; readonly blocks: readonly FinalizedByProof[] }
  /** A peer has finalized more than can be learned from messages: the host should sync up to `height`. */
  | { readonly type: 'behind'; readonly peer: PeerId; readonly height: number }
  /** Proof of misconduct in an epoch, as `evidence` of the module judges it; each at most once in the life of an instance. */
  | { readonly type: 'evidence'; readonly epoch: number; readonly bytes: Uint8Array }
  | { readonly type: 'report'; readonly report: ConsensusReport };

export type VotingReason =
  | 'NO_IDENTITY'
  | 'NOT_IN_COMMITTEE'
  | 'KEY_DIFFERS'
  | 'SIGN_LOG_MISSING'
  | 'SIGN_LOG_OLD'
  | 'ASKING_PEERS'
  | 'SAFE_MODE'
  | 'NOT_STARTED';

/** Whether this node may sign votes now, and if not why. */
export type VotingStatus = { readonly allowed: true } | { readonly allowed: false; readonly reason: VotingReason };

export interface InstanceStatus {
  readonly epoch: number;
  readonly view: number;
  readonly finalizedHeight: number;
  readonly voting: VotingStatus;
  /** What the module counts since the start, by name, for operators and comparisons: hashes tried, say. */
  readonly figures?: Readonly<Record<string, number>>;
}

export interface ConsensusInstance {
  step(input: Input): readonly Effect[];
  status(): InstanceStatus;
  /** Records that the sign-log must keep; everything else in it may go. */
  neededRecords(): readonly SignRecord[];
}

/** What must hold before a message reaches an instance. */
export interface MessageClaims {
  /** Epoch that the message belongs to; undefined when to none. */
  readonly epoch: number | undefined;
  /** Undefined when the lookup does not know that epoch: nothing can be said about the message. */
  readonly claims: readonly SignatureClaim[] | undefined;
}

/** `proof` (80 bytes) is the ECVRF proof of `key` for `alpha`. */
export interface VrfClaim {
  readonly key: Uint8Array;
  readonly alpha: Uint8Array;
  readonly proof: Uint8Array;
}

/** The parts of a block that say which views it closes: they are known before its roots are. */
export interface ClosingBlock {
  readonly header: SealedPosition;
  readonly body: Pick<Body, 'justification'>;
}

export interface DutyContext {
  readonly chainId: Uint8Array;
  readonly parameters: Parameters;
  /** Knows the epoch of the block's height and the one before. */
  readonly epoch: EpochLookup;
}

/**
 * The acts that a module can prove against a voter or leader, and how. Pure and browser-safe; fulfils `EvidenceRules` of
 * `chain`, which says what must hold, given the epoch as the module knows it.
 */
export interface EvidenceRegistry {
  /** Name of each kind by its number, 1 to 255; empty for a module that can prove nothing. */
  readonly kinds: ReadonlyMap<number, string>;
  claims(evidence: Uint8Array, chainId: Uint8Array): EvidenceClaims | undefined;
  judge(input: JudgeInput): Judgement | undefined;
}

export type JudgeInput = Omit<EvidenceInput, 'epoch'> & {
  readonly epoch: EpochContext;
  /** Whether every random proof holds; left out: `verifyVrfClaims`. A simulation has proofs of its own. */
  readonly verifyVrf?: (claims: readonly VrfClaim[]) => boolean;
};

/** For modules that can prove nothing. */
export const EMPTY_REGISTRY: EvidenceRegistry = Object.freeze({
  kinds: new Map<number, string>(),
  claims: () => undefined,
  judge: () => undefined,
});

export interface ConsensusModule {
  /** Written into genesis; a peer with another id is on another chain. */
  readonly id: string;
  /** Kind of the seal in its headers, 1 to 255. */
  readonly sealKind: number;
  readonly caps: ConsensusCaps;
  /**
   * Whether this module can run with these parameters of genesis, its own `moduleSettings` among them; pure.
   * @throws {ConsensusError} `PARAMETERS_UNSUITABLE`
   */
  checkParameters(parameters: Parameters): void;
  readonly evidence: EvidenceRegistry;
  create(context: ModuleContext): ConsensusInstance;
  /**
   * Signatures a message rests on; pure. The host verifies them before it hands the message over.
   * @throws {ConsensusError} `MALFORMED_MESSAGE` and others: the sender is at fault
   */
  claims(
    bytes: Uint8Array,
    lookup: { readonly chainId: Uint8Array; readonly epoch: EpochLookup; readonly parameters: Parameters },
  ): MessageClaims;
  /**
   * Checks the stateless part of a header's seal; pure, browser-safe.
   * @returns what is left to verify with `verifyVrfClaims`
   * @throws {ConsensusError} when the header cannot be this epoch's
   */
  sealClaims(input: {
    readonly header: Header;
    readonly epoch: EpochContext;
    readonly chainId: Uint8Array;
    readonly parameters: Parameters;
  }): readonly VrfClaim[];
  /**
   * Checks shape and weight of a finality proof; pure, browser-safe.
   * @returns the signatures left to verify: all must hold
   * @throws {ConsensusError} when the proof does not finalize this header
   */
  finalityClaims(input: {
    readonly header: Header;
    readonly proof: Uint8Array;
    /** Epoch of the header's height. */
    readonly epoch: EpochContext;
    /** The epoch after, for a proof by descendants. */
    readonly nextEpoch?: EpochContext | undefined;
    /**
     * A header that the reader believes already: the proven one's parent, the boundary that began the epoch, or the proven one
     * itself. A module whose headers are worth what their ancestors say must have it, and refuses without.
     */
    readonly trusted?: Header | undefined;
    readonly chainId: Uint8Array;
    readonly parameters: Parameters;
  }): readonly SignatureClaim[];
  /**
   * Checks that the module's part of a body is the one that the header's seal names; pure, browser-safe. Everyone who takes a
   * body from outside asks this before it uses, stores or passes on the block: live, in sync, in an archive. Transactions and
   * lengths are the core's to check.
   * @throws {ConsensusError} `WRONG_BODY` when the body is not the header's: the fault of whoever sent the two together,
   *   never a verdict on the block; any other code when no body could make this header valid
   */
  checkBody(block: Block): void;
  /** Random output of a seal, 64 bytes, for the next seeds; undefined when it has none. Pure. */
  randomnessOf(position: SealedPosition): Uint8Array | undefined;
  /**
   * Views that a block closes, ascending, its own included; the only feed of the duty ledger. Pure: it runs when a block is
   * executed, on every node. `checkBody` comes first: what a body claims about views is worth nothing until it is bound to the
   * header.
   * @throws {ConsensusError} when the justification is none: the block is invalid
   */
  dutiesOf(block: ClosingBlock, context: DutyContext): readonly DutyEvent[];
  /**
   * Ids of sources whose votes the block shows, of whatever epoch: a sign of life. Left out by a module without votes, whose
   * sources show themselves by blocks alone.
   */
  votersOf?(block: ClosingBlock, context: DutyContext): readonly Uint8Array[];
}
