/** A world of real ledgers: real genesis, state, transactions, mempools and accounts; votes and random proofs are stand-ins. */
import { cellKey, chainIdOf, decodeEpochCell, type Genesis } from '@radledger/chain';
import type { ConsensusModule } from '@radledger/consensus';
import { compareBytes, equalBytes, hash } from '@radledger/primitives';
import { type LedgerStore, openStore } from '@radledger/storage';
import { MemoryLevel } from 'memory-level';
import type { Prng } from '../prng.js';
import type { Scenario } from '../scenario.js';
import { SimCrypto } from '../sim-crypto.js';
import type { World } from '../world.js';
import { sourceKeys } from './keys.js';
import { LedgerChain, SMALL_MEMPOOL } from './ledger-chain.js';
import { makeWorkload } from './workload.js';

export interface LedgerWorld extends World {
  readonly ledgerGenesis: Genesis;
  readonly module: ConsensusModule;
  /** One a node. */
  readonly stores: readonly LedgerStore[];
}

/** A client asks again until it gets an answer: here, so often. */
const REPEAT_MS = 400;
const REPEATS = 6;
const FLOOD_STUDIES = 32;

export async function openLedgerWorld(
  scenario: Scenario,
  prng: Prng,
  { seed, module: given }: { readonly seed: number; readonly module: ConsensusModule },
): Promise<LedgerWorld> {
  // What stands in for a random proof has no output of its own.
  const module = {
    ...given,
    randomnessOf: ({ sealBytes }: { sealBytes: Uint8Array }) => hash('sim/random', sealBytes),
  };
  const crypto = new SimCrypto();
  const keys = await Promise.all(scenario.weights.map((_, node) => sourceKeys(node)));
  for (const { nodeSigner, vrfSigner } of keys) {
    crypto.adopt(nodeSigner.publicKey);
    crypto.adopt(vrfSigner.publicKey);
  }
  const ledgerGenesis: Genesis = {
    format: 1,
    name: `simulated ${seed}`,
    timeMs: 0,
    moduleId: module.id,
    policies: { admission: 'open', stake: 'guarded' },
    parameters: { ...scenario.parameters, workBits: 0 },
    sources: keys
      .map(({ signer, nodeSigner, vrfSigner }, node) => ({
        source: signer.publicKey,
        nodeKey: nodeSigner.publicKey,
        vrfKey: vrfSigner.publicKey,
        endowment: Number(scenario.weights[node]),
      }))
      .sort((a, b) => compareBytes(a.source, b.source)),
    authorities: [],
    recoveryKeys: [],
    recoveryThreshold: 0,
  };
  const chainId = chainIdOf(ledgerGenesis);
  const stores = await Promise.all(keys.map(() => openMemoryStore(chainId)));
  const chains = stores.map((store) => ({ store, genesis: ledgerGenesis, module, mempoolLimits: SMALL_MEMPOOL }));
  // Genesis says who votes at first: read from a store of its own.
  const first = await openMemoryStore(chainId);
  await new LedgerChain({ ...(chains[0] as (typeof chains)[0]), store: first, now: () => 0 }).open();
  const [epochCell] = await first.getMany([cellKey.epoch(0)]);
  const { members } = decodeEpochCell(epochCell as Uint8Array);
  const { parameters, policies } = ledgerGenesis;

  const [healthy, flooding] = [keys[0], keys[1]] as [(typeof keys)[0], (typeof keys)[0]];
  const { story, flood } = await makeWorkload(chainId, { healthy, flooding }, prng.chance(50) ? FLOOD_STUDIES : 0);
  const anyNode = (): number => prng.between(0, keys.length - 1);
  const submissions = [
    ...story.map(({ bytes }, index) => ({ bytes, atMs: 50 + 150 * index, every: REPEAT_MS })),
    ...flood.map(({ bytes }) => ({ bytes, atMs: prng.between(400, 1500), every: 3 * REPEAT_MS })),
  ].flatMap(({ bytes, atMs, every }) =>
    Array.from({ length: REPEATS }, (_, repeat) => ({ bytes, atMs: atMs + repeat * every, node: anyNode() })),
  );
  return {
    crypto,
    genesis: { chainId, parameters, policies, members },
    memberNodes: members.map(({ source }) => keys.findIndex(({ signer }) => equalBytes(signer.publicKey, source))),
    submissions,
    chainOf: (node, now) => new LedgerChain({ ...(chains[node] as (typeof chains)[0]), now }),
    ledgerGenesis,
    module,
    stores,
  };
}

export function openMemoryStore(chainId: Uint8Array): Promise<LedgerStore> {
  const encodings = { keyEncoding: 'view', valueEncoding: 'view', storeEncoding: 'view' } as const;
  return openStore(new MemoryLevel<Uint8Array, Uint8Array>(encodings), { chainId });
}
