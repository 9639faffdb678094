// Question: how long does a fresh node take to join a long chain, by full replay and by snapshot, and what does it spend beside the
// cryptography that nobody can avoid? Blocks of `simplex` with ten transactions each, four voters, T 2 s, E 720, databases on disk; the
// peer answers in the same process. The floor checks the signatures, random proofs and certificates of the replay alone (design section 6).
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { blockIdOf, cellKey, decodeEpochCell, epochOfHeight, isBoundaryHeight } from '@radledger/chain';
import { type EpochContext, epochContextOf, type VrfClaim, verifyVrfClaims } from '@radledger/consensus';
import { simplex } from '@radledger/consensus-simplex';
import { type ChainMaker, createStory, openChainMaker } from '@radledger/made-chain';
import { type SignatureClaim, toHex, verifyAll } from '@radledger/primitives';
import { type LedgerStore, openStore } from '@radledger/storage';
import { decodeTransaction, signatureClaims } from '@radledger/transactions';
import { ClassicLevel } from 'classic-level';
import { joinBySnapshot, type Ledger, openLedger } from '../src/index.js';
import { encodeAnnouncement } from '../src/sync-messages.js';
import { heightReached } from '../test/support/net.js';
import { type Answering, memoryDatabase, networkOf, nobody } from '../test/support/made-node.js';
import type { BenchResult } from './bench-result.js';

const START = Date.UTC(2026, 0, 1);
const INTERVAL = 2_000;
const PER_BLOCK = 10;
const BLOCKS_AT_ONCE = 200;

interface Measured {
  readonly seconds: number;
  readonly bytes: number;
  readonly ratio: number;
}

interface JoinResult extends BenchResult {
  readonly detail: {
    readonly blocks: number;
    readonly transactions: number;
    readonly cells: number;
    readonly makingSeconds: number;
    readonly floorSeconds: number;
    readonly replay: Measured;
    readonly snapshot: Measured & { readonly checkpointHeight: number; readonly snapshotHeight: number };
  };
}

/**
 * @param options.chainFolder - keeps the made chain, and takes one that an earlier run with the same sizes left there; default the environment
 *   variable RADLEDGER_MADE_CHAIN, else the chain is made anew and goes with the run
 */
export async function run({
  blocks = 2_000,
  epochHeights = 720,
  chainFolder = process.env['RADLEDGER_MADE_CHAIN'],
}: {
  readonly blocks?: number;
  readonly epochHeights?: number;
  readonly chainFolder?: string | undefined;
} = {}): Promise<JoinResult> {
  const folder = await mkdtemp(join(tmpdir(), 'radledger-join-'));
  try {
    return await measure({ folder, blocks, epochHeights, chainFolder: chainFolder ?? join(folder, 'origin') });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measure(sizes: {
  readonly folder: string;
  readonly blocks: number;
  readonly epochHeights: number;
  readonly chainFolder: string;
}): Promise<JoinResult> {
  const { folder, blocks, epochHeights, chainFolder } = sizes;
  const openAt = (path: string, chainId: Uint8Array): Promise<LedgerStore> =>
    openStore(new ClassicLevel<Uint8Array, Uint8Array>(path, { keyEncoding: 'view', valueEncoding: 'view' }), {
      chainId,
    });
  const openIn = (name: string, chainId: Uint8Array): Promise<LedgerStore> => openAt(join(folder, name), chainId);
  const made = await timed(() => makeChain(blocks, epochHeights, (chainId) => openAt(chainFolder, chainId)));
  const { maker, store, transactions } = made.value;
  const { chainId, genesis } = maker;
  const floorSeconds = await secondsOfChecks(store, maker);
  const now = (): number => maker.nextTimestampMs;

  const own = nobody();
  const origin = await openLedger({
    genesis,
    store,
    consensus: simplex,
    network: () => Promise.resolve(own.network),
    now,
  });
  const full = await timed(async () => follow(maker, await openIn('full', chainId), own.answer));
  const checkpoint = { height: epochHeights, id: blockIdOf((await store.header(epochHeights))!) };
  const snapshot = await timed(async () => {
    const joining = await openIn('snapshot', chainId);
    const served = networkOf([{ name: 'full', answer: full.value.answer }]);
    const network = (): Promise<typeof served.network> => Promise.resolve(served.network);
    const joined = await joinBySnapshot({ genesis, store: joining, consensus: simplex, network, checkpoint, now });
    const followed = await follow(maker, joining, full.value.answer);
    return { ...followed, joined, bytes: served.bytes() + followed.bytes() };
  });
  const roots = [full.value.ledger, snapshot.value.ledger].map((ledger) => toHex(ledger.status().finalized.stateRoot));
  if (new Set(roots).size !== 1) throw new Error('the two ways in lead to two states');
  for (const ledger of [origin, full.value.ledger, snapshot.value.ledger]) await ledger.close();

  return {
    name: 'join',
    figure: transactions / full.seconds,
    unit: `transactions/s by full replay (${blocks} blocks, ${transactions} transactions)`,
    floor: transactions / floorSeconds,
    floorName: 'the same signature, VRF and certificate checks alone',
    ratio: floorSeconds / full.seconds,
    target: '-',
    detail: {
      blocks,
      transactions,
      cells: snapshot.value.joined.cellsReceived,
      makingSeconds: round(made.seconds),
      floorSeconds: round(floorSeconds),
      replay: { seconds: round(full.seconds), bytes: full.value.bytes(), ratio: round(floorSeconds / full.seconds) },
      snapshot: {
        checkpointHeight: checkpoint.height,
        snapshotHeight: snapshot.value.joined.height,
        seconds: round(snapshot.seconds),
        bytes: snapshot.value.bytes,
        ratio: round(floorSeconds / snapshot.seconds),
      },
    },
  };
}

/** Opens a node on a store and waits until it has the whole chain. */
async function follow(
  { genesis, height, nextTimestampMs }: Made['maker'],
  store: LedgerStore,
  answer: Answering,
): Promise<{ readonly ledger: Ledger; readonly answer: Answering; readonly bytes: () => number }> {
  const served = networkOf([{ name: 'peer', answer }]);
  const own = nobody();
  const network = { ...served.network, handle: own.network.handle.bind(own.network) };
  const now = (): number => nextTimestampMs;
  const ledger = await openLedger({ genesis, store, consensus: simplex, network: () => Promise.resolve(network), now });
  served.tell('peer', 'announcement', encodeAnnouncement({ height, id: new Uint8Array(32) }));
  await heightReached(ledger, height);
  return { ledger, answer: own.answer, bytes: served.bytes };
}

interface Made {
  readonly maker: Pick<ChainMaker, 'genesis' | 'chainId' | 'height' | 'nextTimestampMs'>;
  readonly store: LedgerStore;
  readonly transactions: number;
}

/** One study and nine grants on it a block. */
async function makeChain(
  blocks: number,
  epochHeights: number,
  open: (chainId: Uint8Array) => Promise<LedgerStore>,
): Promise<Made> {
  const opened: LedgerStore[] = [];
  const wide = { sourceStudyBase: 1_000_000, sourceAllowFactor: 1_000, studyAllowBurst: 1_000 };
  const options = { voters: 4, startMs: START, intervalMs: INTERVAL, parameters: { epochHeights, ...wide } };
  // All keys follow from names, so the same sizes give the same chain.
  const { genesis, chainId } = await openChainMaker(options, (id) => openStore(memoryDatabase(), { chainId: id }));
  const kept = await open(chainId);
  if (kept.tip?.height === blocks) {
    const maker = { genesis, chainId, height: blocks, nextTimestampMs: START + (blocks + 1) * INTERVAL };
    return { maker, store: kept, transactions: options.voters + (blocks - options.voters) * PER_BLOCK };
  }
  await kept.close();
  const maker = await openChainMaker(options, async (chainId) => {
    const store = await open(chainId);
    opened.push(store);
    return store;
  });
  const story = createStory(maker.chainId);
  const notAfterMs = START + 365 * 86_400_000;
  let transactions = 0;
  for (let height = 1; height <= blocks; height += 1) {
    const voter = maker.voters[height % maker.voters.length]!;
    const study = `study ${height}`;
    const content =
      height <= maker.voters.length
        ? [await story.defineSource(voter, height)]
        : [
            await story.defineStudy(voter, study, height),
            ...(await Promise.all(
              Array.from({ length: PER_BLOCK - 1 }, (_, index) =>
                story.allowAccess(voter, { study, tag: `${study} ${index}`, height, notAfterMs }),
              ),
            )),
          ];
    await maker.next(content);
    transactions += content.length;
  }
  return { maker, store: opened[0]!, transactions };
}

/** What no replay can leave out; decoding is not counted. */
async function secondsOfChecks(store: LedgerStore, { chainId, genesis, height }: Made['maker']): Promise<number> {
  const { parameters } = genesis;
  let seconds = 0;
  let epoch: EpochContext | undefined;
  for (let from = 1; from <= height; from += BLOCKS_AT_ONCE) {
    const claims: SignatureClaim[] = [];
    const proofs: VrfClaim[] = [];
    for (let at = from; at < from + BLOCKS_AT_ONCE && at <= height; at += 1) {
      const [block, proof] = [(await store.block(at))!, (await store.finalityProof(at))!];
      if (!epoch || isBoundaryHeight(at - 1, parameters.epochHeights)) {
        const [cell] = await store.getMany([cellKey.epoch(epochOfHeight(at, parameters.epochHeights))]);
        epoch = epochContextOf(decodeEpochCell(cell!), { chainId, committeeMax: parameters.committeeMax });
      }
      const { header, body } = block;
      claims.push(...simplex.finalityClaims({ header, proof, epoch, nextEpoch: undefined, chainId, parameters }));
      proofs.push(...simplex.sealClaims({ header, epoch, chainId, parameters }));
      for (const bytes of body.transactions)
        claims.push(...signatureClaims(decodeTransaction(bytes, chainId), chainId));
    }
    const started = performance.now();
    if (!verifyVrfClaims(proofs)) throw new Error('a valid random proof was refused');
    if (!(await verifyAll(claims))) throw new Error('a valid signature was refused');
    seconds += (performance.now() - started) / 1_000;
  }
  return seconds;
}

async function timed<T>(job: () => Promise<T>): Promise<{ readonly value: T; readonly seconds: number }> {
  const started = performance.now();
  const value = await job();
  return { value, seconds: (performance.now() - started) / 1_000 };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
