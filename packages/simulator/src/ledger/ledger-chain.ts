/** A node's chain on the real ledger: store, mempool, admission and executor, everything but its network and timers. */
import type { Block, Genesis, Header } from '@radledger/chain';
import type {
  BlockVerdict,
  BuildRequest,
  ConsensusModule,
  EpochContext,
  FinalizedByProof,
  FinalizedState,
} from '@radledger/consensus';
import { LedgerError, type MempoolLimits } from '@radledger/ledger';
import { type Execution, openExecution } from '@radledger/ledger/execution';
import { equalBytes, toHex } from '@radledger/primitives';
import type { LedgerStore } from '@radledger/storage';
import type { NodeChain } from '../node-chain.js';
import { Violation } from '../violation.js';

export interface LedgerChainOptions {
  readonly genesis: Genesis;
  readonly module: ConsensusModule;
  /** Outlives crashes. */
  readonly store: LedgerStore;
  readonly mempoolLimits: MempoolLimits;
  readonly now: () => number;
}

/** Small enough for a flood to fill. */
export const SMALL_MEMPOOL: MempoolLimits = {
  lanes: {
    revoke: { countMax: 16, bytesMax: 16 * 1024 },
    allow: { countMax: 16, bytesMax: 16 * 1024 },
    study: { countMax: 24, bytesMax: 24 * 1024 },
    source: { countMax: 8, bytesMax: 8 * 1024 },
    rest: { countMax: 16, bytesMax: 32 * 1024 },
  },
  perCellMax: 8,
};

/** Lanes of patients: what waits in them is in the next block that an honest leader makes, whatever sources send. */
const PATIENT_KINDS: ReadonlySet<string> = new Set(['allow-access', 'revoke-access']);
/** Four shelves of the ledger's waiting room. */
const WAITING_MAX = 4 * 512;

export class LedgerChain implements NodeChain {
  readonly finalized: FinalizedByProof[] = [];
  private execution: Execution | undefined;
  private known: FinalizedState | undefined;
  private readonly epochs = new Map<number, EpochContext>();
  private fault: { readonly error: unknown } | undefined;

  constructor(readonly options: LedgerChainOptions) {}

  get height(): number {
    return this.finalized.length;
  }

  get overlayCount(): number {
    return this.execution?.head.tree.size ?? 0;
  }

  async open(): Promise<void> {
    const { genesis, module, store, mempoolLimits, now } = this.options;
    this.execution = await openExecution({
      genesis,
      module,
      store,
      mempoolLimits,
      verifyingMax: 64,
      now,
      changed: () => undefined,
      failed: (error) => {
        this.fault ??= { error };
      },
    });
    await this.look(this.execution);
  }

  crash(): void {
    this.execution = undefined;
  }

  headerOf(id: Uint8Array): Header | undefined {
    const { head } = this.running();
    return equalBytes(id, head.finalized.id) ? head.finalized.header : head.tree.get(id)?.block.header;
  }

  epoch(epoch: number): EpochContext | undefined {
    return this.epochs.get(epoch);
  }

  state(): FinalizedState {
    if (this.known === undefined) throw new TypeError('expected a node that has started');
    return this.known;
  }

  async submit(transaction: Uint8Array): Promise<boolean> {
    try {
      const { added } = await this.running().admission.admit(transaction, { waits: true });
      return added;
    } catch (error) {
      if (error instanceof LedgerError) return false;
      throw error;
    }
  }

  hasWaiting(): boolean {
    return this.running().hasWaiting();
  }

  async adopt(id: Uint8Array): Promise<void> {
    const execution = this.running();
    execution.admission.again(execution.head.adopt(id).flatMap(({ block }) => block.body.transactions));
    await this.settled(execution);
  }

  /** I15: nothing that sources send keeps a patient's transaction out of the block that this node makes. */
  async build(request: BuildRequest): Promise<Block | undefined> {
    const { executor, mempool, head } = this.running();
    const patients = mempool.all().filter(({ signed }) => PATIENT_KINDS.has(signed.transaction.kind));
    const block = await executor.build(request);
    const built = block && head.tree.get(block.id);
    if (built === undefined) return block;
    const taken = new Set(built.transactionIds.map(toHex));
    const above = head.tree.viewAt(built.block.header.parentId);
    for (const { id, signed } of patients) {
      // What does not apply there was set aside, and is no longer in the mempool.
      if (taken.has(id) || !mempool.has(id) || above?.isUnfinalizedTransaction(id)) continue;
      throw new Violation('I15', `${signed.transaction.kind} has no place in block ${built.block.header.height}`);
    }
    return block;
  }

  verify(block: Block): Promise<BlockVerdict> {
    return this.running().executor.verify(block);
  }

  async finalize(blocks: readonly FinalizedByProof[]): Promise<void> {
    const execution = this.running();
    for (const { block, proof } of blocks) {
      const { height } = block.header;
      if (height !== this.height + 1) continue;
      await execution.executor.commit(block, proof);
      // The body that was executed, which need not be the one given.
      this.finalized.push({ block: (await this.options.store.block(height)) as Block, proof });
    }
    await this.settled(execution);
    await this.look(execution);
    this.demandBounds(execution);
  }

  /** I15: a flood fills no more than what genesis and operator allow. */
  private demandBounds({ mempool, admission }: Execution): void {
    const lanes = Object.values(this.options.mempoolLimits.lanes);
    const most = lanes.reduce((sum, { countMax }) => sum + countMax, 0);
    const mostBytes = lanes.reduce((sum, { bytesMax }) => sum + bytesMax, 0);
    if (mempool.size <= most && mempool.bytes <= mostBytes && admission.waiting().length <= WAITING_MAX) return;
    throw new Violation('I15', `${mempool.size} transactions of ${mempool.bytes} bytes wait in a mempool for ${most}`);
  }

  private running(): Execution {
    if (this.execution === undefined) throw new TypeError('expected a node that is up');
    return this.execution;
  }

  private async settled({ admission }: Execution): Promise<void> {
    await admission.settled();
    if (this.fault !== undefined) throw this.fault.error;
  }

  private async look(execution: Execution): Promise<void> {
    this.known = await execution.finalizedState();
    const { previousEpoch, epoch, nextEpoch } = this.known;
    for (const context of [previousEpoch, epoch, nextEpoch]) if (context) this.epochs.set(context.epoch, context);
  }
}
