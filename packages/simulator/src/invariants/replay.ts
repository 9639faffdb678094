import { epochOfHeight } from '@radledger/chain';
import { SimChain } from '../sim-chain.js';
import { Violation } from '../violation.js';
import type { Watcher, WatcherContext } from '../watcher.js';

/** I13 on the trivial executor: who has nothing but the chain and its proofs comes to the same state, block by block. */
export function createReplay(context: WatcherContext): Watcher {
  const { module, genesis, crypto } = context;
  const { chainId, parameters } = genesis;
  const trails = module.caps.finality !== 'instant';
  return {
    ended() {
      const fresh = new SimChain(genesis, trails);
      for (const entry of context.agreed()) {
        const { block, proof } = entry;
        const { header } = block;
        const number = epochOfHeight(header.height, parameters.epochHeights);
        const epoch = fresh.epoch(number);
        const nextEpoch = trails ? fresh.epoch(number + 1) : undefined;
        if (epoch === undefined) throw new Violation('I13', `the voters of height ${header.height} are unknown`);
        module.checkBody(block);
        const trusted = fresh.tip().header;
        const proven =
          crypto.verifyVrf(module.sealClaims({ header, epoch, chainId, parameters })) &&
          crypto.verifyClaims(module.finalityClaims({ header, proof, epoch, nextEpoch, trusted, chainId, parameters }));
        const verdict = fresh.verify(block);
        if (!proven || verdict.kind !== 'valid') {
          throw new Violation('I13', `a fresh node finds block ${header.height} ${proven ? verdict.kind : 'unproven'}`);
        }
        fresh.finalize([entry]);
      }
    },
  };
}
