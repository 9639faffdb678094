/** The four statements a node signs. Spec: docs/spec/simplex.md, section 2. */
import {
  bytes,
  decodeCanonical,
  encodeCanonical,
  optional,
  type Schema,
  struct,
  literal,
  toHex,
  tuple,
  uint,
} from '@radledger/primitives';
import { ConsensusError, type EpochContext } from '@radledger/consensus';

const TAG = 'radledger/simplex/1';
const SIGNED_BYTES_MAX = 512;

export const VoteKind = { proposal: 0, notarize: 1, nullify: 2, finalize: 3 } as const;

/** Why a view is given up: 0 no proposal, 1 invalid (with the block), 2 late or other, 3 the leader declines. */
export const NullifyReason = { noProposal: 0, invalid: 1, late: 2, declined: 3 } as const;
export type NullifyReason = (typeof NullifyReason)[keyof typeof NullifyReason];

export type Vote =
  | { readonly kind: 'proposal'; readonly view: number; readonly blockId: Uint8Array }
  | { readonly kind: 'notarize'; readonly view: number; readonly blockId: Uint8Array; readonly timestampMs: number }
  | {
      readonly kind: 'nullify';
      readonly view: number;
      readonly reason: number;
      readonly blockId: Uint8Array | undefined;
    }
  | { readonly kind: 'finalize'; readonly view: number; readonly blockId: Uint8Array };
export type VoteOf<K extends Vote['kind']> = Extract<Vote, { kind: K }>;

const id = bytes({ length: 32 });
const proposal = tuple(literal(VoteKind.proposal), uint(), id);
const notarize = tuple(literal(VoteKind.notarize), uint(), id, uint());
const nullify = tuple(literal(VoteKind.nullify), uint(), uint(NullifyReason.declined), optional(id));
const finalize = tuple(literal(VoteKind.finalize), uint(), id);

/** A vote as [kind, view, ...]. */
export const voteSchema: Schema<Vote> = {
  encode(vote) {
    switch (vote.kind) {
      case 'proposal':
        return proposal.encode([VoteKind.proposal, vote.view, vote.blockId]);
      case 'notarize':
        return notarize.encode([VoteKind.notarize, vote.view, vote.blockId, vote.timestampMs]);
      case 'nullify':
        return nullify.encode([VoteKind.nullify, vote.view, vote.reason, vote.blockId]);
      case 'finalize':
        return finalize.encode([VoteKind.finalize, vote.view, vote.blockId]);
    }
  },
  decode(value, path) {
    switch (Array.isArray(value) ? value[0] : undefined) {
      case VoteKind.proposal: {
        const [, view, blockId] = proposal.decode(value, path);
        return { kind: 'proposal', view, blockId };
      }
      case VoteKind.notarize: {
        const [, view, blockId, timestampMs] = notarize.decode(value, path);
        return { kind: 'notarize', view, blockId, timestampMs };
      }
      case VoteKind.nullify: {
        const [, view, reason, blockId] = nullify.decode(value, path);
        return { kind: 'nullify', view, reason, blockId };
      }
      default: {
        const [, view, blockId] = finalize.decode(value, path);
        return { kind: 'finalize', view, blockId };
      }
    }
  },
};

/** What is signed: bound to the chain, the epoch, its voters, the kind and the view. */
export function signedBytes(
  chainId: Uint8Array,
  epoch: Pick<EpochContext, 'epoch' | 'committeeRoot'>,
  vote: Vote,
): Uint8Array {
  return encodeCanonical([TAG, chainId, epoch.epoch, epoch.committeeRoot, voteSchema.encode(vote)]);
}

const signedSchema = struct({ tag: literal(TAG), chainId: id, epoch: uint(), committeeRoot: id, vote: voteSchema });

/** The vote inside bytes that `signedBytes` made. @throws {ConsensusError} `MALFORMED_SIGN_RECORD` */
export function voteOfSignedBytes(signed: Uint8Array): Vote {
  try {
    return signedSchema.decode(decodeCanonical(signed, { bytesMax: SIGNED_BYTES_MAX })).vote;
  } catch (cause) {
    throw new ConsensusError({ code: 'MALFORMED_SIGN_RECORD' }, 'expected the signed bytes of a vote', { cause });
  }
}

/** Text that is equal for votes that say the same: what a certificate groups by. */
export function statementKey(vote: Vote): string {
  const known = statementKeys.get(vote);
  if (known !== undefined) return known;
  const key = writeStatementKey(vote);
  statementKeys.set(vote, key);
  return key;
}

/** Each vote that comes in is compared with all that are there: their texts are made once. */
const statementKeys = new WeakMap<Vote, string>();

function writeStatementKey(vote: Vote): string {
  const about = vote.blockId === undefined ? '' : toHex(vote.blockId);
  const detail = vote.kind === 'notarize' ? vote.timestampMs : vote.kind === 'nullify' ? vote.reason : '';
  return `${vote.kind}/${vote.view}/${detail}/${about}`;
}
