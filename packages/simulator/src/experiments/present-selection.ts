import type { Measured } from './experiment.js';
import { integer, percent, seconds, short } from './format.js';
import { presentLeaderShare } from './present-leader-share.js';
import type { Presentation } from './presentation.js';
import type { SelectionFigures } from './selection-experiment.js';

export function presentSelection(
  figures: SelectionFigures,
  measured: Measured,
): Pick<Presentation, 'facts' | 'sections'> {
  const { leaderShare, neverLed, largestStakeShare } = figures;
  const { chiSquare } = leaderShare;
  return {
    facts: [
      ['Views drawn', integer(leaderShare.draws)],
      ['Points outside the 95% band', `${leaderShare.outsideBand} of ${leaderShare.groups.length}`],
      ['Chance of such a chi-square', chiSquare === undefined ? 'too few views' : short(chiSquare.tail)],
      ['Largest source', `${percent(largestStakeShare)} of the stake`],
      ['Sources that never led', integer(neverLed)],
      ['CPU time', seconds(measured.cpuMs)],
    ],
    sections: [presentLeaderShare([{ name: 'Selection', share: leaderShare }])],
  };
}
