/** Invariants that hold for every module, one a file; I1 is `agreement.ts`. docs/spec/simulation.md says which is which. */
import type { ConsensusModule } from '@radledger/consensus';
import { createEvidenceInvariant } from './evidence.js';
import type { Watcher, WatcherContext } from '../watcher.js';
import { createDuties } from './duties.js';
import { createLeaders } from './leaders.js';
import { createLightClient } from './light-client.js';
import { createMemoryBound } from './memory.js';
import { createNoFalseCharge } from './no-false-charge.js';
import { createReplay } from './replay.js';
import { createTimestamps } from './timestamps.js';

/** What is final by depth only may be undone: of such a chain less can be said block by block. */
export function invariantsOf({ caps }: ConsensusModule): readonly ((context: WatcherContext) => Watcher)[] {
  const always = [createEvidenceInvariant, createMemoryBound, createNoFalseCharge];
  if (caps.finality !== 'instant') return always;
  const duties = caps.dutyEvidence === 'none' ? [] : [createDuties];
  return [...always, createLeaders, createTimestamps, createReplay, createLightClient, ...duties];
}
