import type { Behaviour } from '../simulation.js';
import { doubleVotes } from './double-votes.js';
import { equivocatingProposals } from './equivocating-proposals.js';
import { framesLeaders } from './frames-leaders.js';
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
