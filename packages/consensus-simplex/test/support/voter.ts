/** One voter of four, driven by hand: messages go in as if their signatures held, effects come out. */
import { type Block, blockIdOf, bodyBytesOf, DEFAULT_PARAMETERS, type Header, merkleRoot } from '@radledger/chain';
import {
  type ConsensusInstance,
  type Effect,
  type EpochContext,
  type FinalizedState,
  type Input,
  leaderOf,
  type Member,
  type ModuleIdentity,
  type SignRecord,
} from '@radledger/consensus';
import { hash, toHex } from '@radledger/primitives';
import type { Certificate } from '../../src/certificate.js';
import { encodeJustification } from '../../src/justification.js';
import { decodeMessage, encodeMessage, type Message, type MessageOf } from '../../src/message.js';
import { encodeSeal, justificationRootOf } from '../../src/seal.js';
import type { SimplexRules } from '../../src/rules.js';
import { createSimplex } from '../../src/simplex.js';
import { signedBytes, type Vote } from '../../src/vote.js';

export const EPOCH_HEIGHTS = 6;
export const parameters = { ...DEFAULT_PARAMETERS, epochHeights: EPOCH_HEIGHTS };
export const chainId = hash('test/chain');
export const START_MS = 10_000;
export const signature = new Uint8Array(64);
const ZERO = new Uint8Array(32);

export const members: readonly Member[] = [1, 2, 3, 4].map((number) => ({
  source: new Uint8Array(32).fill(number),
  nodeKey: new Uint8Array(32).fill(100 + number),
  vrfKey: new Uint8Array(32).fill(200 + number),
  weight: 1000n,
}));

/** Peers are named by their node key. */
export const peerOf = (seat: number): string => toHex(member(seat).nodeKey);

export function member(seat: number): Member {
  return members[seat] as Member;
}

export function epochOf(epoch: number, committee: readonly Member[] = members): EpochContext {
  const totalWeight = committee.reduce((sum, { weight }) => sum + weight, 0n);
  const committeeRoot = hash('test/committee', epoch);
  return { epoch, seed: hash('test/seed', epoch), leaders: members, committee, committeeRoot, totalWeight };
}

export const genesis: Header = {
  format: 1,
  chainId,
  height: 0,
  parentId: ZERO,
  timestampMs: START_MS - 2_000,
  proposer: ZERO,
  transactionRoot: ZERO,
  stateRoot: ZERO,
  dutyRoot: ZERO,
  bodyBytes: 0,
  sealKind: 0,
  sealBytes: new Uint8Array(),
};

/** State of a node that has finalized everything before an epoch. */
export function boundaryState(epoch: number, timestampMs = START_MS): FinalizedState {
  if (epoch === 0) return { header: genesis, proof: new Uint8Array(), epoch: epochOf(0) };
  const header = { ...genesis, height: epoch * EPOCH_HEIGHTS, timestampMs };
  return { header, proof: new Uint8Array(), epoch: epochOf(epoch), previousEpoch: epochOf(epoch - 1) };
}

export interface BlockChanges {
  readonly parent?: Header;
  readonly height?: number;
  readonly transactions?: readonly Uint8Array[];
  readonly justification?: Uint8Array;
  readonly timestampMs?: number;
}

/** A block as the leader of the view makes it. */
export function blockOf(view: number, changes: BlockChanges = {}): Block {
  const { parent = genesis, transactions = [], justification = NO_JUSTIFICATION } = changes;
  const seal = { epoch: 0, view, vrfProof: new Uint8Array(80), justificationRoot: justificationRootOf(justification) };
  const header: Header = {
    ...genesis,
    height: changes.height ?? parent.height + 1,
    parentId: blockIdOf(parent),
    timestampMs: changes.timestampMs ?? START_MS,
    proposer: leaderOf(chainId, epochOf(0), view).source,
    transactionRoot: merkleRoot(transactions),
    bodyBytes: bodyBytesOf(transactions, justification.length),
    sealKind: 1,
    sealBytes: encodeSeal(seal),
  };
  return { header, id: blockIdOf(header), body: { transactions, justification } };
}

export const NO_JUSTIFICATION = encodeJustification({ parent: undefined, nullifications: [], tail: undefined });

/** Votes of the first three seats, or of these. */
export function certificateOf(vote: Vote, seats: readonly number[] = [0, 1, 2]): Certificate {
  return { epoch: 0, groups: [{ vote, signatures: seats.map((seat) => [seat, signature]) }] };
}

export const notarizationOf = (view: number, { id, header }: Block): Certificate =>
  certificateOf({ kind: 'notarize', view, blockId: id, timestampMs: header.timestampMs });
export const nullificationOf = (view: number): Certificate =>
  certificateOf({ kind: 'nullify', view, reason: 0, blockId: undefined });

export function proposalOf(view: number, block: Block, again?: Uint8Array): MessageOf<'proposal'> {
  return { type: 'proposal', epoch: 0, view, signature, block, again };
}

export function voteOf(seat: number, vote: Vote): MessageOf<'vote'> {
  return { type: 'vote', epoch: 0, signed: { seat, vote, signature } };
}

export function recordOf(vote: Vote, kind: number): SignRecord {
  return { kind, epoch: 0, view: vote.view, bytes: signedBytes(chainId, epochOf(0), vote), support: [] };
}

export interface VoterOptions {
  /** Seat of this node; none for a node that only follows. */
  readonly seat?: number;
  readonly records?: readonly SignRecord[];
  readonly finalized?: FinalizedState;
  readonly rules?: Partial<SimplexRules>;
  /** What of this node's keys is not that of its seat. */
  readonly identity?: Partial<ModuleIdentity>;
}

export class Voter {
  readonly instance: ConsensusInstance;
  readonly started: readonly Effect[];
  nowMs = START_MS;

  private readonly seat: number;

  constructor({ seat, records = [], finalized = boundaryState(0), rules = {}, identity: own }: VoterOptions = {}) {
    this.seat = seat ?? -1;
    const seated = members[this.seat];
    const identity = seated && { ...seated, ...own };
    this.instance = createSimplex({ rules }).create({ chainId, parameters, identity });
    this.started = this.step({ type: 'start', finalized, signLog: { state: 'present', records } });
  }

  step(input: DistributiveOmit<Input, 'now'>): readonly Effect[] {
    return this.instance.step({ ...input, now: this.nowMs });
  }

  receive(message: Message, peer = 'peer'): readonly Effect[] {
    return this.step({ type: 'message', peer, bytes: encodeMessage(message) });
  }

  /** Three peers answer that they hold no vote of this node's key. */
  allow(): readonly Effect[] {
    const { source } = member(this.seat);
    return [0, 1, 2, 3].flatMap((seat) =>
      this.receive({ type: 'newest-vote', source, newest: undefined }, peerOf(seat)),
    );
  }

  valid(block: Block): readonly Effect[] {
    return this.step({ type: 'verdict', blockId: block.id, verdict: { kind: 'valid' } });
  }

  /** Whether the node holds the block: it would hand it to a peer that asks. */
  holds(block: Block): boolean {
    return sentBy(this.receive({ type: 'fetch-blocks', ids: [block.id] })).some(({ type }) => type === 'block');
  }
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** Messages that effects send, to one peer or to all. */
export function sentBy(effects: readonly Effect[]): readonly Message[] {
  return effects.flatMap((effect) =>
    effect.type === 'send' || effect.type === 'broadcast'
      ? [decodeMessage(effect.bytes, parameters.blockBytesMax)]
      : [],
  );
}

/** Kinds of what effects ask to sign, in order: 0 proposal, 1 notarize, 2 nullify, 3 finalize. */
export function signedBy(effects: readonly Effect[]): readonly number[] {
  return effects.flatMap((effect) => (effect.type === 'sign' ? [effect.record.kind] : []));
}

export function reportsOf(effects: readonly Effect[]): readonly string[] {
  return effects.flatMap((effect) => (effect.type === 'report' ? [effect.report.code] : []));
}

export function typesOf(effects: readonly Effect[]): readonly string[] {
  return effects.map(({ type }) => type);
}
