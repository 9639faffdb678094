import type { Behaviour } from '../behaviour.js';
import { badCertificates } from './bad-certificates.js';
import { doubleVotes } from './double-votes.js';
import { equivocatingProposals } from './equivocating-proposals.js';
import { falseReasons } from './false-reasons.js';
import { farHeights } from './far-heights.js';
import { farViews } from './far-views.js';
import { fetchAmplification } from './fetch-amplification.js';
import { forgetsVotes } from './forgets-votes.js';
import { framesLeaders } from './frames-leaders.js';
import { lateProposals } from './late-proposals.js';
import { malformedMessages } from './malformed-messages.js';
import { mangledBodies } from './mangled-bodies.js';
import { nullifyAndFinalize } from './nullify-and-finalize.js';
import { omitsNullifications } from './omits-nullifications.js';
import { poisonedBlocks } from './poisoned-blocks.js';
import { replays } from './replays.js';
import { selectiveSends } from './selective-sends.js';
import { silent } from './silent.js';
import { staleParents } from './stale-parents.js';
import { stallsAtBoundary } from './stalls-at-boundary.js';
import { timestampDrag } from './timestamp-drag.js';
import { withheldFromAThird } from './withheld-from-a-third.js';
import { withholdsBeforeCutOff } from './withholds-before-cut-off.js';

/** One a file. Which of them a run's liars show is drawn from its seed. */
export const SIMPLEX_BEHAVIOURS: readonly Behaviour[] = [
  badCertificates,
  doubleVotes,
  equivocatingProposals,
  falseReasons,
  farHeights,
  farViews,
  fetchAmplification,
  forgetsVotes,
  framesLeaders,
  lateProposals,
  malformedMessages,
  mangledBodies,
  nullifyAndFinalize,
  omitsNullifications,
  poisonedBlocks,
  replays,
  selectiveSends,
  silent,
  staleParents,
  stallsAtBoundary,
  timestampDrag,
  withheldFromAThird,
  withholdsBeforeCutOff,
];
