import {
  chainIdOf,
  DEFAULT_PARAMETERS,
  encodeGenesis,
  encodeHeader,
  type Genesis,
  genesisBlock,
  type Parameters,
} from '@radledger/chain';
import { createChainRules } from '@radledger/consensus';
import { simplex } from '@radledger/consensus-simplex';
import { compareBytes, toHex } from '@radledger/primitives';
import { keyOf } from './parties.js';
import { asJson, type VectorCase, type VectorFile } from './vector-file.js';

/** Source, node and VRF key of genesis source n have the seeds 0xn0, 0xn1 and 0xn2. */
export async function genesisOf(
  endowments: readonly number[],
  changes: Partial<Omit<Genesis, 'parameters'>> & { readonly parameters?: Partial<Parameters> } = {},
): Promise<Genesis> {
  const sources = await Promise.all(
    endowments.map(async (endowment, index) => {
      const first = 0x10 * (index + 1);
      const [source, nodeKey, vrfKey] = await Promise.all([keyOf(first), keyOf(first + 1), keyOf(first + 2)]);
      return { source, nodeKey, vrfKey, endowment };
    }),
  );
  return {
    format: 1,
    name: 'vector net',
    timeMs: 1_700_000_000_000,
    moduleId: simplex.id,
    policies: { admission: 'open', stake: 'raw' },
    sources: sources.sort((a, b) => compareBytes(a.source, b.source)),
    authorities: [],
    recoveryKeys: [],
    recoveryThreshold: 0,
    ...changes,
    parameters: { ...DEFAULT_PARAMETERS, ...changes.parameters },
  };
}

export async function genesisVectors(): Promise<VectorFile> {
  const keys = [await keyOf(0xa1), await keyOf(0xa2), await keyOf(0xa3)];
  return {
    name: 'genesis',
    spec: 'genesis.md',
    cases: [
      await vector('one source', await genesisOf([1])),
      await vector('four sources, two of them without endowment', await genesisOf([10_000, 250, 0, 0])),
      await vector('nobody has weight', await genesisOf([0, 0], { parameters: { epochHeights: 4, workBits: 16 } })),
      await vector(
        'settings of the consensus module',
        await genesisOf([5], {
          parameters: {
            moduleSettings: [
              ['depth', 12],
              ['slotsMax', Number.MAX_SAFE_INTEGER],
            ],
          },
        }),
      ),
      await vector(
        'authorities and recovery',
        await genesisOf([7, 8], {
          name: 'Zürich 放射線',
          policies: { admission: 'attested', stake: 'raw' },
          authorities: keys.slice(0, 1),
          recoveryKeys: keys,
          recoveryThreshold: 2,
        }),
      ),
    ],
  };
}

async function vector(name: string, genesis: Genesis): Promise<VectorCase> {
  const { header, block, writeSet } = await genesisBlock(genesis, createChainRules(simplex));
  return {
    name,
    input: asJson(genesis),
    output: asJson({
      bytes: encodeGenesis(genesis),
      chainId: chainIdOf(genesis),
      cells: cellsAsJson(writeSet.cells),
      stateRoot: writeSet.stateRoot,
      header: encodeHeader(header),
      blockId: block.id,
    }),
  };
}

/** Name to value, sorted by name; null for a cell that is deleted. */
export function cellsAsJson(cells: ReadonlyMap<string, Uint8Array | undefined>): Record<string, string | null> {
  const sorted = [...cells].sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(sorted.map(([name, value]) => [name, value === undefined ? null : toHex(value)]));
}
