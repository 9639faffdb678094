/** Judges a block on its parent's state. Spec: docs/spec/blocks.md, section 4. */
import { equalBytes } from '@radledger/primitives';
import { decodeTransaction, type SignedTransaction, TransactionError } from '@radledger/transactions';
import { type BlockRun, openRun } from './block-run.js';
import { bodyBytesOf } from './body.js';
import type { BlockCode, BlockRefusalCode } from './errors.js';
import { type ExecuteBlockInput, type ExecutionResult, noPause } from './execution-input.js';
import { blockIdOf } from './header.js';
import { merkleRootInSlices } from './merkle.js';
import { REPORTS_PER_BLOCK_MAX } from './misconduct-rules.js';
import { compareOrder, type OrderKey, orderKeyOf } from './order.js';

/**
 * Executes a block on its parent's state: every rule but signatures (`signatureClaims` of each transaction) and the
 * module's own (seal, justification, proposer). Reads cells in batches, works synchronously between them, and awaits
 * `pause` after every few milliseconds of work.
 * @returns a verdict; `invalid` names the first broken rule
 * @throws {ChainError} `STATE_BROKEN` when the state itself is not what a genesis and blocks leave behind
 */
export async function executeBlock(input: ExecuteBlockInput): Promise<ExecutionResult> {
  const { chainId, parent, state, recent, rules, pause = noPause } = input;
  const { header, body } = input.block;
  const parentId = blockIdOf(parent);
  const { height, timestampMs } = header;
  const run = await openRun({ chainId, state, recent, height, timestampMs, rules, pause });
  const broken = brokenHeaderRule(input, run, parentId) ?? (await brokenBodyRule(input));
  if (broken !== undefined) return { status: 'invalid', ...broken };

  const transactions: SignedTransaction[] = [];
  const decode = transactionDecoder(input, run);
  let invalid: Extract<ExecutionResult, { status: 'invalid' }> | undefined;
  let previous: OrderKey | undefined;
  let reports = 0;
  for (let index = 0; index < body.transactions.length && invalid === undefined; index++) {
    const decoded = decode(index);
    if ('refused' in decoded) {
      invalid = { status: 'invalid', transactionIndex: index, ...decoded.refused };
      break;
    }
    const orderKey = orderKeyOf(decoded, parentId);
    if (previous !== undefined && compareOrder(previous, orderKey) >= 0) {
      invalid = {
        status: 'invalid',
        code: 'WRONG_ORDER',
        message: 'expected block order, each transaction once',
        transactionIndex: index,
      };
    }
    previous = orderKey;
    if (decoded.transaction.kind === 'report-misconduct') reports += 1;
    if (reports > REPORTS_PER_BLOCK_MAX) {
      invalid ??= { status: 'invalid', ...broke('TOO_MANY_REPORTS', REPORTS_EXPECTED) };
    }
    transactions.push(decoded);
    if (index % SLICE === SLICE - 1) await pause();
  }
  if (invalid !== undefined) return invalid;

  await run.apply(transactions, (transactionIndex, { code, message }) => {
    invalid = { status: 'invalid', code, message, transactionIndex };
    return false;
  });
  if (invalid !== undefined) return invalid;
  const finished = await run.finish(rules, { position: header, justification: body.justification, parent });
  if ('unreadable' in finished) {
    return { status: 'invalid', ...broke('JUSTIFICATION_UNREADABLE', 'expected a justification of this seal') };
  }
  const { writeSet, duties } = finished;
  if (!equalBytes(finished.dutyRoot, header.dutyRoot)) {
    return { status: 'invalid', ...broke('WRONG_DUTY_ROOT', 'expected the root of the last closed accounts') };
  }
  if (!equalBytes(writeSet.stateRoot, header.stateRoot)) {
    return { status: 'invalid', ...broke('WRONG_STATE_ROOT', 'expected the root of the state after this block') };
  }
  return { status: 'valid', writeSet, transactions, duties };
}

/** Transactions decoded at a stretch: about two milliseconds. */
const SLICE = 64;

const REPORTS_EXPECTED = `expected at most ${REPORTS_PER_BLOCK_MAX} reports of misconduct`;

interface Broken {
  readonly code: BlockRefusalCode;
  readonly message: string;
}

function brokenHeaderRule(input: ExecuteBlockInput, run: BlockRun, parentId: Uint8Array): Broken | undefined {
  const { chainId, parent } = input;
  const { header } = input.block;
  const { blockBytesMax, minimumIntervalMs } = run.context.parameters;
  if (!equalBytes(header.chainId, chainId)) return broke('WRONG_CHAIN', 'expected the id of this chain');
  if (header.height !== parent.height + 1) return broke('WRONG_HEIGHT', "expected the parent's height plus one");
  if (!equalBytes(header.parentId, parentId)) return broke('WRONG_PARENT', 'expected the id of the parent');
  if (header.timestampMs < parent.timestampMs + Math.max(1, minimumIntervalMs)) {
    return broke('TIMESTAMP_TOO_EARLY', "expected a timestamp at least Tmin after the parent's");
  }
  if (header.bodyBytes > blockBytesMax)
    return broke('BLOCK_TOO_LARGE', `expected a body of at most ${blockBytesMax} bytes`);
  return undefined;
}

/** A body that is not the header's says nothing about the block: whoever sent the two together is at fault. */
async function brokenBodyRule({
  block: { header, body },
  pause = noPause,
}: ExecuteBlockInput): Promise<Broken | undefined> {
  if (header.bodyBytes !== bodyBytesOf(body.transactions, body.justification.length)) {
    return broke('WRONG_BODY_SIZE', 'expected the length of the encoded body');
  }
  const root = await merkleRootInSlices(body.transactions, pause);
  if (!equalBytes(header.transactionRoot, root)) {
    return broke('WRONG_TRANSACTION_ROOT', 'expected the Merkle root of the transactions');
  }
  return undefined;
}

function broke(code: BlockCode, message: string): Broken {
  return { code, message };
}

function transactionDecoder(
  { chainId, decoded, block }: ExecuteBlockInput,
  run: BlockRun,
): (index: number) => SignedTransaction | { readonly refused: Broken } {
  const bytesMax = run.context.parameters.transactionBytesMax;
  return (index) => {
    const bytes = block.body.transactions[index] as Uint8Array;
    const known = decoded?.[index];
    if (known?.bytes === bytes && bytes.length <= bytesMax) return known;
    try {
      return decodeTransaction(bytes, chainId, { bytesMax });
    } catch (cause) {
      if (cause instanceof TransactionError) return { refused: { code: cause.code, message: cause.message } };
      throw cause;
    }
  };
}
