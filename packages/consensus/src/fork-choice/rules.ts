/** What a module decides whose chain may fork: everything else is the same for all of them. Spec: docs/spec/fork-choice.md. */
import type { Block, DutyEvent, Header, Parameters, SealedPosition } from '@radledger/chain';
import type { SignatureClaim } from '@radledger/primitives';
import type { EpochContext, EpochLookup } from '../epoch-context.js';
import type {
  ClosingBlock,
  Effect,
  FinalizedState,
  Input,
  ModuleContext,
  SignRecord,
  VotingStatus,
  VrfClaim,
} from '../module.js';
import type { FinalityRule } from './finality-rule.js';
import type { SettingRanges, Settings } from './settings.js';

/** What a header is judged with. */
export interface RuleContext {
  readonly chainId: Uint8Array;
  readonly parameters: Parameters;
  readonly settings: Settings;
}
export interface EpochRuleContext extends RuleContext {
  /** Epoch of the header's height. */
  readonly epoch: EpochContext;
}

/**
 * Swap-in point for a chain that forks: the heaviest valid branch is the chain, and what lies deep enough in it is final.
 * All but `createProducer` are pure. Every function that throws throws a `ConsensusError`.
 */
export interface ForkChoiceRules {
  /** The module's id. */
  readonly id: string;
  readonly sealKind: number;
  readonly dutyEvidence: 'inferred' | 'none';
  /** Its settings in genesis. */
  readonly settings: SettingRanges;
  readonly finality: FinalityRule;
  /** What genesis must fulfil besides: blocks that finality needs fit into an epoch. @throws `PARAMETERS_UNSUITABLE` */
  checkParameters?(context: Omit<RuleContext, 'chainId'>): void;
  /** Whether the header may stand in its epoch. @returns random proofs that must hold @throws */
  checkSeal(header: Header, context: EpochRuleContext): readonly VrfClaim[];
  /** Whether the witness beside the header makes it its proposer's. @returns signatures that must hold @throws */
  checkWitness(sealed: SealedHeader, context: EpochRuleContext): readonly SignatureClaim[];
  /** Whether a header may follow another; ids and heights fit. @throws */
  checkLink(parent: Header, child: Header, context: RuleContext): void;
  /**
   * Whether headers of a proof may be believed by who knows an ancestor of theirs that is not the parent. Left out: the epoch
   * says all that is needed. @throws
   */
  checkDistant?(headers: readonly Header[], trusted: Header, context: RuleContext): void;
  /** What a header adds to the weight of its branch, at least 1. */
  weightOf(header: Header): bigint;
  /** Names the turn of a header: its proposer may make one block in a turn. Left out: any number. */
  turnOf?(header: Header, context: RuleContext): number;
  randomnessOf(position: SealedPosition): Uint8Array | undefined;
  dutiesOf(block: ClosingBlock, context: RuleContext & { readonly epoch: EpochLookup }): readonly DutyEvent[];
  createProducer(port: ProducerPort): Producer;
}

/** A header with what travels beside it: a signature, a nonce. At most 128 bytes. */
export interface SealedHeader {
  readonly header: Header;
  /** Of the header. */
  readonly id: Uint8Array;
  readonly witness: Uint8Array;
}

/** Makes this node's blocks. A state machine as the instance itself: closed, deterministic. */
export interface Producer {
  /** Timers of its own, `built`, `proved`, `signed`, `pending`. */
  input(input: Input): void;
  start(input: Extract<Input, { type: 'start' }>): void;
  /** The tip, the finalized block or the epochs are others now. `began`: this node saw an epoch begin. */
  moved(now: number, began?: FinalizedState): void;
  /** A block of a peer passed all checks that need no state. */
  saw(sealed: SealedHeader, context: EpochRuleContext): void;
  view(now: number): number;
  voting(): VotingStatus;
  neededRecords(): readonly SignRecord[];
  figures?(): Readonly<Record<string, number>>;
}

/** What a producer may ask and do. */
export interface ProducerPort {
  readonly context: ModuleContext;
  readonly settings: Settings;
  emit(effect: Effect): void;
  /** Newest final header, whether written yet or not. */
  final(): Header;
  /** Where the next block goes. */
  tip(): SealedHeader;
  /** Whether the block `to` is the block `id` or stands on it. */
  isOn(id: Uint8Array, to: Uint8Array): boolean;
  /** Timestamp of the newest justified block of the chain. */
  justifiedMs(): number;
  /** The chain above the final block, ascending. */
  waiting(): readonly (SealedHeader & { readonly block: Block | undefined })[];
  /** Undefined while the node does not know the epoch of this height. */
  epochAt(height: number): EpochContext | undefined;
  /** A block of this node that `built` gave in this life. */
  publish(block: Block, witness: Uint8Array, now: number): void;
  /** A block of the sign-log: this node's own, or one that it built on. */
  restore(block: Block, witness: Uint8Array, now: number): void;
}
