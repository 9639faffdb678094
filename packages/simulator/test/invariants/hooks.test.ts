// Each invariant must notice what breaks it: a module, or a node, that is wrong in just that.
import { DEFAULT_PARAMETERS } from '@radledger/chain';
import { simplex } from '@radledger/consensus-simplex';
import { expect, test } from 'vitest';
import { quietScenario, simulate } from '../../src/index.js';
import { createLeaders } from '../../src/invariants/leaders.js';
import { membersOf } from '../../src/scenario.js';
import { SimChain } from '../../src/sim-chain.js';
import { SimCrypto } from '../../src/sim-crypto.js';
import type { WatcherContext } from '../../src/watcher.js';

const scenario = quietScenario({ weights: [1000n, 1000n, 1000n, 1000n] });

test('I17: a finality proof that names no block', () => {
  const module = { ...simplex, finalityClaims: () => [] };
  expect(simulate({ seed: 1, module, scenario }).violation?.invariant).toBe('I17');
  expect(simulate({ seed: 1, module: simplex, scenario }).violation).toBeUndefined();
});

test('I7: a node that takes other leaders for those of the epoch', () => {
  const { members } = membersOf(scenario, new SimCrypto());
  const policies = { admission: 'open', stake: 'raw' } as const;
  const genesis = { chainId: new Uint8Array(32), parameters: DEFAULT_PARAMETERS, policies, members };
  const other = { ...genesis, members: members.map((member, index) => ({ ...member, weight: 1000n + BigInt(index) })) };
  const watch = (...chains: readonly SimChain[]): void => {
    const context = {
      genesis,
      honest: chains.map((_, node) => node),
      node: (node: number) => ({ chain: chains[node] }),
    };
    createLeaders(context as unknown as WatcherContext).sampled?.();
  };
  watch(new SimChain(genesis, false), new SimChain(genesis, false));
  expect(() => watch(new SimChain(genesis, false), new SimChain(other, false))).toThrow('I7');
});
