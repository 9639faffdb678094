import type { FinalizedByProof } from '@radledger/consensus';
import { equalBytes } from '@radledger/primitives';
import { Violation } from '../violation.js';
import type { Watcher, WatcherContext } from '../watcher.js';

/** I1: honest nodes never hold different blocks final at one height. Finality by depth may be undone: it is counted. */
export class Agreement implements Watcher {
  readonly chain: FinalizedByProof[] = [];
  /** Heights at which two blocks were final, where the module's finality is a matter of depth. */
  undone = 0;

  constructor(private readonly context: WatcherContext) {}

  finalizing(_: number, blocks: readonly FinalizedByProof[]): void {
    for (const entry of blocks) {
      const { height } = entry.block.header;
      const agreed = this.chain[height - 1];
      if (agreed === undefined) this.chain[height - 1] = entry;
      else if (!equalBytes(agreed.block.id, entry.block.id)) {
        if (this.context.module.caps.finality === 'depth') this.undone++;
        else throw new Violation('I1', `two blocks are final at height ${height}`);
      }
    }
  }
}
