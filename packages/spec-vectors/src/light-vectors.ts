/** Walks of a light client along the ends of epochs: how far each is believed. */
import {
  blockIdOf,
  type Boundary,
  boundaryOfCheckpoint,
  type BoundaryRecord,
  type Checkpoint,
  decodeEpochProof,
  encodeBoundaries,
  encodeHeader,
  followBoundary,
} from '@radledger/chain';
import { createFinalityVerifier } from '@radledger/consensus';
import { simplex } from '@radledger/consensus-simplex';
import { openChainMaker } from '@radledger/made-chain';
import { type LedgerStore, openStore } from '@radledger/storage';
import { MemoryLevel } from 'memory-level';
import { asJson, fill, type VectorCase, type VectorFile } from './vector-file.js';

const EPOCH_HEIGHTS = 2;
const BOUNDARIES = 3;

export async function lightVectors(): Promise<VectorFile> {
  const stores: LedgerStore[] = [];
  const options = {
    voters: 4,
    startMs: 1_700_000_000_000,
    intervalMs: 1_000,
    parameters: { epochHeights: EPOCH_HEIGHTS },
  };
  const maker = await openChainMaker(options, async (chainId) => {
    const encodings = { keyEncoding: 'view', valueEncoding: 'view', storeEncoding: 'view' } as const;
    const store = await openStore(new MemoryLevel<Uint8Array, Uint8Array>(encodings), { chainId });
    stores.push(store);
    return store;
  });
  while (maker.height < BOUNDARIES * EPOCH_HEIGHTS) await maker.next([]);
  const [store] = stores as [LedgerStore];
  const records = await Promise.all(
    Array.from({ length: BOUNDARIES + 1 }, (_, epoch) => recordAt(store, epoch * EPOCH_HEIGHTS)),
  );
  await store.close();
  const [genesis, first, second, third] = records as [BoundaryRecord, BoundaryRecord, BoundaryRecord, BoundaryRecord];
  const rules = {
    chainId: maker.chainId,
    epochHeights: EPOCH_HEIGHTS,
    verifyFinality: createFinalityVerifier(simplex, maker.genesis.parameters),
  };
  const { committeeMax } = maker.genesis.parameters;
  const fromGenesis = { height: 0, id: blockIdOf(genesis.header) };

  async function walk(name: string, checkpoint: Checkpoint, sent: readonly BoundaryRecord[]): Promise<VectorCase> {
    const list = encodeBoundaries(sent);
    const input = asJson({ chainId: maker.chainId, epochHeights: EPOCH_HEIGHTS, committeeMax, checkpoint, list });
    return { name, input, output: await believed(checkpoint, sent) };
  }
  async function believed(checkpoint: Checkpoint, sent: readonly BoundaryRecord[]): Promise<readonly number[]> {
    const heights: number[] = [];
    let trusted: Boundary | undefined;
    for (const record of sent) {
      try {
        trusted = trusted
          ? await followBoundary(trusted, record, rules)
          : boundaryOfCheckpoint(record, checkpoint, rules);
      } catch {
        break;
      }
      heights.push(trusted.header.height);
    }
    return heights;
  }

  const flip = (bytes: Uint8Array, at: number): Uint8Array =>
    bytes.map((byte, index) => (index === at ? byte ^ 1 : byte));
  const forged = { ...second, finality: flip(second.finality, second.finality.length - 1) };
  return {
    name: 'light-walks',
    spec: 'light-client.md',
    cases: [
      await walk('from genesis to the newest boundary', fromGenesis, records),
      await walk('from a boundary', { height: 2, id: blockIdOf(first.header) }, [first, second, third]),
      await walk('a checkpoint of another block', { height: 2, id: fill(1) }, [first, second]),
      await walk('a boundary left out', fromGenesis, [genesis, second, third]),
      await walk('a signature that does not verify', fromGenesis, [genesis, first, forged, third]),
      await walk('voters that the header does not name', fromGenesis, [
        genesis,
        { ...first, epoch: second.epoch },
        second,
      ]),
      await walk('the proof of another block', fromGenesis, [genesis, first, { ...second, finality: first.finality }]),
    ],
  };
}

async function recordAt(store: LedgerStore, height: number): Promise<BoundaryRecord> {
  const [header, finality, proof] = await Promise.all([
    store.header(height),
    store.finalityProof(height),
    store.epochProof(height),
  ]);
  if (!header || !finality || !proof) throw new Error(`expected the boundary at ${height}`);
  return { header: encodeHeader(header), finality, ...decodeEpochProof(proof) };
}
