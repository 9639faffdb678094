/** Bytes of the evidence that this module can judge. Spec: docs/spec/evidence.md, section 2. */
import { HEADER_BYTES_MAX } from '@radledger/chain';
import type { Member } from '@radledger/consensus';
import {
  algorithmBytes,
  bytes,
  type CanonicalValue,
  compareBytes,
  decodeWith,
  encodeWith,
  list,
  literal,
  optional,
  PrimitivesError,
  type Schema,
  struct,
  uint,
} from '@radledger/primitives';
import { type Certificate, certificateSchema } from './certificate.js';
import { type Vote, voteSchema } from './vote.js';

/** Numbers of the kinds. 1 to 4: two votes of one key. */
export const EvidenceKind = {
  conflictingProposal: 1,
  conflictingNotarize: 2,
  conflictingFinalize: 3,
  nullifyFinalize: 4,
  invalidProposal: 5,
  lateProof: 6,
  certConflict: 7,
} as const;
export type PairKind = 1 | 2 | 3 | 4;

/** Longest evidence, in bytes: what a Report Misconduct holds. */
const BYTES_MAX = 49_152;
const DEPTH_MAX = 8;

/** One vote and its signature by `nodeKey` of the evidence. */
export interface SignedStatement {
  readonly vote: Vote;
  readonly signature: Uint8Array;
}

export interface VotePair {
  readonly kind: PairKind;
  readonly epoch: number;
  readonly committeeRoot: Uint8Array;
  readonly nodeKey: Uint8Array;
  /** In the order of the votes' bytes. */
  readonly votes: readonly [SignedStatement, SignedStatement];
}

export interface InvalidProposal {
  readonly kind: typeof EvidenceKind.invalidProposal;
  readonly epoch: number;
  readonly committeeRoot: Uint8Array;
  readonly nodeKey: Uint8Array;
  readonly view: number;
  /** Over the proposal of this header in this view. */
  readonly signature: Uint8Array;
  readonly header: Uint8Array;
  /** What the core can prove (`encodeOffence` of `chain`); absent when the seal itself breaks a rule. */
  readonly offence: Uint8Array | undefined;
}

export interface LateProof {
  readonly kind: typeof EvidenceKind.lateProof;
  readonly epoch: number;
  readonly committee: readonly Member[];
  readonly certificate: Certificate;
}

export interface CertConflict {
  readonly kind: typeof EvidenceKind.certConflict;
  readonly epoch: number;
  readonly committee: readonly Member[];
  /** In the order of their bytes. */
  readonly certificates: readonly [Certificate, Certificate];
}

export type Evidence = VotePair | InvalidProposal | LateProof | CertConflict;

const id = bytes({ length: 32 });
const key = algorithmBytes(32);
const signature = algorithmBytes(64);
const weight: Schema<bigint> = {
  encode: (value) => uint().encode(Number(value)),
  decode: (value, path = '') => BigInt(uint().decode(value, path)),
};
const member = struct({ source: id, nodeKey: key, vrfKey: key, weight });
const committee = list(member, { min: 1, max: 128 });
const statement = struct({ vote: voteSchema, signature });
const head = { format: literal(1), kind: uint(255), epoch: uint() } as const;

const pair = struct({ ...head, committeeRoot: id, nodeKey: key, first: statement, second: statement });
const invalidProposal = struct({
  ...head,
  committeeRoot: id,
  nodeKey: key,
  view: uint(),
  signature,
  header: bytes({ max: HEADER_BYTES_MAX }),
  offence: optional(bytes({ max: BYTES_MAX })),
});
const lateProof = struct({ ...head, committee, certificate: certificateSchema });
const certConflict = struct({ ...head, committee, first: certificateSchema, second: certificateSchema });

export function encodeEvidence(evidence: Evidence): Uint8Array {
  switch (evidence.kind) {
    case EvidenceKind.invalidProposal:
      return encodeWith(invalidProposal, { format: 1, ...evidence });
    case EvidenceKind.lateProof:
      return encodeWith(lateProof, { format: 1, ...evidence });
    case EvidenceKind.certConflict: {
      const [first, second] = inOrder(certificateSchema, evidence.certificates);
      return encodeWith(certConflict, { format: 1, ...evidence, first, second });
    }
    default: {
      const [first, second] = inOrder(statement, evidence.votes);
      return encodeWith(pair, { format: 1, ...evidence, first, second });
    }
  }
}

/** @returns undefined for anything but evidence of this module in its one form */
export function decodeEvidence(encoded: Uint8Array): Evidence | undefined {
  try {
    return evidenceOf(decodeWith(anything, encoded, { bytesMax: BYTES_MAX, depthMax: DEPTH_MAX }));
  } catch (error) {
    if (error instanceof PrimitivesError) return undefined;
    throw error;
  }
}

const anything: Schema<CanonicalValue> = { encode: (value) => value, decode: (value) => value };

function evidenceOf(value: CanonicalValue): Evidence | undefined {
  const kind: unknown = Array.isArray(value) ? value[1] : undefined;
  switch (kind) {
    case EvidenceKind.conflictingProposal:
    case EvidenceKind.conflictingNotarize:
    case EvidenceKind.conflictingFinalize:
    case EvidenceKind.nullifyFinalize: {
      const { epoch, committeeRoot, nodeKey, first, second } = pair.decode(value);
      if (!isAscending(statement, first, second)) return undefined;
      return { kind, epoch, committeeRoot, nodeKey, votes: [first, second] };
    }
    case EvidenceKind.invalidProposal:
      return { ...invalidProposal.decode(value), kind };
    case EvidenceKind.lateProof: {
      const { epoch, committee: voters, certificate } = lateProof.decode(value);
      return { kind, epoch, committee: voters, certificate };
    }
    case EvidenceKind.certConflict: {
      const { epoch, committee: voters, first, second } = certConflict.decode(value);
      if (!isAscending(certificateSchema, first, second)) return undefined;
      return { kind, epoch, committee: voters, certificates: [first, second] };
    }
    default:
      return undefined;
  }
}

function inOrder<T>(schema: Schema<T>, [a, b]: readonly [T, T]): readonly [T, T] {
  return isAscending(schema, a, b) ? [a, b] : [b, a];
}

function isAscending<T>(schema: Schema<T>, a: T, b: T): boolean {
  return compareBytes(encodeWith(schema, a), encodeWith(schema, b)) < 0;
}
