import { integer, percent, short } from './format.js';
import type { LeaderShare, ShareGroup } from './leader-share.js';
import type { Section, XyChart } from './presentation.js';

/** Leader share against stake with its 95% band: one section, whatever experiment it comes from. */
export function presentLeaderShare(shares: readonly { readonly name: string; readonly share: LeaderShare }[]): Section {
  const drawn = shares.filter(({ share }) => share.groups.length > 0);
  const few = drawn.length === 0 ? ' Too few views were drawn to compare.' : '';
  return {
    heading: 'Leader share against stake',
    text:
      'Each point is a source, or several of neighbouring stake pooled until luck alone no longer hides their share. ' +
      'The line is what is fair, share of views equal to share of stake; 95 of 100 points of a fair draw lie inside the band. ' +
      `${drawn.map(verdictOf).join(' ')}${few}`,
    charts: drawn.flatMap(({ name, share }) =>
      drawn.length === 1 ? [shareChart(name, share), ratioChart(name, share)] : [shareChart(name, share)],
    ),
    table: {
      caption: 'Leader share by stake, one source of each group',
      columns: [
        ...(drawn.length > 1 ? [{ label: 'Module', isNumber: false }] : []),
        ...['Stake', 'Sources', 'Views led', 'Share led', 'Band from', 'Band to'].map((label) => ({
          label,
          isNumber: true,
        })),
        { label: 'Inside', isNumber: false },
      ],
      rows: drawn.flatMap(({ name, share }) =>
        share.groups.map((group) => [
          ...(drawn.length > 1 ? [name] : []),
          percent(group.stakeShare / group.sources),
          integer(group.sources),
          integer(group.led),
          percent(group.ledShare / group.sources),
          percent(group.low / group.sources),
          percent(group.high / group.sources),
          group.inside ? 'yes' : 'no',
        ]),
      ),
    },
  };
}

function verdictOf({ name, share }: { readonly name: string; readonly share: LeaderShare }): string {
  const { draws, groups, outsideBand, chiSquare } = share;
  const test =
    chiSquare === undefined
      ? ''
      : ` Chi-square is ${short(chiSquare.value)} on ${integer(chiSquare.degrees)} degrees of freedom: luck alone gives that or more in ${percent(chiSquare.tail)} of fair draws.`;
  return `${name}: ${integer(draws)} views, ${outsideBand} of ${groups.length} points outside.${test}`;
}

const stakeOf = (group: ShareGroup): number => group.stakeShare / group.sources;
const STAKE_AXIS = { label: 'share of the stake, one source', scale: 'log', format: percent } as const;

function shareChart(name: string, { groups }: LeaderShare): XyChart {
  return {
    kind: 'xy',
    title: `${name}: share of views led, against share of stake`,
    x: STAKE_AXIS,
    y: { label: 'share of the views led', scale: 'log', format: percent },
    series: [
      {
        name: 'fair, with 95% band',
        draw: 'line',
        points: bandOf(groups).map(({ stake }) => [stake, stake]),
        // A band that reaches nothing has no place on this axis: it ends at a tenth.
        band: bandOf(groups).map(({ stake, low, high }) => [stake, Math.max(low, 0.1) * stake, high * stake]),
      },
      { name: 'seen', draw: 'points', points: groups.map((group) => [stakeOf(group), group.ledShare / group.sources]) },
    ],
  };
}

/** The same, divided by what is fair: shows how narrow the band is where there are many draws. */
function ratioChart(name: string, { groups }: LeaderShare): XyChart {
  return {
    kind: 'xy',
    title: `${name}: views led, compared with what is fair`,
    x: STAKE_AXIS,
    y: { label: 'views led / fair', scale: 'linear', format: percent },
    series: [
      {
        name: 'fair, with 95% band',
        draw: 'line',
        points: bandOf(groups).map(({ stake }) => [stake, 1]),
        band: bandOf(groups).map(({ stake, low, high }) => [stake, low, high]),
      },
      {
        name: 'seen',
        draw: 'points',
        points: groups.map((group) => [stakeOf(group), group.ledShare / group.stakeShare]),
      },
    ],
  };
}

/** Band of views led / fair by stake, a little wider than the points: it has a width when all stakes are equal too. */
function bandOf(
  groups: readonly ShareGroup[],
): readonly { readonly stake: number; readonly low: number; readonly high: number }[] {
  const band = groups.map((group) => ({
    stake: stakeOf(group),
    low: group.low / group.stakeShare,
    high: group.high / group.stakeShare,
  }));
  const [first, last] = [band[0], band.at(-1)];
  if (first === undefined || last === undefined) return [];
  return [{ ...first, stake: first.stake / 1.2 }, ...band, { ...last, stake: Math.min(1, last.stake * 1.2) }];
}
