/** Modules whose time is cut into slots of length T with one leader each. Spec: docs/spec/fork-choice.md, section 6. */
import { type DutyEvent, epochOfHeight, type Header, type Parameters, type SealedPosition } from '@radledger/chain';
import {
  algorithmBytes,
  bytes,
  CodedError,
  decodeWith,
  encodeCanonical,
  encodeWith,
  equalBytes,
  type Infer,
  optional,
  type SignatureClaim,
  struct,
  uint,
  vrfProofToHash,
} from '@radledger/primitives';
import type { EpochContext, EpochLookup, Member } from '../epoch-context.js';
import { ConsensusError } from '../errors.js';
import type { ClosingBlock, ConsensusModule, VrfClaim } from '../module.js';
import { vrfAlpha } from '../seed.js';
import type { FinalityRule } from './finality-rule.js';
import { createForkChoiceModule } from './module.js';
import type { EpochRuleContext, RuleContext, SealedHeader } from './rules.js';
import { type SettingRanges, type Settings, unsuitable } from './settings.js';
import { SlotProducer } from './slot-producer.js';

/** What distinguishes one slot module from another. All functions are pure. */
export interface SlotRules {
  /** The module's id; tags what it signs. */
  readonly id: string;
  readonly sealKind: number;
  readonly settings: SettingRanges;
  leaderOf(chainId: Uint8Array, epoch: EpochContext, slot: number): Member;
  /** Whether blocks carry random proofs for the next seeds. */
  readonly draws: boolean;
  /** Blocks that must stand on a final one. */
  depth(settings: Settings): number;
  /** What a member counts when it vouches for a block. */
  weightOf(member: Member): bigint;
  /** How often members must vouch: `Vouching` says what that means. */
  readonly rounds: 1 | 2;
}

/** A branch may have to wait for finality as long as an epoch: leaders come by chance, and most must have come before. */
const EPOCH_HEIGHTS_MIN = 64;
/** Slots of one block that are accounted for: the newest. */
const SLOTS_RECORDED_MAX = 65_536;
const SEAL_BYTES_MAX = 256;

const sealSchema = struct({
  /** Slot of the parent; the block's own is its timestamp over T. */
  parentSlot: uint(),
  /** Timestamp of the newest block of the proposer that is no ancestor and could still become final; 0: none. */
  exceptUpTo: uint(),
  /** Timestamp of the newest justified block that the proposer builds on; 0 with one round. It never builds on an earlier one again. */
  justified: uint(),
  vrfProof: optional(bytes({ length: 80 })),
});
export type SlotSeal = Infer<typeof sealSchema>;
const signatureSchema = algorithmBytes(64);

export const encodeSlotSeal = (seal: SlotSeal): Uint8Array => encodeWith(sealSchema, seal);
export const encodeSignature = (signature: Uint8Array): Uint8Array => encodeWith(signatureSchema, signature);

/** The slot that a moment lies in. */
export function slotOf(timestampMs: number, { targetIntervalMs }: Parameters): number {
  return Math.floor(timestampMs / targetIntervalMs);
}

/** What a leader signs. */
export function slotStatement(
  rules: Pick<SlotRules, 'id'>,
  chainId: Uint8Array,
  made: { readonly epoch: number; readonly slot: number; readonly blockId: Uint8Array },
): Uint8Array {
  return encodeCanonical([`radledger/${rules.id}`, chainId, made.epoch, made.slot, made.blockId]);
}

export function createSlotModule(rules: SlotRules): ConsensusModule {
  const finality: FinalityRule = {
    depth: (settings) => rules.depth(settings),
    vouching: {
      rounds: rules.rounds,
      weightOf: (member) => rules.weightOf(member),
      exceptUpTo: (header) => sealOf(header, rules).exceptUpTo,
    },
  };
  return createForkChoiceModule({
    ...rules,
    dutyEvidence: 'inferred',
    finality,
    checkParameters: ({ parameters: { epochHeights, targetIntervalMs, minimumIntervalMs, clockPrecisionMs } }) => {
      if (epochHeights < EPOCH_HEIGHTS_MIN) throw unsuitable('epochHeights', `at least ${EPOCH_HEIGHTS_MIN}`);
      if (targetIntervalMs < minimumIntervalMs) throw unsuitable('minimumIntervalMs', `at most ${targetIntervalMs}`);
      if (targetIntervalMs <= clockPrecisionMs) throw unsuitable('clockPrecisionMs', `less than ${targetIntervalMs}`);
    },
    checkSeal: (header, context) => checkSeal(header, rules, context),
    checkWitness: (sealed, context) => checkWitness(sealed, rules, context),
    checkLink(parent, child, { parameters }) {
      const parentSlot = slotOf(parent.timestampMs, parameters);
      if (sealOf(child, rules).parentSlot === parentSlot && slotOf(child.timestampMs, parameters) > parentSlot) return;
      throw new ConsensusError({ code: 'WRONG_BLOCK' }, "expected a slot after the parent's, which the seal names");
    },
    weightOf: () => 1n,
    turnOf: ({ timestampMs }) => timestampMs,
    randomnessOf: (position) => randomnessOf(position, rules),
    dutiesOf: (block, context) => dutiesOf(block, rules, context),
    createProducer: (port) => new SlotProducer(rules, finality, port),
  });
}

/** @throws {ConsensusError} `MALFORMED_SEAL` */
export function sealOf(position: Pick<SealedPosition, 'sealKind' | 'sealBytes'>, rules: SlotRules): SlotSeal {
  let cause: unknown;
  try {
    const seal = decodeWith(sealSchema, position.sealBytes, { bytesMax: SEAL_BYTES_MAX });
    if (position.sealKind === rules.sealKind && (seal.vrfProof !== undefined) === rules.draws) return seal;
  } catch (error) {
    cause = error;
  }
  throw new ConsensusError({ code: 'MALFORMED_SEAL' }, `expected the seal of ${rules.id}`, { cause });
}

function checkSeal(header: Header, rules: SlotRules, context: EpochRuleContext): readonly VrfClaim[] {
  const { chainId, epoch, parameters } = context;
  const seal = sealOf(header, rules);
  const slot = slotOf(header.timestampMs, parameters);
  const namesLater = Math.max(seal.exceptUpTo, seal.justified) >= header.timestampMs;
  const locksInVain = rules.rounds === 1 && seal.justified > 0;
  if (header.timestampMs % parameters.targetIntervalMs !== 0 || namesLater || locksInVain) {
    throw new ConsensusError(
      { code: 'MALFORMED_SEAL' },
      'expected a timestamp that begins a slot, later than all it names',
    );
  }
  const leader = rules.leaderOf(chainId, epoch, slot);
  if (!equalBytes(leader.source, header.proposer)) {
    const info = { code: 'WRONG_LEADER', epoch: epoch.epoch, view: slot } as const;
    throw new ConsensusError(info, 'expected the leader of the slot as proposer');
  }
  if (seal.vrfProof === undefined) return [];
  const alpha = vrfAlpha({ chainId, seed: epoch.seed, epoch: epoch.epoch, height: header.height });
  return [{ key: leader.vrfKey, alpha, proof: seal.vrfProof }];
}

function checkWitness(
  { header, id, witness }: SealedHeader,
  rules: SlotRules,
  { chainId, epoch, parameters }: EpochRuleContext,
): readonly SignatureClaim[] {
  const slot = slotOf(header.timestampMs, parameters);
  const { nodeKey } = rules.leaderOf(chainId, epoch, slot);
  const message = slotStatement(rules, chainId, { epoch: epoch.epoch, slot, blockId: id });
  try {
    return [{ key: nodeKey, message, signature: decodeWith(signatureSchema, witness, { bytesMax: 128 }) }];
  } catch (cause) {
    if (!(cause instanceof CodedError)) throw cause;
    throw new ConsensusError({ code: 'MALFORMED_PROOF' }, 'expected a signature beside the header', { cause });
  }
}

function randomnessOf(position: SealedPosition, rules: SlotRules): Uint8Array | undefined {
  try {
    const { vrfProof } = sealOf(position, rules);
    return vrfProof && vrfProofToHash(vrfProof);
  } catch {
    return undefined;
  }
}

/** The slots after the parent's up to the block's: all but the last are empty, which nobody certified. */
function dutiesOf(
  { header }: ClosingBlock,
  rules: SlotRules,
  context: RuleContext & { readonly epoch: EpochLookup },
): readonly DutyEvent[] {
  const { height } = header;
  const { chainId, parameters } = context;
  if (height === 0) return [];
  const number = epochOfHeight(height, parameters.epochHeights);
  const epoch = context.epoch(number);
  if (epoch === undefined) throw new ConsensusError({ code: 'NO_SEED', epoch: number }, 'expected a known epoch');
  const slot = slotOf(header.timestampMs, parameters);
  const first = Math.max(sealOf(header, rules).parentSlot + 1, slot - SLOTS_RECORDED_MAX + 1);
  return Array.from({ length: slot - first + 1 }, (_, index): DutyEvent => {
    const view = first + index;
    const { source } = rules.leaderOf(chainId, epoch, view);
    const reasonWeights = [0n, 0n, 0n, 0n] as const;
    const { totalWeight } = epoch;
    const seen = view === slot ? 'PRODUCED' : 'EMPTY';
    return { height, epoch: number, view, source, class: seen, reasonWeights, totalWeight };
  });
}
