/** Makes a chain block by block as its voters would have: real seals, certificates and states; no network, no waiting. */
import {
  type Block,
  buildBlock,
  cellKey,
  chainIdOf,
  decodeEpochCell,
  DEFAULT_PARAMETERS,
  encodeBody,
  emptyState,
  encodeHeader,
  epochOfHeight,
  firstHeightOfEpoch,
  type Genesis,
  genesisBlock,
  isBoundaryHeight,
  overlayReader,
  type Parameters,
  proveEpoch,
} from '@radledger/chain';
import { createChainRules, type EpochContext, epochContextOf, leaderOf, vrfAlpha } from '@radledger/consensus';
import { encodeSeal, justificationRootOf, simplex } from '@radledger/consensus-simplex';
import { type CanonicalValue, compareBytes, toHex, vrfProve } from '@radledger/primitives';
import type { LedgerStore } from '@radledger/storage';
import type { SignedTransaction } from '@radledger/transactions';
import { certify, finalityProofOf, justificationOf } from './certificates.js';
import { madeVoters, type MadeVoter } from './voters.js';

export interface ChainMakerOptions {
  readonly voters: number;
  readonly parameters?: Partial<Parameters>;
  /** Unix ms of genesis. */
  readonly startMs: number;
  /** Milliseconds from one block to the next. */
  readonly intervalMs: number;
}

/** A finalized block as it travels between nodes. */
export interface MadeBlock {
  readonly block: Block;
  readonly header: Uint8Array;
  readonly body: Uint8Array;
  readonly proof: Uint8Array;
}

export interface ChainMaker {
  readonly genesis: Genesis;
  readonly chainId: Uint8Array;
  readonly voters: readonly MadeVoter[];
  /** Height of the newest block. */
  readonly height: number;
  /** Timestamp of the next block. */
  readonly nextTimestampMs: number;
  /** Makes and commits the next block. @throws {Error} when a transaction does not apply */
  next(transactions: readonly SignedTransaction[]): Promise<MadeBlock>;
}

/** What a chain is made of, before there is a store for its id. */
async function genesisOf(options: ChainMakerOptions): Promise<{
  readonly genesis: Genesis;
  readonly voters: readonly MadeVoter[];
}> {
  const voters = await madeVoters(options.voters);
  const sources = voters.map(({ signer, nodeSigner, vrfKey }) => ({
    source: signer.publicKey,
    nodeKey: nodeSigner.publicKey,
    vrfKey,
    endowment: 10_000,
  }));
  const genesis: Genesis = {
    format: 1,
    name: 'made-chain',
    timeMs: options.startMs,
    moduleId: simplex.id,
    policies: { admission: 'open', stake: 'raw' },
    parameters: { ...DEFAULT_PARAMETERS, minimumIntervalMs: 0, ...options.parameters },
    sources: sources.sort((a, b) => compareBytes(a.source, b.source)),
    authorities: [],
    recoveryKeys: [],
    recoveryThreshold: 0,
  };
  return { genesis, voters };
}

/** @param openStore - gives an empty store for the chain id; the caller closes it */
export async function openChainMaker(
  options: ChainMakerOptions,
  openStore: (chainId: Uint8Array) => Promise<LedgerStore>,
): Promise<ChainMaker> {
  const { genesis, voters } = await genesisOf(options);
  const { parameters } = genesis;
  const chainId = chainIdOf(genesis);
  const rules = createChainRules(simplex);
  const signers = new Map(voters.map(({ nodeSigner }) => [toHex(nodeSigner.publicKey), nodeSigner]));
  const bySource = new Map(voters.map((voter) => [toHex(voter.signer.publicKey), voter]));
  const store = await openStore(chainId);
  const first = await genesisBlock(genesis, rules);
  const nothing = { finalityProof: new Uint8Array(), dutyEvents: [], transactionIds: [] };
  const epochProof = await proveEpoch(overlayReader(emptyState, [first.writeSet]), 0);
  await store.commit({ block: first.block, writeSet: first.writeSet, ...nothing, epochProof });

  let parent = first.block;
  let parentCertificate: CanonicalValue | undefined;
  let epoch = await loadEpoch(0);

  async function loadEpoch(number: number): Promise<EpochContext> {
    const [cell] = await store.getMany([cellKey.epoch(number)]);
    if (!cell) throw new Error(`expected epoch ${number}`);
    return epochContextOf(decodeEpochCell(cell), { chainId, committeeMax: parameters.committeeMax });
  }

  return {
    genesis,
    chainId,
    voters,
    get height() {
      return parent.header.height;
    },
    get nextTimestampMs() {
      return options.startMs + (parent.header.height + 1) * options.intervalMs;
    },
    async next(transactions) {
      const height = parent.header.height + 1;
      const { epochHeights } = parameters;
      const number = epochOfHeight(height, epochHeights);
      if (number !== epoch.epoch) epoch = await loadEpoch(number);
      // No view fails: they count with the heights.
      const view = height - firstHeightOfEpoch(number, epochHeights) + 1;
      const leader = leaderOf(chainId, epoch, view);
      const { vrfSeed } = bySource.get(toHex(leader.source)) as MadeVoter;
      const justification = justificationOf(parentCertificate);
      const timestampMs = options.startMs + height * options.intervalMs;
      const seal = encodeSeal({
        epoch: number,
        view,
        vrfProof: vrfProve(vrfSeed, vrfAlpha({ chainId, seed: epoch.seed, epoch: number, height })),
        justificationRoot: justificationRootOf(justification),
      });
      const { block, writeSet, selected, left } = await buildBlock({
        chainId,
        parent: parent.header,
        state: store,
        rules,
        recent: {
          isRecentTransaction: (txId) => store.isRecentTransaction(txId),
          blockIdAt: (at) => store.recentBlockIdAt(at),
        },
        candidates: transactions,
        timestampMs,
        proposer: leader.source,
        seal: { kind: simplex.sealKind, bytes: seal },
        justification,
      });
      const [refused] = left;
      if (refused)
        throw new Error(`a transaction does not apply at height ${height}: ${refused.code} ${refused.message}`);
      const [notarization, finalization] = await Promise.all([
        certify(chainId, epoch, { kind: 'notarize', view, blockId: block.id, timestampMs }, signers),
        certify(chainId, epoch, { kind: 'finalize', view, blockId: block.id }, signers),
      ]);
      const proof = finalityProofOf(finalization);
      const transactionIds = selected.map(({ txId }) => txId);
      const isBoundary = isBoundaryHeight(height, epochHeights);
      const epochProof = isBoundary ? await proveEpoch(overlayReader(store, [writeSet]), number + 1) : undefined;
      await store.commit({
        block,
        writeSet,
        finalityProof: proof,
        dutyEvents: [],
        transactionIds,
        ...(epochProof && { epochProof }),
      });
      parent = block;
      parentCertificate = isBoundary ? finalization : notarization;
      return { block, header: encodeHeader(block.header), body: encodeBody(block.body), proof };
    },
  };
}
