import type { FinalizedByProof } from '@radledger/consensus';
import { equalBytes } from '@radledger/primitives';
import { Violation } from '../violation.js';
import type { Watcher, WatcherContext } from '../watcher.js';

/** I1 where most of the weight must have built on a final block: nobody ever has to give one up. */
export function createOneFinalChain(context: WatcherContext): Watcher {
  return {
    finalizing(_, blocks: readonly FinalizedByProof[]) {
      for (const { block } of blocks) {
        const { height } = block.header;
        const agreed = context.agreed()[height - 1];
        if (agreed === undefined || equalBytes(agreed.block.id, block.id)) continue;
        throw new Violation('I1', `two blocks are final at height ${height}`);
      }
    },
  };
}
