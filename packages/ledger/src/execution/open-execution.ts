/** A node between consensus and store: state, mempool, admission, and the blocks it builds, judges and commits. */
import {
  type ChainRules,
  chainIdOf,
  emptyState,
  epochOfHeight,
  firstHeightOfEpoch,
  type Genesis,
  genesisBlock,
  isBoundaryHeight,
  overlayReader,
  proveEpoch,
} from '@radledger/chain';
import {
  type ConsensusModule,
  createChainRules,
  type FinalizedByProof,
  type FinalizedState,
  type SignedRecovery,
} from '@radledger/consensus';
import type { LedgerStore } from '@radledger/storage';
import { type Admission, createAdmission } from '../admission.js';
import { type BlockExecutor, createBlockExecutor } from '../block-executor.js';
import { blockTreeLimits, type Overlay } from '../block-tree.js';
import { type ChainHead, openChainHead } from '../chain-head.js';
import { createDutyWatch } from '../duty-watch.js';
import { createEpochContexts, type EpochContexts } from '../epoch-contexts.js';
import { LedgerError } from '../errors.js';
import { createEventHub, type EventHub } from '../event-hub.js';
import { type LedgerLogger, silentLogger } from '../logger.js';
import { createMempool, type Mempool, type MempoolLimits } from '../mempool.js';
import { createRecoveries, type Recoveries } from '../recoveries.js';

export interface ExecutionOptions {
  readonly genesis: Genesis;
  /** Of this genesis; genesis is committed to one that is empty. The caller closes it, after `idle` and `settled`. */
  readonly store: LedgerStore;
  readonly module: ConsensusModule;
  readonly recoveries?: readonly SignedRecovery[];
  readonly mempoolLimits?: MempoolLimits;
  /** Transactions in signature verification at once. */
  readonly verifyingMax: number;
  readonly now: () => number;
  readonly events?: EventHub;
  readonly logger?: LedgerLogger;
  /** The mempool has changed. */
  readonly changed: () => void;
  /** A fault of this node itself. */
  readonly failed: (error: unknown) => void;
  /** As of `BlockExecutorOptions`. */
  readonly advanced?: () => Promise<void>;
  readonly committed?: (committed: Pick<Overlay, 'block' | 'transactionIds' | 'cells'>) => void;
}

export interface Execution {
  readonly chainId: Uint8Array;
  readonly rules: ChainRules;
  readonly recoveries: Recoveries;
  readonly head: ChainHead;
  readonly epochs: EpochContexts;
  readonly mempool: Mempool;
  readonly admission: Admission;
  readonly executor: BlockExecutor;
  /** Whether a transaction waits that a child of the adopted tip could hold. */
  hasWaiting(): boolean;
  /** What consensus starts from. @throws {LedgerError} `STORE_FAILED` */
  finalizedState(): Promise<FinalizedState>;
  /** Commits blocks in their order, as `BlockExecutor.commit`. */
  commitAll(blocks: readonly FinalizedByProof[]): Promise<void>;
}

/** @throws {LedgerError} `RECOVERY_REFUSED` */
export async function openExecution(options: ExecutionOptions): Promise<Execution> {
  const { genesis, store, module, now, logger = silentLogger, changed, failed } = options;
  const { parameters } = genesis;
  const chainId = chainIdOf(genesis);
  const recoveries = createRecoveries(options.recoveries ?? [], { chainId, genesis, store, module });
  const rules = createChainRules(module, recoveries.all);
  if (!store.tip) await commitGenesis(store, genesis, rules);
  const head = await openChainHead(store, parameters.expiryHeightsMax, blockTreeLimits(module.caps));
  const { committeeMax, epochHeights } = parameters;
  const epochs = createEpochContexts(store, { chainId, committeeMax, epochHeights, recoveries });
  const dutyWatch = createDutyWatch(store, logger);
  await dutyWatch.look();
  const mempool = createMempool(options.mempoolLimits, (source) => dutyWatch.priorityOf(source));
  const admission = createAdmission({
    chainId,
    rules,
    transactionBytesMax: parameters.transactionBytesMax,
    mempool,
    events: options.events ?? createEventHub(failed),
    tip: () => head.tip(),
    finalizedView: () => head.finalizedView(),
    finalizedHeightOf: (txId) => store.transactionHeight(txId),
    now,
    verifyingMax: options.verifyingMax,
    changed,
    failed,
  });
  const executor = createBlockExecutor({
    chainId,
    store,
    head,
    module,
    rules,
    epochs,
    parameters,
    policies: genesis.policies,
    mempool,
    admission,
    async advanced() {
      if (isBoundaryHeight(head.finalized.height, epochHeights)) await dutyWatch.look();
      await options.advanced?.();
    },
    committed(committed) {
      const { header } = committed.block;
      admission.finalized(header.height, committed.transactionIds, committed.cells);
      options.committed?.(committed);
    },
  });

  return {
    chainId,
    rules,
    recoveries,
    head,
    epochs,
    mempool,
    admission,
    executor,
    hasWaiting() {
      const tip = head.tip();
      return mempool.hasOther((id) => tip.isUnfinalizedTransaction(id));
    },
    async finalizedState() {
      const { header, height } = head.finalized;
      const number = epochOfHeight(height + 1, epochHeights);
      const epoch = await epochs.load(number, height + 1);
      if (!epoch) throw new LedgerError({ code: 'STORE_FAILED' }, `the state has no epoch ${number}`);
      const previousEpoch = number > 0 ? await epochs.load(number - 1) : undefined;
      const proof = (await store.finalityProof(height)) ?? new Uint8Array();
      const nextEpoch =
        module.caps.finality === 'instant'
          ? undefined
          : await epochs.load(number + 1, firstHeightOfEpoch(number + 1, epochHeights));
      return { header, proof, epoch, ...(previousEpoch && { previousEpoch }), ...(nextEpoch && { nextEpoch }) };
    },
    async commitAll(blocks) {
      for (const { block, proof } of blocks) await executor.commit(block, proof);
    },
  };
}

async function commitGenesis(store: LedgerStore, genesis: Genesis, rules: ChainRules): Promise<void> {
  const { block, writeSet } = await genesisBlock(genesis, rules);
  const epochProof = await proveEpoch(overlayReader(emptyState, [writeSet]), 0);
  const nothing = { finalityProof: new Uint8Array(), dutyEvents: [], transactionIds: [] };
  await store.commit({ block, writeSet, ...nothing, epochProof });
}
