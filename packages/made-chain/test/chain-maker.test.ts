// Goal: what is made here is what voters would have made. Method: seal, random proof, certificate, body and execution are checked as a
// node checks them, over the end of an epoch.
import {
  cellKey,
  decodeEpochCell,
  emptyState,
  epochOfHeight,
  executeBlock,
  genesisBlock,
  overlayReader,
  type StateReader,
  type WriteSet,
} from '@radledger/chain';
import { createChainRules, epochContextOf, verifyVrfClaims } from '@radledger/consensus';
import { simplex } from '@radledger/consensus-simplex';
import { verifyAll } from '@radledger/primitives';
import { type LedgerStore, openStore } from '@radledger/storage';
import { MemoryLevel } from 'memory-level';
import { afterEach, expect, test } from 'vitest';
import { type ChainMaker, createStory, openChainMaker } from '../src/index.js';

let store: LedgerStore | undefined;
afterEach(() => store?.close());

async function openMaker(): Promise<ChainMaker> {
  const options = { voters: 4, startMs: 1_700_000_000_000, intervalMs: 2_000, parameters: { epochHeights: 3 } };
  return openChainMaker(options, async (chainId) => {
    const encodings = { keyEncoding: 'view', valueEncoding: 'view', storeEncoding: 'view' } as const;
    store = await openStore(new MemoryLevel<Uint8Array, Uint8Array>(encodings), { chainId });
    return store;
  });
}

test('every block stands before the checks of a node', async () => {
  const maker = await openMaker();
  const { chainId, genesis } = maker;
  const { parameters } = genesis;
  const [voter] = maker.voters;
  const story = createStory(chainId);
  const grant = { study: 'knee', tag: 'doctor', height: 3, notAfterMs: 1_700_100_000_000 };
  const contents = [
    [await story.defineSource(voter!, 1)],
    [await story.defineStudy(voter!, 'knee', 2)],
    [await story.allowAccess(voter!, grant)],
    [await story.revokeAccess(voter!, grant)],
    [],
  ];
  const rules = createChainRules(simplex);
  const first = await genesisBlock(genesis, rules);
  const writeSets: WriteSet[] = [first.writeSet];
  const stateNow = (): StateReader => overlayReader(emptyState, writeSets);
  let parent = first.header;
  for (const transactions of contents) {
    const { block, proof } = await maker.next(transactions);
    const { header } = block;
    const [cell] = await stateNow().getMany([cellKey.epoch(epochOfHeight(header.height, parameters.epochHeights))]);
    const epoch = epochContextOf(decodeEpochCell(cell!), { chainId, committeeMax: parameters.committeeMax });
    simplex.checkBody(block);
    expect(verifyVrfClaims(simplex.sealClaims({ header, epoch, chainId, parameters }))).toBe(true);
    const claims = simplex.finalityClaims({ header, proof, epoch, nextEpoch: undefined, chainId, parameters });
    expect(claims).toHaveLength(3);
    expect(await verifyAll(claims)).toBe(true);
    const recent = { isRecentTransaction: () => false, blockIdAt: () => undefined };
    const result = await executeBlock({ chainId, parent, state: stateNow(), rules, recent, block });
    if (result.status !== 'valid') throw new Error(result.code);
    writeSets.push(result.writeSet);
    parent = header;
  }
  expect(maker.height).toBe(5);
});

test('a transaction that does not apply is named', async () => {
  const maker = await openMaker();
  const story = createStory(maker.chainId);
  const study = await story.defineStudy(maker.voters[0]!, 'knee', 1);
  await expect(maker.next([study])).rejects.toThrow('SOURCE_NOT_DEFINED');
});
