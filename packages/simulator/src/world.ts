import type { ConsensusModule } from '@radledger/consensus';
import { concatBytes, hash } from '@radledger/primitives';
import type { NodeChain } from './node-chain.js';
import { membersOf, type Scenario } from './scenario.js';
import { SimChain, type SimGenesis } from './sim-chain.js';
import { SimCrypto } from './sim-crypto.js';

/** What a run plays on: keys, genesis, executors and what clients send. */
export interface World {
  readonly crypto: SimCrypto;
  readonly genesis: SimGenesis;
  /** Number of the node that holds each member. */
  readonly memberNodes: readonly number[];
  readonly submissions: readonly { readonly atMs: number; readonly node: number; readonly bytes: Uint8Array }[];
  /** @param now - the node's own clock, ms */
  chainOf(node: number, now: () => number): NodeChain;
}

const TRANSACTION_BYTES = 40;

/** Trivial executors, members that never change, transactions that say nothing. */
export function trivialWorld(scenario: Scenario, seed: number, module: ConsensusModule): World {
  const crypto = new SimCrypto();
  const { members, nodes } = membersOf(scenario, crypto);
  const genesis = {
    chainId: hash('sim/chain', seed),
    parameters: scenario.parameters,
    policies: { admission: 'open', stake: 'raw' } as const,
    members,
  };
  return {
    crypto,
    genesis,
    memberNodes: nodes,
    submissions: scenario.submissions.map(({ atMs, node, bytes = TRANSACTION_BYTES }, number) => {
      const padding = new Uint8Array(Math.max(0, bytes - 33));
      return { atMs, node, bytes: concatBytes(Uint8Array.of(1), hash('sim/transaction', number), padding) };
    }),
    chainOf: () => new SimChain(genesis, module.caps.finality !== 'instant'),
  };
}
