/** Invariants that hold for every module, one a file. docs/spec/simulation.md says which is which. */
import type { ConsensusModule } from '@radledger/consensus';
import type { Watcher, WatcherContext } from '../watcher.js';

export function invariantsOf(_module: ConsensusModule): readonly ((context: WatcherContext) => Watcher)[] {
  return [];
}
