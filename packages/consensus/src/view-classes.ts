/** What became of each view. Spec: docs/spec/duties.md, section 3. */
import {
  type DutyEvent,
  PENDING_VIEWS_MAX,
  type PendingView,
  type SettledView,
  type ViewsCell,
} from '@radledger/chain';
import { hasHonest } from './quorum.js';

/** Views that tell a storm: half of them without a block. */
const STORM_VIEWS = 32;

export interface ClassifiedViews {
  readonly views: ViewsCell;
  readonly settled: readonly SettledView[];
}

/**
 * Gives a class to the views that a block closes, and to those that waited long enough.
 * @param height - the block's
 * @param events - in the order in which the views were closed
 */
export function classifyViews(
  before: ViewsCell,
  { height, events, graceHeights }: { height: number; events: readonly DutyEvent[]; graceHeights: number },
): ClassifiedViews {
  const settled = before.pending.filter(({ dueHeight }) => dueHeight <= height).map(missed);
  let pending = before.pending.filter(({ dueHeight }) => dueHeight > height);
  let { recent, storm } = before;
  for (const event of events) {
    const { epoch, view, source } = event;
    recent = ((recent << 1) | (event.class === 'PRODUCED' ? 0 : 1)) >>> 0;
    const counter = event.class !== 'PRODUCED' && isStorm(recent) ? 'storm' : counterOf(event);
    if (counter === 'storm') storm += 1;
    else if (counter !== 'missed') settled.push({ epoch, view, source, counter });
    else pending = [...pending, { epoch, view, source, dueHeight: height + graceHeights }];
  }
  const early = pending.slice(0, Math.max(0, pending.length - PENDING_VIEWS_MAX));
  settled.push(...early.map(missed));
  const views: ViewsCell = {
    ...before,
    closed: before.closed + events.length,
    recent,
    pending: pending.slice(early.length),
    settled: before.settled + settled.length + (storm - before.storm),
    storm,
  };
  return { views, settled };
}

/** The class of a view outside storms; `missed` holds only if no notarization is shown in time. */
function counterOf(event: DutyEvent): SettledView['counter'] {
  const { reasonWeights, totalWeight, invalidWeight = 0n, leaderDeclined = false } = event;
  if (event.class === 'PRODUCED') return 'produced';
  if (event.class === 'EMPTY') return 'missed';
  if (event.class === 'UNRECORDED') return 'late';
  if (hasHonest(invalidWeight, totalWeight)) return 'invalid';
  if (hasHonest(reasonWeights[0], totalWeight)) return 'missed';
  return leaderDeclined ? 'declined' : 'late';
}

function isStorm(recent: number): boolean {
  let empty = 0;
  for (let bits = recent; bits !== 0; bits >>>= 1) empty += bits & 1;
  return empty * 2 >= STORM_VIEWS;
}

function missed({ epoch, view, source }: PendingView): SettledView {
  return { epoch, view, source, counter: 'missed' };
}
