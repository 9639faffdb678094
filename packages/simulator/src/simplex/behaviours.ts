import type { Behaviour } from '../behaviour.js';
import { doubleVotes } from './double-votes.js';
import { equivocatingProposals } from './equivocating-proposals.js';
import { farHeights } from './far-heights.js';
import { framesLeaders } from './frames-leaders.js';
import { mangledBodies } from './mangled-bodies.js';
import { nullifyAndFinalize } from './nullify-and-finalize.js';
import { selectiveSends } from './selective-sends.js';
import { silent } from './silent.js';

/** One a file. */
export const SIMPLEX_BEHAVIOURS: readonly Behaviour[] = [
  silent,
  selectiveSends,
  equivocatingProposals,
  doubleVotes,
  nullifyAndFinalize,
  framesLeaders,
  mangledBodies,
  farHeights,
];
