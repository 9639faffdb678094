/**
 * A trivial executor in place of the ledger: the state is the hash of all that was applied. Forks are overlays by block id, so
 * that modules that re-organise build and verify wherever they like above the newest finalized block.
 */
import {
  type Block,
  blockIdOf,
  type Body,
  bodyBytesOf,
  type EpochCell,
  type Header,
  merkleRoot,
  type Parameters,
  type Policies,
} from '@radledger/chain';
import {
  type BlockVerdict,
  type BuildRequest,
  type EpochContext,
  epochContextOf,
  type FinalizedByProof,
  type FinalizedState,
} from '@radledger/consensus';
import { equalBytes, hash, toHex } from '@radledger/primitives';
import type { NodeChain } from './node-chain.js';

const ZERO = new Uint8Array(32);
/** First byte of a transaction that no block may hold. */
export const INVALID_TRANSACTION = 0xff;

export interface SimGenesis {
  readonly chainId: Uint8Array;
  readonly parameters: Parameters;
  readonly policies: Policies;
  /** Of epoch 0. */
  readonly members: EpochCell['members'];
}

export function simGenesisHeader({ chainId }: SimGenesis): Header {
  return {
    format: 1,
    chainId,
    height: 0,
    parentId: ZERO,
    timestampMs: 0,
    proposer: ZERO,
    transactionRoot: ZERO,
    stateRoot: ZERO,
    dutyRoot: ZERO,
    bodyBytes: 0,
    sealKind: 0,
    sealBytes: new Uint8Array(),
  };
}

interface Overlay {
  readonly header: Header;
  readonly transactions: readonly Uint8Array[];
}

/** Finalized blocks are durable; effects of others, and what waits, are in memory and go with a crash. */
export class SimChain implements NodeChain {
  readonly finalized: FinalizedByProof[] = [];
  private readonly overlays = new Map<string, Overlay>();
  private readonly waiting = new Map<string, Uint8Array>();
  /** Nothing that is final is undone: what an epoch was known as it stays. */
  private readonly epochs = new Map<number, EpochContext>();
  private readonly genesisHeader: Header;
  private readonly genesisId: Uint8Array;

  /** @param trails - whether finality trails behind: then an epoch is known when the one before it begins */
  constructor(
    private readonly genesis: SimGenesis,
    private readonly trails: boolean,
  ) {
    this.genesisHeader = simGenesisHeader(genesis);
    this.genesisId = blockIdOf(this.genesisHeader);
  }

  get height(): number {
    return this.finalized.length;
  }

  /** Blocks above the finalized one whose effect is kept. */
  get overlayCount(): number {
    return this.overlays.size;
  }

  tip(): { readonly header: Header; readonly id: Uint8Array; readonly proof: Uint8Array } {
    const last = this.finalized.at(-1);
    if (last === undefined) return { header: this.genesisHeader, id: this.genesisId, proof: new Uint8Array() };
    return { header: last.block.header, id: last.block.id, proof: last.proof };
  }

  /** Header of a block above the finalized one, or of the newest finalized one. */
  headerOf(id: Uint8Array): Header | undefined {
    const tip = this.tip();
    return equalBytes(id, tip.id) ? tip.header : this.overlays.get(toHex(id))?.header;
  }

  /** Undefined while the boundary block before it is not finalized here. */
  epoch(epoch: number): EpochContext | undefined {
    const known = this.epochs.get(epoch);
    if (known !== undefined) return known;
    const cell = this.epochCell(epoch);
    if (cell === undefined) return undefined;
    const { chainId, parameters } = this.genesis;
    const made = epochContextOf(cell, { chainId, committeeMax: parameters.committeeMax });
    this.epochs.set(epoch, made);
    return made;
  }

  /** As `epoch`: its cell, as a ledger's state would hold it. */
  epochCell(epoch: number): EpochCell | undefined {
    const { parameters, members } = this.genesis;
    const at = Math.max(0, this.trails ? epoch - 1 : epoch) * parameters.epochHeights;
    const boundary = at === 0 ? this.genesisId : this.finalized[at - 1]?.block.id;
    return boundary && { epoch, firstHeight: 0, members, seed: hash('sim/seed', boundary) };
  }

  state(): FinalizedState {
    const { header, proof } = this.tip();
    const number = Math.floor(header.height / this.genesis.parameters.epochHeights);
    const previousEpoch = number === 0 ? undefined : this.epoch(number - 1);
    const nextEpoch = this.trails ? this.epoch(number + 1) : undefined;
    const around = { ...(previousEpoch && { previousEpoch }), ...(nextEpoch && { nextEpoch }) };
    return { header, proof, epoch: this.epoch(number) as EpochContext, ...around };
  }

  /** @returns false when it waits already */
  submit(transaction: Uint8Array): boolean {
    const key = toHex(transaction);
    if (this.waiting.has(key)) return false;
    this.waiting.set(key, transaction);
    return true;
  }

  /** What waits and is not in the blocks from the finalized one up to `parent`, as many as a block holds. */
  private candidates(parent: Header): readonly Uint8Array[] {
    const included = new Set<string>();
    for (let over = this.overlays.get(toHex(blockIdOf(parent))); over !== undefined; ) {
      for (const transaction of over.transactions) included.add(toHex(transaction));
      over = this.overlays.get(toHex(over.header.parentId));
    }
    const chosen: Uint8Array[] = [];
    let bytes = 0;
    for (const [key, transaction] of this.waiting) {
      if (included.has(key)) continue;
      bytes += transaction.length;
      if (bytes > this.genesis.parameters.blockBytesMax / 2) break;
      chosen.push(transaction);
    }
    return chosen;
  }

  build(request: BuildRequest): Block {
    const { parent, seal, justification, proposer, timestampMs } = request;
    const transactions = this.candidates(parent);
    const body: Body = { transactions, justification };
    const header: Header = {
      format: 1,
      chainId: this.genesis.chainId,
      height: parent.height + 1,
      parentId: blockIdOf(parent),
      timestampMs,
      proposer,
      transactionRoot: merkleRoot(transactions),
      stateRoot: stateRootOf(parent, body),
      dutyRoot: ZERO,
      bodyBytes: bodyBytesOf(transactions, justification.length),
      sealKind: seal.kind,
      sealBytes: seal.bytes,
    };
    const block = { header, body, id: blockIdOf(header) };
    this.overlays.set(toHex(block.id), { header, transactions });
    return block;
  }

  /** Whether something waits that a child of the adopted tip could hold. */
  hasWaiting(tip: Uint8Array | undefined): boolean {
    if (this.waiting.size === 0) return false;
    const header = tip === undefined ? undefined : this.headerOf(tip);
    return this.candidates(header ?? this.tip().header).length > 0;
  }

  verify(block: Block): BlockVerdict {
    const { header, body } = block;
    if (!equalBytes(merkleRoot(body.transactions), header.transactionRoot)) return { kind: 'mismatch' };
    const parent = this.headerOf(header.parentId);
    if (parent === undefined) return { kind: 'notYet' };
    if (body.transactions.some((bytes) => bytes[0] === INVALID_TRANSACTION))
      return { kind: 'invalid', code: 'BAD_TRANSACTION' };
    if (!equalBytes(stateRootOf(parent, body), header.stateRoot)) return { kind: 'invalid', code: 'STATE_ROOT' };
    this.overlays.set(toHex(block.id), { header, transactions: body.transactions });
    return { kind: 'valid' };
  }

  finalize(blocks: readonly FinalizedByProof[]): void {
    for (const entry of blocks) {
      if (entry.block.header.height !== this.height + 1) continue;
      this.finalized.push(entry);
      for (const transaction of entry.block.body.transactions) this.waiting.delete(toHex(transaction));
    }
    for (const [key, { header }] of this.overlays) if (header.height <= this.height) this.overlays.delete(key);
  }

  /** What is durable is here. */
  open(): void {}

  /** Every overlay is kept until it is finalized, or cannot be. */
  adopt(): void {}

  crash(): void {
    this.overlays.clear();
    this.waiting.clear();
  }
}

/** What the trivial executor makes of a body. */
export function stateRootOf(parent: Header, body: Body): Uint8Array {
  return hash('sim/state', parent.stateRoot, body.transactions);
}
