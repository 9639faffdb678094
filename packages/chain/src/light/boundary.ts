/**
 * From one epoch boundary to the next: how anyone follows the voters of a chain without its blocks.
 * Browser-safe. Spec: docs/spec/light-client.md, sections 1 and 2.
 */
import {
  bytes,
  CodedError,
  encodeWith,
  equalBytes,
  type Infer,
  list,
  literal,
  struct,
  verifyAll,
} from '@radledger/primitives';
import { cellKey } from '../cell-names.js';
import { decodeEpochCell, type EpochCell, EPOCH_CELL_BYTES_MAX } from '../cells.js';
import { decodeFormat } from '../decoding.js';
import { epochOfHeight, firstHeightOfEpoch } from '../epochs.js';
import { ChainError } from '../errors.js';
import type { FinalityVerifier } from '../finality.js';
import { blockIdOf, decodeHeader, type Header, HEADER_BYTES_MAX } from '../header.js';
import type { StateReader } from '../state-reader.js';
import {
  CELL_PROOF_BYTES_MAX,
  decodeCellProof,
  encodeCellProof,
  proveCell,
  verifyCellProof,
} from '../tree/cell-proof.js';
import type { Checkpoint } from './checkpoint.js';

/** Longest finality proof that is read. */
export const FINALITY_BYTES_MAX = 8 * 1024 * 1024;
/** Most records in one answer. */
export const BOUNDARIES_MAX = 256;

const recordSchema = struct({
  /** Encoded header of the block that closes an epoch, or of genesis. */
  header: bytes({ max: HEADER_BYTES_MAX }),
  /** The module's proof that it is final; empty for genesis. */
  finality: bytes({ max: FINALITY_BYTES_MAX }),
  /** The cell of the epoch that begins after it, and its proof under the header's state root. */
  epoch: bytes({ max: EPOCH_CELL_BYTES_MAX }),
  path: bytes({ max: CELL_PROOF_BYTES_MAX }),
});
/** What leads from the voters of one epoch to those of the next. */
export type BoundaryRecord = Infer<typeof recordSchema>;

const answerSchema = struct({ format: literal(1), records: list(recordSchema, { max: BOUNDARIES_MAX }) });

export function encodeBoundaries(records: readonly BoundaryRecord[]): Uint8Array {
  return encodeWith(answerSchema, { format: 1, records });
}

/** @throws {ChainError} `TOO_LARGE` | `MALFORMED` */
export function decodeBoundaries(
  encoded: Uint8Array,
  limits: { readonly bytesMax: number },
): readonly BoundaryRecord[] {
  return decodeFormat('list of boundaries', answerSchema, encoded, { bytesMax: limits.bytesMax, depthMax: 3 }).records;
}

const epochProofSchema = struct({
  epoch: bytes({ max: EPOCH_CELL_BYTES_MAX }),
  path: bytes({ max: CELL_PROOF_BYTES_MAX }),
});
/** What a store keeps beside a boundary block: the part of its record that later states cannot give. */
export type EpochProof = Infer<typeof epochProofSchema>;

/**
 * Bytes of the proof of an epoch's cell.
 * @param state - that after the block before the epoch's first
 * @throws {ChainError} `STATE_BROKEN`
 */
export async function proveEpoch(state: StateReader, epoch: number): Promise<Uint8Array> {
  const name = cellKey.epoch(epoch);
  const [cell] = await state.getMany([name]);
  if (cell === undefined) throw new ChainError({ code: 'STATE_BROKEN', cell: 'epoch' }, 'expected the next epoch');
  return encodeWith(epochProofSchema, { epoch: cell, path: encodeCellProof(await proveCell(state, name)) });
}

/** @throws {ChainError} `TOO_LARGE` | `MALFORMED` */
export function decodeEpochProof(encoded: Uint8Array): EpochProof {
  const bytesMax = EPOCH_CELL_BYTES_MAX + CELL_PROOF_BYTES_MAX + 64;
  return decodeFormat('epoch proof', epochProofSchema, encoded, { bytesMax, depthMax: 1 });
}

/** A boundary that is trusted: the end of one epoch, and who decides the next. */
export interface Boundary {
  readonly id: Uint8Array;
  readonly header: Header;
  /** The epoch of the heights after it, with its seed. */
  readonly epoch: EpochCell;
}

export interface LightRules {
  readonly chainId: Uint8Array;
  /** The genesis parameter of this name. */
  readonly epochHeights: number;
  /** The module's, from `createFinalityVerifier` of `@radledger/consensus`. */
  readonly verifyFinality: FinalityVerifier;
}

/**
 * The boundary that a checkpoint names: trusted for its id, whoever sends the record.
 * @throws {ChainError} `BOUNDARY_INVALID` | `MALFORMED` | `TOO_LARGE` | `PROOF_INVALID`
 */
export function boundaryOfCheckpoint(
  record: BoundaryRecord,
  checkpoint: Checkpoint,
  rules: Pick<LightRules, 'chainId' | 'epochHeights'>,
): Boundary {
  const boundary = readBoundary(record, rules);
  if (boundary.header.height !== checkpoint.height || !equalBytes(boundary.id, checkpoint.id)) {
    throw invalid('WRONG_BLOCK', 'expected the block that the checkpoint names');
  }
  return boundary;
}

/**
 * The boundary after a trusted one, when the voters of the epoch between them made it final.
 * @throws {ChainError} `BOUNDARY_INVALID` | `MALFORMED` | `TOO_LARGE` | `PROOF_INVALID`
 */
export async function followBoundary(trusted: Boundary, record: BoundaryRecord, rules: LightRules): Promise<Boundary> {
  const next = readBoundary(record, rules);
  if (next.header.height !== trusted.header.height + rules.epochHeights) {
    throw invalid('WRONG_HEIGHT', 'expected the end of the epoch that the trusted boundary begins');
  }
  await verifyFinalHeader(trusted, next.header, record.finality, rules);
  return next;
}

/**
 * Checks that a header of the epoch that a trusted boundary begins is final.
 * @throws {ChainError} `BOUNDARY_INVALID`
 */
export async function verifyFinalHeader(
  trusted: Boundary,
  header: Header,
  finality: Uint8Array,
  rules: LightRules,
): Promise<void> {
  const { chainId, epochHeights, verifyFinality } = rules;
  if (!equalBytes(header.chainId, chainId)) throw invalid('WRONG_CHAIN', 'expected a header of this chain');
  const { epoch } = trusted;
  if (header.height === 0 || epochOfHeight(header.height, epochHeights) !== epoch.epoch) {
    throw invalid('WRONG_EPOCH', `expected a height of epoch ${epoch.epoch}`);
  }
  if (header.timestampMs <= trusted.header.timestampMs) {
    throw invalid('WRONG_TIMESTAMP', 'expected a later timestamp than that of the boundary before');
  }
  if (!(await verifyAll(claimsOf(() => verifyFinality({ chainId, header, proof: finality, epoch }))))) {
    throw invalid('BAD_SIGNATURE', 'expected signatures of the voters of this epoch');
  }
}

function claimsOf(judge: () => ReturnType<FinalityVerifier>): ReturnType<FinalityVerifier> {
  try {
    return judge();
  } catch (cause) {
    if (!(cause instanceof CodedError)) throw cause;
    throw invalid(String(cause.code), 'expected a finality proof of this header', cause);
  }
}

function readBoundary(record: BoundaryRecord, rules: Pick<LightRules, 'chainId' | 'epochHeights'>): Boundary {
  const header = decodeHeader(record.header);
  const { height, stateRoot } = header;
  if (!equalBytes(header.chainId, rules.chainId)) throw invalid('WRONG_CHAIN', 'expected a header of this chain');
  if (height % rules.epochHeights !== 0) throw invalid('WRONG_HEIGHT', 'expected a multiple of the epoch length');
  const number = height / rules.epochHeights;
  const proof = decodeCellProof(record.path);
  if (!verifyCellProof({ stateRoot, name: cellKey.epoch(number), value: record.epoch, proof })) {
    throw new ChainError({ code: 'PROOF_INVALID' }, `expected the cell of epoch ${number} under the header's root`);
  }
  const epoch = decodeEpochCell(record.epoch);
  const firstHeight = firstHeightOfEpoch(number, rules.epochHeights);
  if (epoch.epoch !== number || epoch.firstHeight !== firstHeight || epoch.seed === undefined) {
    throw invalid('WRONG_EPOCH', `expected epoch ${number} with its seed`);
  }
  return { id: blockIdOf(record.header), header, epoch };
}

function invalid(rule: string, message: string, cause?: unknown): ChainError {
  return new ChainError({ code: 'BOUNDARY_INVALID', rule }, message, { cause });
}
