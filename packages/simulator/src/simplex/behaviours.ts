import type { Behaviour } from '../simulation.js';
import { doubleVotes } from './double-votes.js';
import { equivocatingProposals } from './equivocating-proposals.js';
import { farHeights } from './far-heights.js';
import { framesLeaders } from './frames-leaders.js';
import { mangledBodies } from './mangled-bodies.js';
import { nullifyAndFinalize } from './nullify-and-finalize.js';
import { selectiveSends } from './selective-sends.js';
import { silent } from './silent.js';

export const SIMPLEX_BEHAVIOURS: readonly Behaviour[] = [
  silent,
  selectiveSends,
  equivocatingProposals,
  doubleVotes,
  nullifyAndFinalize,
  framesLeaders,
];

/** Drawn besides, after everything else: seeds that are on record keep what they drew. */
export const FURTHER_SIMPLEX_BEHAVIOURS: readonly Behaviour[] = [mangledBodies, farHeights];
