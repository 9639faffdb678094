import { type DutyEvent, EMPTY_VIEWS_CELL, type SettledView } from '@radledger/chain';
import { classifyViews } from '@radledger/consensus';

/** Classes of the duty ledger that a chain alone decides. */
export type DutyClass = Uppercase<Exclude<SettledView['counter'], 'equivocated'>> | 'STORM';

/**
 * What became of each view, by the rules of the duty ledger (docs/spec/duties.md, section 3), in any order. No misconduct is reported;
 * where the chain ends before a view's grace, the view is judged as if it had passed.
 * @param events - in the order of the chain
 */
export function dutyClasses(
  events: readonly DutyEvent[],
  graceHeights: number,
): readonly { readonly source: Uint8Array; readonly class: DutyClass }[] {
  const found: { source: Uint8Array; class: DutyClass }[] = [];
  let views = EMPTY_VIEWS_CELL;
  const classify = (height: number, closed: readonly DutyEvent[]): void => {
    const before = views.storm;
    const classified = classifyViews(views, { height, events: closed, graceHeights });
    ({ views } = classified);
    for (const { source, counter } of classified.settled) {
      found.push({ source, class: counter.toUpperCase() as DutyClass });
    }
    if (views.storm > before && closed[0]) found.push({ source: closed[0].source, class: 'STORM' });
  };
  for (const event of events) classify(event.height, [event]);
  classify((events.at(-1)?.height ?? 0) + graceHeights, []);
  return found;
}
