/**
 * What the core can prove about a block that its leader should never have proposed: a header rule, or one transaction with
 * its place under the transaction root and, for a rule against the state, the cells it would have met. Never a whole body.
 * Spec: docs/spec/evidence.md, section 4.
 */
import {
  bytes,
  decodeWith,
  encodeWith,
  equalBytes,
  type Infer,
  list,
  literal,
  optional,
  PrimitivesError,
  type Schema,
  type SignatureClaim,
  struct,
  tuple,
  uint,
} from '@radledger/primitives';
import {
  decodeTransaction,
  EVIDENCE_BYTES_MAX,
  type SignedTransaction,
  signatureClaims,
  TransactionError,
} from '@radledger/transactions';
import { CELL_BYTES_MAX } from './cell-format.js';
import { decodeStudyCell } from './cells.js';
import { type BlockRefusalCode, ChainError, type TransactionRefusalCode } from './errors.js';
import type { RecentBlocks } from './execution-input.js';
import { blockIdOf, decodeHeader, type Header, HEADER_BYTES_MAX } from './header.js';
import { type InclusionProof, verifyInclusion } from './merkle.js';
import { compareOrder, orderKeyOf } from './order.js';
import type { Parameters, Policies } from './parameters.js';
import { isPermanentRefusal } from './permanence.js';
import { emptyState } from './state-reader.js';
import { refsOf, type TouchedCells, touchedCellsOf } from './touched-cells.js';
import { applyTransaction, stakeCellOfStudy } from './transition.js';
import { CELL_PROOF_BYTES_MAX, decodeCellProof, verifyCellProof } from './tree/cell-proof.js';
import { type CellRef, cellRef, WorkingCells } from './working-cells.js';

/** The rule that the block breaks. */
export interface OffenceVerdict {
  readonly code: BlockRefusalCode | 'SIGNATURE_INVALID';
}

export interface OffenceContext {
  readonly chainId: Uint8Array;
  readonly parameters: Parameters;
  readonly policies: Policies;
}

const headerBytes = bytes({ max: HEADER_BYTES_MAX });
/** A transaction and where it stands under the root. */
const placed = struct({
  bytes: bytes({ max: EVIDENCE_BYTES_MAX }),
  index: uint(0x7fffffff),
  size: uint(0x7fffffff),
  path: list(bytes({ length: 32 }), { max: 31 }),
});
const witnessCell = struct({
  name: bytes({ max: 255 }),
  value: optional(bytes({ max: CELL_BYTES_MAX })),
  proof: bytes({ max: CELL_PROOF_BYTES_MAX }),
});
const SHAPES = {
  /** The header alone. */
  header: tuple(literal(1)),
  /** The header beside its parent's. */
  parent: tuple(literal(2), headerBytes),
  /** A transaction that breaks a rule without state. */
  transaction: tuple(literal(3), placed),
  /** Two transactions in the wrong order. */
  order: tuple(literal(4), placed, placed),
  /** A transaction that the parent's state refuses: parent header, transaction, every cell it touches. */
  state: tuple(literal(5), headerBytes, placed, list(witnessCell, { max: 16 })),
  /** A transaction with a signature that does not hold: which of `signatureClaims`. */
  signature: tuple(literal(6), placed, uint(15)),
} as const;
const NAMES = ['header', 'parent', 'transaction', 'order', 'state', 'signature'] as const;

export type Placed = Infer<typeof placed>;
export type WitnessCell = Infer<typeof witnessCell>;
export type Offence =
  | { readonly type: 'header' }
  | { readonly type: 'parent'; readonly parent: Uint8Array }
  | { readonly type: 'transaction'; readonly placed: Placed }
  | { readonly type: 'order'; readonly first: Placed; readonly second: Placed }
  | {
      readonly type: 'state';
      readonly parent: Uint8Array;
      readonly placed: Placed;
      readonly cells: readonly WitnessCell[];
    }
  | { readonly type: 'signature'; readonly placed: Placed; readonly claim: number };

const offenceSchema: Schema<Offence> = {
  encode(offence) {
    switch (offence.type) {
      case 'header':
        return SHAPES.header.encode([1]);
      case 'parent':
        return SHAPES.parent.encode([2, offence.parent]);
      case 'transaction':
        return SHAPES.transaction.encode([3, offence.placed]);
      case 'order':
        return SHAPES.order.encode([4, offence.first, offence.second]);
      case 'state':
        return SHAPES.state.encode([5, offence.parent, offence.placed, offence.cells]);
      case 'signature':
        return SHAPES.signature.encode([6, offence.placed, offence.claim]);
    }
  },
  decode(value, path = '') {
    const number: unknown = Array.isArray(value) ? value[0] : undefined;
    const type = typeof number === 'number' ? NAMES[number - 1] : undefined;
    switch (type) {
      case 'header':
        SHAPES.header.decode(value, path);
        return { type };
      case 'parent': {
        const [, parent] = SHAPES.parent.decode(value, path);
        return { type, parent };
      }
      case 'transaction': {
        const [, offending] = SHAPES.transaction.decode(value, path);
        return { type, placed: offending };
      }
      case 'order': {
        const [, first, second] = SHAPES.order.decode(value, path);
        return { type, first, second };
      }
      case 'state': {
        const [, parent, offending, cells] = SHAPES.state.decode(value, path);
        return { type, parent, placed: offending, cells };
      }
      case 'signature': {
        const [, offending, claim] = SHAPES.signature.decode(value, path);
        return { type, placed: offending, claim };
      }
      case undefined:
        throw new PrimitivesError({ code: 'SCHEMA_MISMATCH', path }, 'expected an offence from 1 to 6');
    }
  },
};

export function encodeOffence(offence: Offence): Uint8Array {
  return encodeWith(offenceSchema, offence);
}

/**
 * Whether a header with this transaction root could never stand in the chain, and by which rule. Pure; never throws. A
 * `SIGNATURE_INVALID` holds only when the claim of `offenceClaims` fails.
 * @returns undefined when nothing is proven
 */
export function judgeOffence(header: Header, offence: Uint8Array, context: OffenceContext): OffenceVerdict | undefined {
  try {
    const code = brokenRule(header, decode(offence), context);
    return code === undefined ? undefined : { code };
  } catch (error) {
    // Of transactions, headers and cells that are not what they claim to be.
    if (error instanceof ChainError || error instanceof TransactionError || error instanceof PrimitivesError)
      return undefined;
    throw error;
  }
}

/** Signatures that must fail for the offence to be one. Needs no state. @returns undefined when the bytes are no offence */
export function offenceClaims(offence: Uint8Array, chainId: Uint8Array): readonly SignatureClaim[] | undefined {
  try {
    const decoded = decode(offence);
    if (decoded.type !== 'signature') return [];
    const claim = signatureClaims(decodeTransaction(decoded.placed.bytes, chainId, LIMIT), chainId)[decoded.claim];
    return claim && [claim];
  } catch (error) {
    if (error instanceof TransactionError || error instanceof PrimitivesError) return undefined;
    throw error;
  }
}

const LIMIT = { bytesMax: EVIDENCE_BYTES_MAX };

function decode(offence: Uint8Array): Offence {
  return decodeWith(offenceSchema, offence, { bytesMax: EVIDENCE_BYTES_MAX });
}

function brokenRule(header: Header, offence: Offence, context: OffenceContext): OffenceVerdict['code'] | undefined {
  const { chainId, parameters } = context;
  switch (offence.type) {
    case 'header':
      if (!equalBytes(header.chainId, chainId)) return 'WRONG_CHAIN';
      return header.bodyBytes > parameters.blockBytesMax ? 'BLOCK_TOO_LARGE' : undefined;
    case 'parent': {
      const parent = parentOf(header, offence.parent);
      if (parent === undefined) return undefined;
      if (header.height !== parent.height + 1) return 'WRONG_HEIGHT';
      const earliestMs = parent.timestampMs + Math.max(1, parameters.minimumIntervalMs);
      return header.timestampMs < earliestMs ? 'TIMESTAMP_TOO_EARLY' : undefined;
    }
    case 'transaction':
      return stands(header, offence.placed) ? statelessRule(offence.placed.bytes, context) : undefined;
    case 'order': {
      const { first, second } = offence;
      // The root does not tell how many leaves there are: positions in trees of different sizes say nothing about the order.
      if (first.size !== second.size || first.index >= second.index) return undefined;
      if (!stands(header, first) || !stands(header, second)) return undefined;
      const [before, after] = [first, second].map((entry) =>
        orderKeyOf(decodeTransaction(entry.bytes, chainId, LIMIT), header.parentId),
      );
      return before && after && compareOrder(before, after) >= 0 ? 'WRONG_ORDER' : undefined;
    }
    case 'state': {
      const parent = parentOf(header, offence.parent);
      if (parent === undefined || !stands(header, offence.placed)) return undefined;
      return stateRule(header, parent, offence, context);
    }
    case 'signature':
      return stands(header, offence.placed) ? 'SIGNATURE_INVALID' : undefined;
  }
}

function parentOf(header: Header, encoded: Uint8Array): Header | undefined {
  return equalBytes(blockIdOf(encoded), header.parentId) ? decodeHeader(encoded) : undefined;
}

function stands({ transactionRoot }: Header, { bytes: leaf, index, size, path }: Placed): boolean {
  const proof: InclusionProof = { index, size, path };
  return verifyInclusion({ root: transactionRoot, leaf, proof });
}

function statelessRule(
  signed: Uint8Array,
  { chainId, parameters }: OffenceContext,
): OffenceVerdict['code'] | undefined {
  try {
    decodeTransaction(signed, chainId, { bytesMax: parameters.transactionBytesMax });
    return undefined;
  } catch (error) {
    if (error instanceof TransactionError) return error.code;
    throw error;
  }
}

/** Refusals that hang on earlier blocks, which no witness shows. */
const BY_ANCESTORS: ReadonlySet<TransactionRefusalCode> = new Set<TransactionRefusalCode>([
  'REPLAYED',
  'ADMISSION_STALE',
]);

/**
 * The parent's state refuses the transaction. Others before it in the block may have changed that state: so it stands first,
 * or nothing that happens on this chain can ever lift the refusal.
 */
export function countsAgainstLeader(code: TransactionRefusalCode, index: number): boolean {
  if (BY_ANCESTORS.has(code)) return false;
  return index === 0 || isPermanentRefusal(code);
}

function stateRule(
  header: Header,
  parent: Header,
  { placed: offending, cells }: Extract<Offence, { type: 'state' }>,
  context: OffenceContext,
): OffenceVerdict['code'] | undefined {
  const { chainId, parameters } = context;
  const signed = decodeTransaction(offending.bytes, chainId, LIMIT);
  // A report inside evidence would hold evidence in its turn.
  if (signed.transaction.kind === 'report-misconduct') return undefined;
  const touched = touchedCellsOf(signed.transaction, header.height, parameters.epochHeights);
  const witness = witnessOf(cells, parent.stateRoot);
  if (witness === undefined) return undefined;
  const needed = cellsToWitness(signed, touched, (ref) => witness.get(ref.hex)?.value, parameters.epochHeights);
  if (needed.some(({ hex }) => !witness.has(hex))) return undefined;
  const working = new WorkingCells(emptyState);
  for (const ref of needed) working.know(ref, witness.get(ref.hex)?.value);
  const { height, timestampMs } = header;
  const refusal = applyTransaction(signed, touched, working, {
    ...context,
    height,
    timestampMs,
    recent: NO_ANCESTORS,
    judgeEvidence: () => undefined,
  });
  return refusal !== undefined && countsAgainstLeader(refusal.code, offending.index) ? refusal.code : undefined;
}

const NO_ANCESTORS: RecentBlocks = { isRecentTransaction: () => false, blockIdAt: () => undefined };

/** Cells with valid proofs; undefined when one does not hold. */
function witnessOf(cells: readonly WitnessCell[], stateRoot: Uint8Array): Map<string, WitnessCell> | undefined {
  const known = new Map<string, WitnessCell>();
  for (const cell of cells) {
    const { name, value } = cell;
    if (!verifyCellProof({ stateRoot, name, value, proof: decodeCellProof(cell.proof) })) return undefined;
    known.set(cellRef(name).hex, cell);
  }
  return known;
}

/** The cells that a transaction touches, the stake cell of a retired study included once its study is known. */
export function cellsToWitness(
  { transaction }: SignedTransaction,
  touched: TouchedCells,
  valueOf: (ref: CellRef) => Uint8Array | undefined,
  epochHeights: number,
): readonly CellRef[] {
  const refs = refsOf(touched);
  const study = transaction.kind === 'retire-study' && touched.study ? valueOf(touched.study) : undefined;
  if (study === undefined) return refs;
  return [...refs, stakeCellOfStudy(transaction.payload.source, decodeStudyCell(study), epochHeights)];
}
