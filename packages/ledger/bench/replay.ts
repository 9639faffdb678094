// Question: what does a node that catches up spend beside the cryptography nobody can avoid? The stored chain of four voters, blocks of
// at least 1,000 transactions, is taken in as from a peer: decode, finality, seal, signatures, execution, state root, durable commit.
// The floor checks the same signatures, random proofs and certificates alone, on the same thread pool (design section 6: >= 0.6).
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  blockIdOf,
  cellKey,
  chainIdOf,
  decodeBody,
  decodeEpochCell,
  decodeHeader,
  encodeBody,
  encodeHeader,
  type Genesis,
  genesisBlock,
} from '@radledger/chain';
import {
  createChainRules,
  type EpochContext,
  epochContextOf,
  type VrfClaim,
  verifyVrfClaims,
} from '@radledger/consensus';
import { simplex } from '@radledger/consensus-simplex';
import type { Network, NetworkEvents, RequestHandler } from '@radledger/network';
import { type SignatureClaim, toHex, verifyAll } from '@radledger/primitives';
import { openStore } from '@radledger/storage';
import { decodeTransaction, type SignedTransaction, signatureClaims } from '@radledger/transactions';
import { ClassicLevel } from 'classic-level';
import { openLedger } from '../src/index.js';
import { decodeBlocksRequest, encodeAnnouncement, encodeBlocks, type SyncedBlock } from '../src/sync-messages.js';
import { largestMessageBytes } from '../src/topics.js';
import { finalizedAt, heightReached, startNet } from '../test/support/net.js';
import { allowAccess, defineSource, defineStudy, ownerOf } from '../test/support/transactions.js';
import { type BenchResult, quantile } from './bench-result.js';

/** Blocks with fewer transactions are part of the chain and of both measurements, but not what is asked about. */
interface StoredChain {
  readonly genesis: Genesis;
  readonly blocks: readonly SyncedBlock[];
  readonly transactions: number;
  readonly largest: number;
}

/** Replays `batches` blocks of about `perBlock` Allow Access transactions, `rounds` times; takes the median. */
export async function run({
  batches = 6,
  perBlock = 1_200,
  rounds = 3,
}: {
  readonly batches?: number;
  readonly perBlock?: number;
  readonly rounds?: number;
} = {}): Promise<BenchResult> {
  const chain = await makeChain(batches, perBlock);
  const checks = await checksOf(chain);
  const figures: number[] = [];
  const floors: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    floors.push(chain.transactions / (await secondsOf(() => checkAlone(checks))));
    figures.push(chain.transactions / (await replaySeconds(chain)));
  }
  const figure = quantile(figures, 0.5);
  const floor = quantile(floors, 0.5);
  return {
    name: 'replay',
    figure,
    unit: `transactions/s (${chain.blocks.length} blocks, ${chain.transactions} transactions, largest ${chain.largest})`,
    floor,
    floorName: 'the same signature, VRF and certificate checks alone',
    ratio: figure / floor,
    target: 0.6,
  };
}

async function secondsOf(job: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await job();
  return (performance.now() - start) / 1_000;
}

async function makeChain(batches: number, perBlock: number): Promise<StoredChain> {
  const parameters = {
    minimumIntervalMs: 3_000,
    targetIntervalMs: 3_000,
    studyAllowBurst: 1_000_000,
    sourceStudyBase: 100_000,
  };
  const net = await startNet({
    module: simplex,
    parameters,
    ledger: { mempoolLimits: wideMempool(perBlock * batches), verifyingMax: 1_000_000 },
  });
  try {
    const { chainId, nodes, sources } = net;
    const { ledger } = nodes[0] as (typeof nodes)[number];
    const source = sources[0] as (typeof sources)[number];
    const owner = await ownerOf('replay');
    const setup = [await defineSource(chainId, source), await defineStudy(chainId, source, { study: 'replay', owner })];
    for (const { bytes } of setup) await ledger.submit(bytes);
    await finalizedAt(ledger, (setup[1] as SignedTransaction).txId);
    for (let batch = 0; batch < batches; batch += 1) {
      const allows: SignedTransaction[] = [];
      for (let index = 0; index < perBlock; index += 1) {
        allows.push(await allowAccess(chainId, source, { study: 'replay', owner, tag: `${batch} ${index}` }));
      }
      await Promise.all(allows.map(({ bytes }) => ledger.submit(bytes)));
      for (const { txId } of allows) await finalizedAt(ledger, txId);
    }
    const { height } = ledger.status().finalized;
    await heightReached(ledger, height);
    const blocks: SyncedBlock[] = [];
    let transactions = 0;
    let largest = 0;
    for (let at = 1; at <= height; at += 1) {
      const entry = await ledger.block(at);
      if (!entry?.finality) throw new Error('expected a finalized block');
      transactions += entry.transactionIds.length;
      largest = Math.max(largest, entry.transactionIds.length);
      blocks.push({
        header: encodeHeader(entry.block.header),
        body: encodeBody(entry.block.body),
        proof: entry.finality,
      });
    }
    return { genesis: net.genesis, blocks, transactions, largest };
  } finally {
    await net.close();
  }
}

function wideMempool(countMax: number) {
  const lane = { countMax: countMax * 2, bytesMax: 1024 * 1024 * 1024 };
  return { lanes: { revoke: lane, allow: lane, study: lane, source: lane, rest: lane }, perCellMax: countMax * 2 };
}

interface Checks {
  readonly claims: readonly SignatureClaim[];
  readonly proofs: readonly VrfClaim[];
}

/** What no replay can leave out, decoded beforehand. */
async function checksOf({ genesis, blocks }: StoredChain): Promise<Checks> {
  const chainId = chainIdOf(genesis);
  const { parameters } = genesis;
  const epoch = await epochOfGenesis(genesis);
  const claims: SignatureClaim[] = [];
  const proofs: VrfClaim[] = [];
  for (const { header: headerBytes, body: bodyBytes, proof } of blocks) {
    const header = decodeHeader(headerBytes);
    claims.push(...simplex.finalityClaims({ header, proof, epoch, chainId, parameters }));
    proofs.push(...simplex.sealClaims({ header, epoch, chainId, parameters }));
    const { transactions } = decodeBody(bodyBytes, { bytesMax: parameters.blockBytesMax });
    for (const bytes of transactions) claims.push(...signatureClaims(decodeTransaction(bytes, chainId), chainId));
  }
  return { claims, proofs };
}

async function checkAlone({ claims, proofs }: Checks): Promise<void> {
  if (!verifyVrfClaims(proofs)) throw new Error('a valid random proof was refused');
  if (!(await verifyAll(claims))) throw new Error('a valid signature was refused');
}

async function replaySeconds(chain: StoredChain): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'radledger-bench-'));
  try {
    const database = new ClassicLevel<Uint8Array, Uint8Array>(join(folder, 'db'), {
      keyEncoding: 'view',
      valueEncoding: 'view',
    });
    const store = await openStore(database, { chainId: chainIdOf(chain.genesis) });
    const served = serveFromMemory(chain);
    const ledger = await openLedger({
      genesis: chain.genesis,
      store,
      consensus: simplex,
      network: () => Promise.resolve(served.network),
    });
    const start = performance.now();
    served.announce();
    await heightReached(ledger, chain.blocks.length);
    const seconds = (performance.now() - start) / 1_000;
    await ledger.close();
    return seconds;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const PEER = '00'.repeat(32);

/** A network with one peer that answers from memory: what is measured is the node, not a socket. */
function serveFromMemory({ genesis, blocks }: StoredChain): { readonly network: Network; announce(): void } {
  const bytesMax = largestMessageBytes(genesis.parameters);
  const subscribers = new Map<string, (message: { peerId: string; bytes: Uint8Array }) => unknown>();
  const network: Network = {
    nodeKey: new Uint8Array(32),
    address: undefined,
    peers: () => [],
    on: (_event: keyof NetworkEvents) => () => undefined,
    subscribe: (topic, listener) => void subscribers.set(topic, listener),
    handle: (_topic: string, _handler: RequestHandler) => undefined,
    broadcast: () => 0,
    send: () => true,
    request: (_peer, _topic, bytes) => {
      const { from, limit } = decodeBlocksRequest(bytes);
      const answer: SyncedBlock[] = [];
      let room = bytesMax - 1_024;
      for (const block of blocks.slice(from - 1, from - 1 + limit)) {
        room -= block.header.length + block.body.length + block.proof.length + 32;
        if (room < 0) break;
        answer.push(block);
      }
      return Promise.resolve(encodeBlocks(answer, bytesMax));
    },
    penalise(_peer, _points, code) {
      throw new Error(`a true chain was refused: ${code}`);
    },
    close: () => Promise.resolve(),
  };
  return {
    network,
    announce() {
      const last = blocks.at(-1);
      if (!last) throw new Error('expected blocks');
      const bytes = encodeAnnouncement({ height: blocks.length, id: blockIdOf(last.header) });
      void subscribers.get('announcement')?.({ peerId: PEER, bytes });
    },
  };
}

/** Epoch 0, which holds every block of this chain. */
async function epochOfGenesis(genesis: Genesis): Promise<EpochContext> {
  const { writeSet } = await genesisBlock(genesis, createChainRules(simplex));
  const cell = writeSet.cells.get(toHex(cellKey.epoch(0)));
  if (!cell) throw new Error('expected epoch 0');
  const { committeeMax } = genesis.parameters;
  return epochContextOf(decodeEpochCell(cell), { chainId: chainIdOf(genesis), committeeMax });
}
