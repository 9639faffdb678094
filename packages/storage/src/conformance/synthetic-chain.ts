/** Blocks for store tests: real headers, bodies and state trees, with cells that mean nothing. All follows from a seed. */
import {
  type Block,
  blockIdOf,
  bodyBytesOf,
  cellKey,
  hashedKeyOf,
  type Header,
  type StateReader,
  updateTree,
  type WriteSet,
} from '@radledger/chain';
import { compareBytes, concatBytes, fromHex, hash, sha256, toHex, utf8 } from '@radledger/primitives';
import type { FinalizedBlock } from '../contract.js';

export interface SyntheticChainOptions {
  readonly seed: number;
  /** Cells that a block writes; default 12. About one in six of the older ones that it touches is deleted. */
  readonly cellsPerBlock?: number;
  /** Default 3. */
  readonly transactionsPerBlock?: number;
}

/** Makes one chain, block by block, and remembers its state: what a store must give back. */
export class SyntheticChain {
  readonly chainId: Uint8Array;
  /** Values of the cells after the newest block, by hex of their names. */
  readonly cells = new Map<string, Uint8Array>();
  private readonly nodes = new Map<string, Uint8Array>();
  readonly blocks: FinalizedBlock[] = [];

  constructor(private readonly options: SyntheticChainOptions) {
    this.chainId = hash('radledger/test-chain/1', options.seed);
  }

  /** Makes the next block; the first is genesis. */
  async next(): Promise<FinalizedBlock> {
    const height = this.blocks.length;
    const writeSet = await this.change(height);
    const transactions =
      height === 0
        ? []
        : Array.from({ length: this.options.transactionsPerBlock ?? 3 }, (_, i) =>
            this.bytesOf('transaction', height, i),
          );
    const body = { transactions, justification: this.bytesOf('justification', height, 0) };
    const header: Header = {
      format: 1,
      chainId: this.chainId,
      height,
      parentId: this.blocks.at(-1)?.block.id ?? new Uint8Array(32),
      timestampMs: 1_700_000_000_000 + 2_000 * height,
      proposer: new Uint8Array(32).fill(1),
      transactionRoot: hash('radledger/test-transactions/1', ...transactions),
      stateRoot: writeSet.stateRoot,
      dutyRoot: new Uint8Array(32),
      bodyBytes: bodyBytesOf(transactions, body.justification.length),
      sealKind: 1,
      sealBytes: this.bytesOf('seal', height, 0),
    };
    const block: Block = { header, body, id: blockIdOf(header) };
    const finalized: FinalizedBlock = {
      block,
      writeSet,
      finalityProof: this.bytesOf('proof', height, 0),
      dutyEvents: height % 2 === 1 ? [this.bytesOf('duty', height, 0), this.bytesOf('duty', height, 1)] : [],
      transactionIds: transactions.map((bytes) => sha256(bytes)),
    };
    this.blocks.push(finalized);
    return finalized;
  }

  /** Makes the next blocks, `count` of them. */
  async take(count: number): Promise<FinalizedBlock[]> {
    const blocks: FinalizedBlock[] = [];
    for (let i = 0; i < count; i++) blocks.push(await this.next());
    return blocks;
  }

  private async change(height: number): Promise<WriteSet> {
    const changes = new Map<string, Uint8Array | undefined>();
    if (height === 0) changes.set(toHex(cellKey.params), this.bytesOf('params', 0, 0));
    for (let i = 0; i < (this.options.cellsPerBlock ?? 12); i++) {
      const [choice = 0, value = 0] = this.bytesOf('choice', height, i);
      const older = [...this.cells.keys()][choice % Math.max(1, this.cells.size)];
      const touchesOlder = older !== undefined && older !== toHex(cellKey.params) && choice % 2 === 0;
      const name = touchesOlder ? older : toHex(concatBytes(utf8('study/'), this.bytesOf('name', height, i)));
      changes.set(name, touchesOlder && value % 3 === 0 ? undefined : this.bytesOf('value', height, i));
    }
    const sorted = [...changes]
      .map(([hex, value]) => ({ name: fromHex(hex), key: hashedKeyOf(fromHex(hex)), value: () => value }))
      .sort((a, b) => compareBytes(a.key, b.key));
    const reader: Pick<StateReader, 'getNodes'> = {
      getNodes: (paths) => Promise.resolve(paths.map((path) => this.nodes.get(toHex(path)))),
    };
    const { root, nodes } = await updateTree(reader, sorted);
    apply(this.cells, changes);
    apply(this.nodes, nodes);
    return { cells: changes, nodes, stateRoot: root };
  }

  private bytesOf(what: string, height: number, index: number): Uint8Array {
    return hash('radledger/test-bytes/1', this.options.seed, what, height, index);
  }
}

function apply(target: Map<string, Uint8Array>, changes: ReadonlyMap<string, Uint8Array | undefined>): void {
  for (const [key, value] of changes) {
    if (value === undefined) target.delete(key);
    else target.set(key, value);
  }
}
