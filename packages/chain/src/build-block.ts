/** What a leader does: chooses transactions and makes a block of them. Spec: docs/spec/blocks.md, section 4. */
import type { SignedTransaction } from '@radledger/transactions';
import { type BlockRun, openRun } from './block-run.js';
import { binaryBytes, bodyBytesOf } from './body.js';
import type {
  BuildBlockInput,
  BuildBlockResult,
  CheckResult,
  CheckTransactionInput,
  LeftOut,
  SelectionResult,
  SelectTransactionsInput,
} from './execution-input.js';
import { blockIdOf, HEADER_FORMAT, type Header } from './header.js';
import { merkleRootInSlices } from './merkle.js';
import { REPORTS_PER_BLOCK_MAX } from './misconduct-rules.js';
import { compareOrder, orderKeyOf } from './order.js';
import { isPermanentRefusal } from './permanence.js';

/** Room kept for the heads of a body's arrays. */
const BODY_HEADS_BYTES = 1 + 5 + 5;

/**
 * Chooses, in block order, the candidates that apply one after another.
 * @throws {ChainError} `STATE_BROKEN`
 */
export async function selectTransactions(input: SelectTransactionsInput): Promise<SelectionResult> {
  return selectInRun(input, await openChildRun(input));
}

/**
 * Selects transactions, executes and seals a block. The seal is the module's and made before: it cannot depend on roots.
 * @throws {ChainError} `STATE_BROKEN`; what the module throws about its own justification
 */
export async function buildBlock(input: BuildBlockInput): Promise<BuildBlockResult> {
  const { chainId, parent, timestampMs, proposer, seal, justification, rules } = input;
  const run = await openChildRun(input);
  const selection = await selectInRun({ ...input, justificationBytes: justification.length }, run);
  const height = parent.height + 1;
  const sealed = { height, timestampMs, proposer, sealKind: seal.kind, sealBytes: seal.bytes };
  const finished = await run.finish(rules, { position: sealed, justification, parent });
  if ('unreadable' in finished) throw finished.unreadable;
  const { writeSet, duties, dutyRoot } = finished;
  const transactions = selection.selected.map(({ bytes }) => bytes);
  const header: Header = {
    format: HEADER_FORMAT,
    chainId,
    ...sealed,
    parentId: blockIdOf(parent),
    transactionRoot: await merkleRootInSlices(transactions, run.pause),
    stateRoot: writeSet.stateRoot,
    dutyRoot,
    bodyBytes: bodyBytesOf(transactions, justification.length),
  };
  const block = { header, body: { transactions, justification }, id: blockIdOf(header) };
  return { block, writeSet, duties, ...selection };
}

/**
 * Whether a transaction could stand in the next block, on its own: what a mempool asks. Its signatures are not checked
 * here (`signatureClaims`); its stateless rules were, by `decodeTransaction`.
 * @throws {ChainError} `STATE_BROKEN`
 */
export async function checkTransaction(
  transaction: SignedTransaction,
  input: CheckTransactionInput,
): Promise<CheckResult> {
  const run = await openRun(input);
  const refusal = await run.check(transaction);
  if (refusal === undefined) return { ok: true };
  return { ok: false, ...refusal, permanent: isPermanentRefusal(refusal.code) };
}

function openChildRun(input: SelectTransactionsInput): Promise<BlockRun> {
  return openRun({ ...input, height: input.parent.height + 1 });
}

async function selectInRun(input: SelectTransactionsInput, run: BlockRun): Promise<SelectionResult> {
  const { blockBytesMax, transactionBytesMax } = run.context.parameters;
  const left: LeftOut[] = [];
  const room = blockBytesMax - BODY_HEADS_BYTES - (input.justificationBytes ?? 0);
  let reportsLeft = REPORTS_PER_BLOCK_MAX;
  let bytesLeft = Math.min(room, input.transactionBytesMax ?? room);
  const parentId = blockIdOf(input.parent);
  const taken: { readonly transaction: SignedTransaction; readonly orderKey: ReturnType<typeof orderKeyOf> }[] = [];
  for (const transaction of input.candidates) {
    const { length } = transaction.bytes;
    const isReport = transaction.transaction.kind === 'report-misconduct';
    if (length > transactionBytesMax) {
      left.push({
        transaction,
        code: 'TOO_LARGE',
        message: `expected at most ${transactionBytesMax} bytes`,
        permanent: true,
      });
    } else if (binaryBytes(length) > bytesLeft || (isReport && reportsLeft === 0)) {
      left.push({ transaction, code: 'NO_ROOM', message: 'expected a smaller block', permanent: false });
    } else {
      bytesLeft -= binaryBytes(length);
      if (isReport) reportsLeft -= 1;
      taken.push({ transaction, orderKey: orderKeyOf(transaction, parentId) });
    }
  }
  const ordered = taken
    .sort((a, b) => compareOrder(a.orderKey, b.orderKey))
    .filter(({ orderKey }, index, all) => {
      const previous = all[index - 1];
      return previous === undefined || compareOrder(previous.orderKey, orderKey) !== 0;
    })
    .map(({ transaction }) => transaction);
  const refused = new Set<number>();
  await run.apply(ordered, (index, { code, message }) => {
    refused.add(index);
    left.push({ transaction: ordered[index] as SignedTransaction, code, message, permanent: isPermanentRefusal(code) });
    return true;
  });
  return { selected: ordered.filter((_transaction, index) => !refused.has(index)), left };
}
