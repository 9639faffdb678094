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
  optional,
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

const epochProofFields = {
  /** The cell of the epoch that begins after the boundary, and its proof under the boundary's state root. */
  epoch: bytes({ max: EPOCH_CELL_BYTES_MAX }),
  path: bytes({ max: CELL_PROOF_BYTES_MAX }),
  /** The same of the epoch after that, where it has its seed already: proofs of some modules reach into it. */
  next: optional(struct({ epoch: bytes({ max: EPOCH_CELL_BYTES_MAX }), path: bytes({ max: CELL_PROOF_BYTES_MAX }) })),
};

const recordSchema = struct({
  /** Encoded header of the block that closes an epoch, or of genesis. */
  header: bytes({ max: HEADER_BYTES_MAX }),
  /** The module's proof that it is final; empty for genesis. */
  finality: bytes({ max: FINALITY_BYTES_MAX }),
  ...epochProofFields,
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
  return decodeFormat('list of boundaries', answerSchema, encoded, { bytesMax: limits.bytesMax, depthMax: 5 }).records;
}

const epochProofSchema = struct(epochProofFields);
/** What a store keeps beside a boundary block: the part of its record that later states cannot give. */
export type EpochProof = Infer<typeof epochProofSchema>;

/**
 * Bytes of the proof of an epoch's cell, and of the one after when that is complete.
 * @param state - that after the block before the epoch's first
 * @throws {ChainError} `STATE_BROKEN`
 */
export async function proveEpoch(state: StateReader, epoch: number): Promise<Uint8Array> {
  const [cell, nextCell] = await state.getMany([cellKey.epoch(epoch), cellKey.epoch(epoch + 1)]);
  if (cell === undefined) throw new ChainError({ code: 'STATE_BROKEN', cell: 'epoch' }, 'expected the next epoch');
  const pathOf = async (number: number): Promise<Uint8Array> =>
    encodeCellProof(await proveCell(state, cellKey.epoch(number)));
  const isComplete = nextCell !== undefined && decodeEpochCell(nextCell).seed !== undefined;
  const next = isComplete ? { epoch: nextCell, path: await pathOf(epoch + 1) } : undefined;
  return encodeEpochProof({ epoch: cell, path: await pathOf(epoch), next });
}

export function encodeEpochProof({ epoch, path, next }: EpochProof): Uint8Array {
  return encodeWith(epochProofSchema, { epoch, path, next });
}

/** @throws {ChainError} `TOO_LARGE` | `MALFORMED` */
export function decodeEpochProof(encoded: Uint8Array): EpochProof {
  const bytesMax = 2 * (EPOCH_CELL_BYTES_MAX + CELL_PROOF_BYTES_MAX) + 64;
  return decodeFormat('epoch proof', epochProofSchema, encoded, { bytesMax, depthMax: 3 });
}

/** A boundary that is trusted: the end of one epoch, and who decides the next. */
export interface Boundary {
  readonly id: Uint8Array;
  readonly header: Header;
  /** The epoch of the heights after it, with its seed. */
  readonly epoch: EpochCell;
  /** The one after that, where it is complete already. */
  readonly nextEpoch: EpochCell | undefined;
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
  const { epoch, nextEpoch } = trusted;
  if (header.height === 0 || epochOfHeight(header.height, epochHeights) !== epoch.epoch) {
    throw invalid('WRONG_EPOCH', `expected a height of epoch ${epoch.epoch}`);
  }
  if (header.timestampMs <= trusted.header.timestampMs) {
    throw invalid('WRONG_TIMESTAMP', 'expected a later timestamp than that of the boundary before');
  }
  if (
    !(await verifyAll(
      claimsOf(() =>
        verifyFinality({
          chainId,
          header,
          proof: finality,
          epoch,
          ...(nextEpoch && { nextEpoch }),
          trusted: trusted.header,
        }),
      ),
    ))
  ) {
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
  const epochOf = (
    at: number,
    { epoch, path }: { readonly epoch: Uint8Array; readonly path: Uint8Array },
  ): EpochCell => {
    if (!verifyCellProof({ stateRoot, name: cellKey.epoch(at), value: epoch, proof: decodeCellProof(path) })) {
      throw new ChainError({ code: 'PROOF_INVALID' }, `expected the cell of epoch ${at} under the header's root`);
    }
    const cell = decodeEpochCell(epoch);
    const firstHeight = firstHeightOfEpoch(at, rules.epochHeights);
    if (cell.epoch === at && cell.firstHeight === firstHeight && cell.seed !== undefined) return cell;
    throw invalid('WRONG_EPOCH', `expected epoch ${at} with its seed`);
  };
  const epoch = epochOf(number, record);
  // Never from the record that it helps to prove: who forges a header would choose its own voters.
  const nextEpoch = record.next && epochOf(number + 1, record.next);
  return { id: blockIdOf(record.header), header, epoch, nextEpoch };
}

function invalid(rule: string, message: string, cause?: unknown): ChainError {
  return new ChainError({ code: 'BOUNDARY_INVALID', rule }, message, { cause });
}
