/** Makes the witness of an offence from a block that execution refused. Spec: docs/spec/evidence.md, section 4. */
import { PrimitivesError } from '@radledger/primitives';
import { decodeTransaction, EVIDENCE_BYTES_MAX, TransactionError } from '@radledger/transactions';
import type { Block } from './body.js';
import type { TransactionRefusalCode } from './errors.js';
import type { ExecutionResult } from './execution-input.js';
import { encodeHeader, type Header } from './header.js';
import { proveInclusion } from './merkle.js';
import {
  cellsToWitness,
  countsAgainstLeader,
  encodeOffence,
  judgeOffence,
  type Offence,
  type OffenceContext,
  type Placed,
  type WitnessCell,
} from './offence.js';
import type { StateReader } from './state-reader.js';
import { touchedCellsOf } from './touched-cells.js';
import { encodeCellProof, proveCell } from './tree/cell-proof.js';

export interface ProveOffenceInput extends OffenceContext {
  readonly block: Pick<Block, 'header' | 'body'>;
  readonly parent: Header;
  /** The state after `parent`. */
  readonly state: StateReader;
  /** The refusal that `executeBlock` gave, or the one signature (by its place in `signatureClaims`) that does not hold. */
  readonly refusal:
    | Pick<Extract<ExecutionResult, { status: 'invalid' }>, 'code' | 'transactionIndex'>
    | { readonly code: 'SIGNATURE_INVALID'; readonly transactionIndex: number; readonly claim: number };
}

/**
 * What proves to others that this block should not have been proposed.
 * @returns undefined when only the whole body could show it, or no evidence could hold it
 * @throws {ChainError} `STATE_BROKEN`
 */
export async function proveOffence(input: ProveOffenceInput): Promise<Uint8Array | undefined> {
  const offence = await offenceOf(input);
  if (offence === undefined) return undefined;
  try {
    const encoded = encodeOffence(offence);
    const isProven = encoded.length <= EVIDENCE_BYTES_MAX && judgeOffence(input.block.header, encoded, input);
    return isProven ? encoded : undefined;
  } catch (error) {
    if (error instanceof PrimitivesError) return undefined; // a part is too long for evidence
    throw error;
  }
}

async function offenceOf(input: ProveOffenceInput): Promise<Offence | undefined> {
  const { refusal, parent, block } = input;
  const { transactions } = block.body;
  switch (refusal.code) {
    case 'WRONG_CHAIN':
    case 'BLOCK_TOO_LARGE':
      return { type: 'header' };
    case 'WRONG_HEIGHT':
    case 'TIMESTAMP_TOO_EARLY':
      return { type: 'parent', parent: encodeHeader(parent) };
    default:
  }
  const index = refusal.transactionIndex;
  if (index === undefined) return undefined;
  const placed = placedAt(transactions, index);
  if ('claim' in refusal) return { type: 'signature', placed, claim: refusal.claim };
  if (refusal.code === 'WRONG_ORDER')
    return { type: 'order', first: placedAt(transactions, index - 1), second: placed };
  return (await stateOffence(input, placed)) ?? { type: 'transaction', placed };
}

async function stateOffence(
  { chainId, parameters, block, parent, state, refusal }: ProveOffenceInput,
  placed: Placed,
): Promise<Offence | undefined> {
  let signed: ReturnType<typeof decodeTransaction>;
  try {
    signed = decodeTransaction(placed.bytes, chainId, { bytesMax: parameters.transactionBytesMax });
  } catch (error) {
    if (error instanceof TransactionError) return undefined;
    throw error;
  }
  if (!countsAgainstLeader(refusal.code as TransactionRefusalCode, placed.index)) return undefined;
  const touched = touchedCellsOf(signed.transaction, block.header.height, parameters.epochHeights);
  const [study] = touched.study ? await state.getMany([touched.study.name]) : [];
  const refs = cellsToWitness(signed, touched, () => study, parameters.epochHeights);
  const cells: WitnessCell[] = [];
  for (const { name } of refs) {
    const [value] = await state.getMany([name]);
    cells.push({ name, value, proof: encodeCellProof(await proveCell(state, name)) });
  }
  return { type: 'state', parent: encodeHeader(parent), placed, cells };
}

function placedAt(transactions: readonly Uint8Array[], index: number): Placed {
  const { size, path } = proveInclusion(transactions, index);
  return { bytes: transactions[index] as Uint8Array, index, size, path };
}
