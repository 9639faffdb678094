/** What a voter signs when its chain does not go on. Spec: docs/spec/halt-and-recovery.md, section 1. */
import {
  algorithmBytes,
  bytes,
  decodeWith,
  encodeCanonical,
  encodeWith,
  equalBytes,
  literal,
  PrimitivesError,
  type SignatureClaim,
  struct,
  toHex,
  uint,
} from '@radledger/primitives';
import type { EpochContext } from './epoch-context.js';
import { ConsensusError } from './errors.js';

const TAG = 'radledger/halt/1';
export const HALT_STATEMENT_BYTES_MAX = 256;
/** A statement counts for so long after it was made: an old halt proves nothing about today. */
export const HALT_STATEMENT_AGE_MS_MAX = 600_000;
/** How far ahead of the own clock a statement may be. */
export const HALT_STATEMENT_AHEAD_MS_MAX = 60_000;

/** "This is the newest block that I hold final, and nothing has followed for long." */
export interface HaltStatement {
  /** Node key of the voter, 32 bytes. */
  readonly nodeKey: Uint8Array;
  readonly height: number;
  /** Id of the block at that height. */
  readonly blockId: Uint8Array;
  /** Unix ms by the voter's clock. */
  readonly statedAtMs: number;
  readonly signature: Uint8Array;
}

/** Voters of more than half of the weight state the same. */
export interface HaltProof {
  readonly height: number;
  readonly blockId: Uint8Array;
  /** Milli-studies of the voters that state it, and of all. */
  readonly weight: bigint;
  readonly totalWeight: bigint;
  /** Ascending by node key. */
  readonly statements: readonly HaltStatement[];
}

const id = bytes({ length: 32 });
const schema = struct({
  format: literal(1),
  nodeKey: algorithmBytes(32),
  height: uint(),
  blockId: id,
  statedAtMs: uint(),
  signature: algorithmBytes(64),
});

export function haltSignedBytes(
  chainId: Uint8Array,
  statement: Omit<HaltStatement, 'nodeKey' | 'signature'>,
): Uint8Array {
  const { height, blockId, statedAtMs } = statement;
  return encodeCanonical([TAG, chainId, height, blockId, statedAtMs]);
}

export function encodeHaltStatement(statement: HaltStatement): Uint8Array {
  return encodeWith(schema, { format: 1, ...statement });
}

/** @throws {ConsensusError} `MALFORMED_HALT_STATEMENT` */
export function decodeHaltStatement(encoded: Uint8Array): HaltStatement {
  try {
    const { format: _, ...statement } = decodeWith(schema, encoded, { bytesMax: HALT_STATEMENT_BYTES_MAX });
    return statement;
  } catch (cause) {
    if (!(cause instanceof PrimitivesError)) throw cause;
    throw new ConsensusError({ code: 'MALFORMED_HALT_STATEMENT' }, 'expected a halt statement', { cause });
  }
}

/** The signature that has to hold before the statement counts. */
export function haltClaim(chainId: Uint8Array, statement: HaltStatement): SignatureClaim {
  return { key: statement.nodeKey, message: haltSignedBytes(chainId, statement), signature: statement.signature };
}

/**
 * What verified statements prove together; pure.
 * @param about.epoch - epoch of the next height: its voters count, each once
 * @returns undefined unless voters of more than half of the weight state this block, and lately
 */
export function haltProofOf(
  statements: Iterable<HaltStatement>,
  about: {
    readonly height: number;
    readonly blockId: Uint8Array;
    readonly epoch: Pick<EpochContext, 'committee' | 'totalWeight'>;
    readonly nowMs: number;
  },
): HaltProof | undefined {
  const { height, blockId, epoch, nowMs } = about;
  const counted = new Map<string, HaltStatement>();
  for (const statement of statements) {
    if (statement.height !== height || !equalBytes(statement.blockId, blockId)) continue;
    if (isHaltStatementTimely(statement, nowMs)) counted.set(toHex(statement.nodeKey), statement);
  }
  const stating = epoch.committee.filter(({ nodeKey }) => counted.has(toHex(nodeKey)));
  const weight = stating.reduce((sum, member) => sum + member.weight, 0n);
  if (weight * 2n <= epoch.totalWeight) return undefined;
  const keys = stating.map(({ nodeKey }) => toHex(nodeKey)).sort();
  const proof = keys.map((key) => counted.get(key) as HaltStatement);
  return { height, blockId, weight, totalWeight: epoch.totalWeight, statements: proof };
}

export function isHaltStatementTimely({ statedAtMs }: Pick<HaltStatement, 'statedAtMs'>, nowMs: number): boolean {
  return statedAtMs >= nowMs - HALT_STATEMENT_AGE_MS_MAX && statedAtMs <= nowMs + HALT_STATEMENT_AHEAD_MS_MAX;
}
