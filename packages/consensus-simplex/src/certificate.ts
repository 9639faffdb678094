/** Certificates: enough votes for one statement, or to give up one view. Spec: docs/spec/simplex.md, section 3. */
import { ConsensusError, type EpochContext, seatOf } from '@radledger/consensus';
import {
  algorithmBytes,
  compareBytes,
  encodeCanonical,
  list,
  type SignatureClaim,
  struct,
  tuple,
  uint,
} from '@radledger/primitives';
import type { SimplexRules } from './rules.js';
import { statementKey, type Vote, voteSchema } from './vote.js';

const SEATS_MAX = 128;

export interface VoteGroup {
  readonly vote: Vote;
  /** Seat and signature, ascending by seat. */
  readonly signatures: readonly (readonly [seat: number, signature: Uint8Array])[];
}

/** Groups of one kind and view; several only to give up a view, for each reason one. */
export interface Certificate {
  readonly epoch: number;
  readonly groups: readonly VoteGroup[];
}

export const certificateSchema = struct({
  epoch: uint(),
  groups: list(
    struct({
      vote: voteSchema,
      signatures: list(tuple(uint(SEATS_MAX - 1), algorithmBytes(64)), { min: 1, max: SEATS_MAX }),
    }),
    { min: 1, max: SEATS_MAX },
  ),
});

/** First statement of a certificate: its kind, view and, except to give up, its block. */
export function statementOf(certificate: Certificate): Vote {
  return (certificate.groups[0] as VoteGroup).vote;
}

/** Makes a certificate of votes that reach a quorum together. */
export function assembleCertificate(
  epoch: number,
  votes: readonly { readonly seat: number; readonly vote: Vote; readonly signature: Uint8Array }[],
): Certificate {
  const groups = new Map<string, { vote: Vote; order: Uint8Array; signatures: [number, Uint8Array][] }>();
  for (const { seat, vote, signature } of [...votes].sort((a, b) => a.seat - b.seat)) {
    const order = encodeCanonical(voteSchema.encode(vote));
    const key = statementKey(vote);
    const group = groups.get(key) ?? { vote, order, signatures: [] };
    group.signatures.push([seat, signature]);
    groups.set(key, group);
  }
  const sorted = [...groups.values()].sort((a, b) => compareBytes(a.order, b.order));
  return { epoch, groups: sorted.map(({ vote, signatures }) => ({ vote, signatures })) };
}

/** The certificate of a block with the votes of further seats that say the same. */
export function withVotes(
  certificate: Certificate,
  votes: readonly { readonly seat: number; readonly vote: Vote; readonly signature: Uint8Array }[],
): Certificate {
  const { epoch, groups } = certificate;
  const { vote, signatures } = groups[0] as VoteGroup;
  const seats = new Set(signatures.map(([seat]) => seat));
  const more = votes.filter((each) => !seats.has(each.seat) && statementKey(each.vote) === statementKey(vote));
  if (more.length === 0) return certificate;
  const all = signatures.map(([seat, signature]) => ({ seat, vote, signature }));
  return assembleCertificate(epoch, [...all, ...more]);
}

/**
 * Checks shape and weight of a certificate.
 * @returns the signatures left to verify: all must hold
 * @throws {ConsensusError} `MALFORMED_MESSAGE` | `UNKNOWN_SEAT` | `NO_QUORUM` | `WRONG_EPOCH`
 */
export function certificateClaims(
  certificate: Certificate,
  context: { readonly chainId: Uint8Array; readonly epoch: EpochContext; readonly rules: SimplexRules },
): readonly SignatureClaim[] {
  const { chainId, epoch, rules } = context;
  if (certificate.epoch !== epoch.epoch) {
    const info = { code: 'WRONG_EPOCH', expectedEpoch: epoch.epoch, actualEpoch: certificate.epoch } as const;
    throw new ConsensusError(info, `expected a certificate of epoch ${epoch.epoch}`);
  }
  checkShape(certificate);
  const seen = new Set<number>();
  const claims: SignatureClaim[] = [];
  let weight = 0n;
  for (const { vote, signatures } of certificate.groups) {
    const message = rules.signedBytes(chainId, epoch, vote);
    for (const [seat, signature] of signatures) {
      if (seen.has(seat)) throw malformed('expected each seat once');
      seen.add(seat);
      const member = seatOf(epoch, seat);
      weight += member.weight;
      claims.push({ key: member.nodeKey, message, signature });
    }
  }
  if (!rules.isQuorum(weight, epoch.totalWeight)) {
    const { view } = statementOf(certificate);
    throw new ConsensusError({ code: 'NO_QUORUM', epoch: epoch.epoch, view }, 'expected votes of more than two thirds');
  }
  return claims;
}

function checkShape({ groups }: Certificate): void {
  const first = (groups[0] as VoteGroup).vote;
  if (first.kind === 'proposal') throw malformed('expected votes, not a proposal');
  if (first.kind !== 'nullify' && groups.length !== 1) throw malformed('expected one statement');
  let before: Uint8Array | undefined;
  for (const { vote, signatures } of groups) {
    if (vote.kind !== first.kind || vote.view !== first.view) throw malformed('expected one kind and one view');
    const order = encodeCanonical(voteSchema.encode(vote));
    if (before !== undefined && compareBytes(before, order) >= 0) throw malformed('expected groups in order');
    before = order;
    for (let i = 1; i < signatures.length; i++) {
      if (
        (signatures[i - 1] as readonly [number, Uint8Array])[0] >= (signatures[i] as readonly [number, Uint8Array])[0]
      ) {
        throw malformed('expected seats in order');
      }
    }
  }
}

function malformed(message: string): ConsensusError {
  return new ConsensusError({ code: 'MALFORMED_MESSAGE' }, message);
}
