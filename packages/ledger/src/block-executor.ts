/**
 * Builds, judges and commits blocks: the ports of consensus that touch state (docs/spec/consensus-boundary.md).
 * Executions and commits run one after another, so a state never moves under an execution; signatures are verified
 * beside it on the thread pool.
 */
import {
  type Block,
  blockIdOf,
  buildBlock,
  type ChainRules,
  epochOfHeight,
  type ExecutionResult,
  executeBlock,
  type Parameters,
  type WriteSet,
} from '@radledger/chain';
import { type BlockVerdict, type BuildRequest, type ConsensusModule, encodeDutyEvent } from '@radledger/consensus';
import { equalBytes, toHex } from '@radledger/primitives';
import type { LedgerStore } from '@radledger/storage';
import { decodeTransaction, type SignedTransaction, signatureClaims } from '@radledger/transactions';
import type { Admission } from './admission.js';
import type { ChainHead } from './chain-head.js';
import type { ChainView } from './block-tree.js';
import { BoundedMap } from './bounded-map.js';
import type { EpochContexts } from './epoch-contexts.js';
import { LedgerError } from './errors.js';
import { createJobQueue } from './job-queue.js';
import type { Mempool } from './mempool.js';
import { verifyInSlices } from './signature-slices.js';

export interface BlockExecutorOptions {
  readonly chainId: Uint8Array;
  readonly store: LedgerStore;
  readonly head: ChainHead;
  readonly module: ConsensusModule;
  readonly rules: ChainRules;
  readonly epochs: EpochContexts;
  readonly parameters: Parameters;
  readonly mempool: Mempool;
  readonly admission: Admission;
  /** Called after each commit, in height order, before the next begins. */
  readonly committed: (block: Block, transactionIds: readonly Uint8Array[]) => void;
}

export interface BlockExecutor {
  build(request: BuildRequest): Promise<Block | undefined>;
  verify(block: Block): Promise<BlockVerdict>;
  /**
   * Begins the signature checks of a block that will be verified soon, beside what is executed now. Says nothing about the
   * block: what does not hold is found again when it is verified.
   */
  prepare(block: Block): void;
  /**
   * Makes a block durable whose finality was verified; one that is finalized already is passed over.
   * @throws {LedgerError} `STORE_FAILED` when another block of that height is finalized, or this one does not execute
   */
  commit(block: Block, finalityProof: Uint8Array): Promise<void>;
  /** Resolves when everything that was begun has ended. */
  idle(): Promise<void>;
}

/** Blocks whose signatures are checked ahead. */
const PREPARED_MAX = 4;

/** A wrong body says nothing about the block: the peer that sent it is at fault. */
const BODY_CODES: ReadonlySet<string> = new Set(['WRONG_BODY_SIZE', 'WRONG_TRANSACTION_ROOT']);

export function createBlockExecutor(options: BlockExecutorOptions): BlockExecutor {
  const { chainId, store, head, module, rules, epochs, parameters, mempool, admission } = options;
  const inOrder = createJobQueue();
  const prepared = new BoundedMap<
    string,
    { readonly decoded: readonly SignedTransaction[]; readonly hold: Promise<boolean> }
  >(PREPARED_MAX);

  function decodeAll(block: Block): readonly SignedTransaction[] | undefined {
    try {
      return block.body.transactions.map((bytes) =>
        decodeTransaction(bytes, chainId, { bytesMax: parameters.transactionBytesMax }),
      );
    } catch {
      return undefined; // execution names the rule
    }
  }

  function keep(block: Block, writeSet: WriteSet, transactions: readonly SignedTransaction[]): void {
    head.tree.add({ id: toHex(block.id), block, writeSet, transactionIds: transactions.map(({ txId }) => txId) });
  }

  /** Signatures that no earlier admission or block has shown to be valid. */
  async function signaturesHold(transactions: readonly SignedTransaction[]): Promise<boolean> {
    const { verified } = admission;
    const fresh = transactions
      .map((signed) => ({ signed, digest: verified.digestOf(signed) }))
      .filter(({ digest }) => !verified.has(digest));
    const claims = fresh.flatMap(({ signed }) => [...signatureClaims(signed, chainId)]);
    if (!(await verifyInSlices(claims))) return false;
    for (const { digest } of fresh) verified.add(digest);
    return true;
  }

  async function judge(block: Block, view: ChainView): Promise<ExecutionResult | { readonly status: 'unsigned' }> {
    const early = prepared.get(toHex(block.id));
    prepared.delete(toHex(block.id));
    const decoded = early ? early.decoded : decodeAll(block);
    const [execution, signed] = await Promise.all([
      executeBlock({
        chainId,
        parent: view.header,
        state: view.state,
        rules,
        recent: view.recent,
        block,
        ...(decoded && { decoded }),
      }),
      early ? early.hold : decoded ? signaturesHold(decoded) : true,
    ]);
    if (execution.status === 'invalid' && BODY_CODES.has(execution.code)) return execution;
    return signed ? execution : { status: 'unsigned' };
  }

  async function verifyNow(block: Block): Promise<BlockVerdict> {
    if (head.tree.get(block.id)) return { kind: 'valid' };
    const { height, parentId } = block.header;
    if (height <= head.finalized.height) {
      const finalized = await store.header(height);
      return finalized && (await store.heightOf(block.id)) === height ? { kind: 'valid' } : { kind: 'notYet' };
    }
    const view = head.tree.viewAt(parentId);
    if (!view) return { kind: 'notYet' };
    const result = await judge(block, view);
    if (result.status === 'unsigned') return { kind: 'invalid', code: 'SIGNATURE_INVALID' };
    if (result.status === 'valid') {
      keep(block, result.writeSet, result.transactions);
      return { kind: 'valid' };
    }
    return BODY_CODES.has(result.code) ? { kind: 'mismatch' } : { kind: 'invalid', code: result.code };
  }

  return {
    build: (request) =>
      inOrder(async () => {
        const { parent, timestampMs, proposer, seal, justification } = request;
        const view = head.tree.viewAt(blockIdOf(parent));
        if (!view) return undefined;
        const candidates = mempool.candidates(parameters.blockBytesMax, (id) => view.isUnfinalizedTransaction(id));
        const built = await buildBlock({
          chainId,
          parent,
          state: view.state,
          rules,
          recent: view.recent,
          candidates: candidates.map(({ signed }) => signed),
          timestampMs,
          proposer,
          seal,
          justification,
        });
        keep(built.block, built.writeSet, built.selected);
        admission.leftOut(built.left);
        return built.block;
      }),
    prepare(block) {
      const decoded = decodeAll(block);
      if (decoded) prepared.set(toHex(block.id), { decoded, hold: signaturesHold(decoded) });
    },
    verify: (block) => inOrder(() => verifyNow(block)),
    idle: () => inOrder(() => Promise.resolve()),
    commit: (block, finalityProof) =>
      inOrder(async () => {
        const { height } = block.header;
        if (height <= head.finalized.height) {
          if ((await store.heightOf(block.id)) === height) return;
          throw new LedgerError(
            { code: 'CONFLICTING_FINALITY', height },
            'consensus finalized two blocks of one height: more than a third of the weight signed both',
          );
        }
        if (!equalBytes(block.header.parentId, head.finalized.id) || (await verifyNow(block)).kind !== 'valid') {
          throw new LedgerError({ code: 'STATE_ROOT_MISMATCH', height }, 'a finalized block does not execute here');
        }
        const kept = head.tree.get(block.id);
        if (!kept)
          throw new LedgerError({ code: 'STATE_ROOT_MISMATCH', height }, 'the effect of a finalized block is gone');
        const { epochHeights } = parameters;
        await epochs.load(epochOfHeight(height, epochHeights));
        const duties = module.dutiesOf(block, { chainId, parameters, epoch: (epoch) => epochs.known(epoch) });
        await store.commit({
          block,
          writeSet: kept.writeSet,
          finalityProof,
          dutyEvents: duties.map(encodeDutyEvent),
          transactionIds: kept.transactionIds,
        });
        head.advanced();
        await epochs.load(epochOfHeight(height + 1, epochHeights));
        options.committed(block, kept.transactionIds);
      }),
  };
}
