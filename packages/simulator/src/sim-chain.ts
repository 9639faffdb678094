/** A trivial executor in place of the ledger: the state is the hash of all that was applied. */
import {
  type Block,
  blockIdOf,
  type Body,
  bodyBytesOf,
  type EpochCell,
  type Header,
  merkleRoot,
  type Parameters,
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

const ZERO = new Uint8Array(32);
/** First byte of a transaction that no block may hold. */
export const INVALID_TRANSACTION = 0xff;

export interface SimGenesis {
  readonly chainId: Uint8Array;
  readonly parameters: Parameters;
  readonly members: EpochCell['members'];
}

export interface StoredBlock {
  readonly block: Block;
  readonly proof: Uint8Array;
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

/** Finalized blocks are durable; effects of others are in memory and go with a crash. */
export class SimChain {
  readonly finalized: StoredBlock[] = [];
  private overlays = new Map<string, Header>();
  private readonly genesisHeader: Header;
  private readonly genesisId: Uint8Array;

  constructor(private readonly genesis: SimGenesis) {
    this.genesisHeader = simGenesisHeader(genesis);
    this.genesisId = blockIdOf(this.genesisHeader);
  }

  get height(): number {
    return this.finalized.length;
  }

  tip(): { readonly header: Header; readonly id: Uint8Array; readonly proof: Uint8Array } {
    const last = this.finalized.at(-1);
    if (last === undefined) return { header: this.genesisHeader, id: this.genesisId, proof: new Uint8Array() };
    return { header: last.block.header, id: last.block.id, proof: last.proof };
  }

  /** Undefined while the boundary block before it is not finalized here. */
  epoch(epoch: number): EpochContext | undefined {
    const { chainId, parameters, members } = this.genesis;
    const boundary = epoch === 0 ? this.genesisId : this.finalized[epoch * parameters.epochHeights - 1]?.block.id;
    if (boundary === undefined) return undefined;
    const cell = { epoch, firstHeight: 0, members, seed: hash('sim/seed', boundary) };
    return epochContextOf(cell, { chainId, committeeMax: parameters.committeeMax });
  }

  state(): FinalizedState {
    const { header, proof } = this.tip();
    const number = Math.floor(header.height / this.genesis.parameters.epochHeights);
    const previousEpoch = number === 0 ? undefined : this.epoch(number - 1);
    return { header, proof, epoch: this.epoch(number) as EpochContext, ...(previousEpoch && { previousEpoch }) };
  }

  build(request: BuildRequest, transactions: readonly Uint8Array[]): Block {
    const { parent, seal, justification, proposer, timestampMs } = request;
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
    this.overlays.set(toHex(block.id), header);
    return block;
  }

  verify(block: Block): BlockVerdict {
    const { header, body } = block;
    if (!equalBytes(merkleRoot(body.transactions), header.transactionRoot)) return { kind: 'mismatch' };
    const tip = this.tip();
    const parent = equalBytes(header.parentId, tip.id) ? tip.header : this.overlays.get(toHex(header.parentId));
    if (parent === undefined) return { kind: 'notYet' };
    if (body.transactions.some((bytes) => bytes[0] === INVALID_TRANSACTION))
      return { kind: 'invalid', code: 'BAD_TRANSACTION' };
    if (!equalBytes(stateRootOf(parent, body), header.stateRoot)) return { kind: 'invalid', code: 'STATE_ROOT' };
    this.overlays.set(toHex(block.id), header);
    return { kind: 'valid' };
  }

  finalize(blocks: readonly FinalizedByProof[]): void {
    for (const entry of blocks) if (entry.block.header.height === this.height + 1) this.finalized.push(entry);
  }

  crash(): void {
    this.overlays = new Map();
  }
}

function stateRootOf(parent: Header, body: Body): Uint8Array {
  return hash('sim/state', parent.stateRoot, body.transactions);
}
