/** Whether leaders were drawn in proportion to their stake. */
import { chiSquare, chiSquareTail, expectedBand } from './statistics.js';

/** Sources of neighbouring stake, pooled until luck alone no longer hides their share. */
export interface ShareGroup {
  readonly sources: number;
  /** Of the whole stake, 0 to 1. */
  readonly stakeShare: number;
  readonly led: number;
  /** Share of all draws, 0 to 1. */
  readonly ledShare: number;
  /** Where 95% of `ledShare` lie if the draw is fair. */
  readonly low: number;
  readonly high: number;
  readonly inside: boolean;
}

export interface LeaderShare {
  readonly draws: number;
  /** Ascending by stake a source. */
  readonly groups: readonly ShareGroup[];
  readonly outsideBand: number;
  /** Over sources with 5 or more draws expected, the smaller ones pooled; left out when fewer than two are left. */
  readonly chiSquare?: { readonly value: number; readonly degrees: number; readonly tail: number };
}

/** A group of the picture is full with this share of the stake, or with this share of the sources and enough draws. */
const GROUP_SHARE = 1 / 40;
const GROUP_EXPECTED_MIN = 20;
/** Pearson's rule of thumb for the smallest expected count. */
const EXPECTED_MIN = 5;

/**
 * @param stakes - by number of the source; only those above 0 take part
 * @param led - draws that each source won, by number
 */
export function leaderShareOf(stakes: readonly bigint[], led: readonly number[]): LeaderShare {
  const draws = led.reduce((sum, count) => sum + count, 0);
  const total = Number(stakes.reduce((sum, stake) => sum + stake, 0n));
  const ascending = stakes
    .map((stake, number) => ({ share: Number(stake) / total, led: led[number] as number }))
    .filter(({ share }) => share > 0)
    .sort((a, b) => a.share - b.share);
  const isGroup = ({ sources, share }: Pool): boolean =>
    (share >= GROUP_SHARE && share * draws >= EXPECTED_MIN) ||
    (sources >= ascending.length * GROUP_SHARE && share * draws >= GROUP_EXPECTED_MIN);
  const groups = draws === 0 ? [] : pooled(ascending, isGroup).map((pool) => groupOf(pool, draws));
  const cells = draws === 0 ? [] : pooled(ascending, ({ share }) => share * draws >= EXPECTED_MIN);
  return {
    draws,
    groups,
    outsideBand: groups.filter(({ inside }) => !inside).length,
    ...(cells.length > 1 && { chiSquare: testOf(cells, draws) }),
  };
}

interface Pool {
  sources: number;
  share: number;
  led: number;
}

/** Joins ascending sources until each pool is full; what is left over joins the last. */
function pooled(
  ascending: readonly { readonly share: number; readonly led: number }[],
  isFull: (pool: Pool) => boolean,
): readonly Pool[] {
  const pools: Pool[] = [];
  let open: Pool = { sources: 0, share: 0, led: 0 };
  for (const source of ascending) {
    open.sources++;
    open.share += source.share;
    open.led += source.led;
    if (!isFull(open)) continue;
    pools.push(open);
    open = { sources: 0, share: 0, led: 0 };
  }
  const last = pools.at(-1);
  if (open.sources === 0) return pools;
  if (last === undefined) return [open];
  last.sources += open.sources;
  last.share += open.share;
  last.led += open.led;
  return pools;
}

function groupOf(pool: Pool, draws: number): ShareGroup {
  const { low, high } = expectedBand(pool.share, draws);
  const ledShare = pool.led / draws;
  return {
    sources: pool.sources,
    stakeShare: pool.share,
    led: pool.led,
    ledShare,
    low,
    high,
    inside: ledShare >= low && ledShare <= high,
  };
}

function testOf(cells: readonly Pool[], draws: number): NonNullable<LeaderShare['chiSquare']> {
  const value = chiSquare(
    cells.map(({ led }) => led),
    cells.map(({ share }) => share * draws),
  );
  const degrees = cells.length - 1;
  return { value, degrees, tail: chiSquareTail(value, degrees) };
}
