/** The ledger as this app reads it: through nodes of which none is believed, from its own last checkpoint, or the one that came with the app. */
import { blockIdOf, chainIdOf, type Genesis, genesisBlock, parseCheckpoint } from '@radledger/chain';
import { createNodeClient, createProvenNode } from '@radledger/client';
import { type ConsensusModule, createChainRules, createFinalityVerifier } from '@radledger/consensus';
import { simplex } from '@radledger/consensus-simplex';
import type { WalletNode } from '@radledger/wallet';
import { keptCheckpoint } from './checkpoint.js';
import type { Origins } from './origins.js';
import type { Settings } from './settings.js';

export interface OpenedLedger {
  readonly chainId: Uint8Array;
  readonly node: WalletNode;
  /** Addresses where gateways may answer, besides those in the directory. */
  readonly gateways: readonly string[];
  /** What the clock of the first node shows; Unix ms. */
  readonly timeOfNode: () => Promise<number>;
  /** Whether a name in the directory was vouched for by an authority. */
  readonly isAttested: boolean;
}

/** @throws {TypeError} when the genesis names a consensus module that this app does not have */
export async function openLedger(
  { genesis, nodes: urls, gateways, checkpoint }: Settings,
  origins: Origins,
): Promise<OpenedLedger> {
  for (const url of [...urls, ...gateways]) origins.allow(url);
  const nodes = urls.map((url) => createNodeClient({ url, fetch: origins.fetch }));
  const module = await moduleNamed(genesis.moduleId);
  const chainId = chainIdOf(genesis);
  const kept = keptCheckpoint(localStorage, chainId, Date.now);
  const given = checkpoint === undefined ? await beginning(genesis, module) : parseCheckpoint(checkpoint);
  const node = createProvenNode({
    nodes,
    chainId,
    epochHeights: genesis.parameters.epochHeights,
    verifyFinality: createFinalityVerifier(module, genesis.parameters),
    checkpoint: kept.start(given),
  });
  return {
    chainId,
    gateways,
    node: {
      ...node,
      async status(options) {
        const status = await node.status(options);
        kept.keep(node.checkpoint());
        return status;
      },
    },
    timeOfNode: async () => ((await nodes[0]?.status()) ?? { nowMs: Date.now() }).nowMs,
    isAttested: genesis.policies.admission !== 'open',
  };
}

async function beginning(genesis: Genesis, module: ConsensusModule): Promise<{ height: number; id: Uint8Array }> {
  const { block } = await genesisBlock(genesis, createChainRules(module));
  return { height: 0, id: blockIdOf(block.header) };
}

/** The default comes with the first visit; the others are loaded where a network runs on them. */
async function moduleNamed(id: string): Promise<ConsensusModule> {
  if (id === simplex.id) return simplex;
  const others = await Promise.all([
    import('@radledger/consensus-longest-chain').then(({ longestChain }) => longestChain),
    import('@radledger/consensus-authority').then(({ authority }) => authority),
    import('@radledger/consensus-work').then(({ work }) => work),
  ]);
  const module = others.find((other) => other.id === id);
  if (module === undefined) throw new TypeError(`this app does not know the module ${id}`);
  return module;
}
