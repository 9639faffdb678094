import { Violation } from '../violation.js';
import type { Watcher, WatcherContext } from '../watcher.js';

/** Blocks above the finalized one that a node may hold effects of: one or two a view, while views are given up. */
const OVERLAYS_MAX = 256;
/** Records that a sign-log may need: four a view that is not final yet. */
const RECORDS_MAX = 512;

/** I15, the consensus half: what a node holds stays bounded, whatever liars send. Looked at from time to time. */
export function createMemoryBound(context: WatcherContext): Watcher {
  return {
    sampled() {
      for (const index of context.honest) {
        const { chain, instance } = context.node(index);
        const records = instance?.neededRecords().length ?? 0;
        if (chain.overlayCount > OVERLAYS_MAX || records > RECORDS_MAX) {
          const held = `${chain.overlayCount} effects of blocks and ${records} records`;
          throw new Violation('I15', `node ${index} holds ${held} above its finalized block`);
        }
      }
    },
  };
}
