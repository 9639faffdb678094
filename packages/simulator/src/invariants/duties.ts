import { SimChain } from '../sim-chain.js';
import { Violation } from '../violation.js';
import type { Watcher, WatcherContext } from '../watcher.js';

/** I8, as far as the chain alone says it: the views of each epoch from its first on, each once, and a block for each that made one. */
export function createDuties(context: WatcherContext): Watcher {
  const { module, genesis } = context;
  const { chainId, parameters } = genesis;
  return {
    ended() {
      const chain = new SimChain(genesis, false);
      chain.finalize(context.agreed());
      let closed = { epoch: 0, view: 0 };
      for (const { block } of context.agreed()) {
        const events = module.dutiesOf(block, { chainId, epoch: (number) => chain.epoch(number), parameters });
        for (const { epoch, view } of events) {
          const follows = epoch === closed.epoch ? view === closed.view + 1 : epoch === closed.epoch + 1 && view === 1;
          if (!follows) {
            const message = `view ${view} of epoch ${epoch} is counted after view ${closed.view} of epoch ${closed.epoch}`;
            throw new Violation('I8', message);
          }
          closed = { epoch, view };
        }
        if (events.at(-1)?.class !== 'PRODUCED') {
          throw new Violation('I8', `block ${block.header.height} does not count its own view as produced`);
        }
      }
    },
  };
}
