/** The port through which a consensus module judges evidence of misconduct. Spec: docs/spec/evidence.md. */
import { equalBytes, type SignatureClaim } from '@radledger/primitives';
import { type SignedTransaction, signatureClaims } from '@radledger/transactions';
import type { EpochCell } from './cells.js';
import type { DutyVerdict } from './duty-verdict.js';
import type { Header } from './header.js';
import type { OffenceVerdict } from './offence.js';
import type { Parameters, Policies } from './parameters.js';

/** Signatures that must hold, and signatures that must not: a block may offend by holding a forged one. */
export interface EvidenceClaims {
  readonly holding: readonly SignatureClaim[];
  readonly failing: readonly SignatureClaim[];
}

/** What evidence says, once its claims are checked and the epoch's voters are known. */
export interface Judgement {
  /** The module's number of the kind, 1 to 255: one report a source, epoch and kind. */
  readonly kind: number;
  readonly epoch: number;
  readonly view: number;
  readonly verdict: DutyVerdict['class'];
  /** Whose keys signed it; in the order of source ids. */
  readonly offenders: readonly { readonly source: Uint8Array; readonly nodeKey: Uint8Array }[];
}

export interface EvidenceInput {
  readonly evidence: Uint8Array;
  readonly chainId: Uint8Array;
  readonly parameters: Parameters;
  readonly policies: Policies;
  /** The cell of the epoch that the report names: complete, of a finalized boundary. */
  readonly epoch: EpochCell;
  /** Judges what the core can say about a proposed block: `judgeOffence` of this package. */
  readonly judgeOffence: (header: Header, offence: Uint8Array) => OffenceVerdict | undefined;
}

/**
 * Swap-in point: which acts of voters and leaders can be proven. Every implementation must be
 * - pure and synchronous, the same on every platform: no clock, randomness, I/O;
 * - total: undefined for whatever is no evidence, never an exception;
 * - attributable: nobody but the holder of a node key can make evidence against it;
 * - independent of what a node happens to have seen: only the input counts.
 */
export interface EvidenceRules {
  /** What must be checked before `judge` means anything; undefined when the bytes are no evidence. Needs no state. */
  claims(evidence: Uint8Array, chainId: Uint8Array): EvidenceClaims | undefined;
  /** The claims have been checked. Undefined when this is no misconduct of anybody in this epoch. */
  judge(input: EvidenceInput): Judgement | undefined;
}

/** For modules that can prove nothing. */
export const NO_EVIDENCE: EvidenceRules = { claims: () => undefined, judge: () => undefined };

/**
 * Everything that must be checked about the signatures of a transaction, without state: `signatureClaims`, and what the
 * evidence of a Report Misconduct rests on.
 * @returns undefined when the evidence is none: the transaction can stand in no block
 */
export function transactionClaims(
  signed: SignedTransaction,
  context: { readonly chainId: Uint8Array; readonly evidence: EvidenceRules },
): EvidenceClaims | undefined {
  const own = signatureClaims(signed, context.chainId);
  const { transaction } = signed;
  if (transaction.kind !== 'report-misconduct') return { holding: own, failing: [] };
  const claims = context.evidence.claims(transaction.payload.evidence, context.chainId);
  return claims && { holding: [...own, ...claims.holding], failing: claims.failing };
}

/** Whether a judgement names this source with this key. */
export function accuses(judgement: Judgement, accused: { source: Uint8Array; nodeKey: Uint8Array }): boolean {
  return judgement.offenders.some(
    ({ source, nodeKey }) => equalBytes(source, accused.source) && equalBytes(nodeKey, accused.nodeKey),
  );
}
