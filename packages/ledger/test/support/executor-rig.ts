/** A block executor on a store of its own, without network and mempool traffic: what judges blocks, and nothing else. */
import { type Block, buildBlock, chainIdOf, type Genesis, genesisBlock } from '@radledger/chain';
import { type ConsensusModule, createChainRules } from '@radledger/consensus';
import { openStore } from '@radledger/storage';
import type { SignedTransaction } from '@radledger/transactions';
import { MemoryLevel } from 'memory-level';
import type { Admission } from '../../src/admission.js';
import { type BlockExecutor, createBlockExecutor } from '../../src/block-executor.js';
import { type ChainHead, openChainHead } from '../../src/chain-head.js';
import { createEpochContexts } from '../../src/epoch-contexts.js';
import { createRecoveries } from '../../src/recoveries.js';
import { createMempool } from '../../src/mempool.js';
import { createVerifiedTransactions } from '../../src/verified-transactions.js';

export interface ExecutorRig {
  readonly executor: BlockExecutor;
  readonly head: ChainHead;
  readonly chainId: Uint8Array;
  /** A block on the finalized tip, made without looking at signatures. */
  make(content: {
    readonly transactions?: readonly SignedTransaction[];
    readonly seal?: Uint8Array;
    readonly justification?: Uint8Array;
  }): Promise<Block>;
}

export async function executorRig(genesis: Genesis, module: ConsensusModule): Promise<ExecutorRig> {
  const chainId = chainIdOf(genesis);
  const rules = createChainRules(module);
  const database = new MemoryLevel<Uint8Array, Uint8Array>({
    keyEncoding: 'view',
    valueEncoding: 'view',
    storeEncoding: 'view',
  });
  const store = await openStore(database, { chainId });
  const { block, writeSet } = await genesisBlock(genesis, rules);
  await store.commit({ block, writeSet, finalityProof: new Uint8Array(), dutyEvents: [], transactionIds: [] });
  const { parameters } = genesis;
  const head = await openChainHead(store, parameters.expiryHeightsMax);
  const { committeeMax, epochHeights } = parameters;
  const recoveries = createRecoveries([], { chainId, genesis, store, module });
  const epochs = createEpochContexts(store, { chainId, committeeMax, epochHeights, recoveries });
  await epochs.load(0);
  const admission: Pick<Admission, 'verified' | 'leftOut'> = {
    verified: createVerifiedTransactions(),
    leftOut: () => undefined,
  };
  const executor = createBlockExecutor({
    chainId,
    store,
    head,
    module,
    rules,
    epochs,
    parameters,
    policies: genesis.policies,
    mempool: createMempool(),
    admission: admission as Admission,
    advanced: () => Promise.resolve(),
    committed: () => undefined,
  });
  return {
    executor,
    head,
    chainId,
    async make({ transactions = [], seal = new Uint8Array(0), justification = new Uint8Array(0) }) {
      const { header, state, recent } = head.tip();
      const built = await buildBlock({
        chainId,
        parent: header,
        state,
        rules,
        recent,
        candidates: transactions,
        timestampMs: header.timestampMs + 1_000,
        proposer: genesis.sources[0]?.source ?? new Uint8Array(32),
        seal: { kind: module.sealKind, bytes: seal },
        justification,
      });
      return built.block;
    },
  };
}
