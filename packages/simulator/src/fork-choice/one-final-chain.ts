import type { FinalizedByProof } from '@radledger/consensus';
import { equalBytes } from '@radledger/primitives';
import type { Scenario } from '../scenario.js';
import { Violation } from '../violation.js';
import type { Watcher, WatcherContext } from '../watcher.js';

/** I1: nobody ever has to give a final block up, whatever the network does. */
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

/**
 * The same under what finality by depth assumes: the network is cut for fewer slots than half of the depth, in all. Where it is
 * longer, final blocks that are given up are counted and no more.
 */
export function createOneFinalChainWhileTogether(context: WatcherContext): Watcher {
  return isTogether(context.scenario) ? createOneFinalChain(context) : {};
}

function isTogether({ faults, parameters }: Scenario): boolean {
  const depth = new Map(parameters.moduleSettings).get('depth') ?? 0;
  const cutMs = faults.reduce(
    (sum, fault) => sum + (fault.kind === 'partition' || fault.kind === 'eclipse' ? fault.forMs : 0),
    0,
  );
  return 2 * cutMs < depth * parameters.targetIntervalMs;
}
