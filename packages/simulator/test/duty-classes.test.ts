import type { DutyEvent } from '@radledger/chain';
import { expect, test } from 'vitest';
import { dutyClasses } from '../src/duty-classes.js';

const source = new Uint8Array(32);
const eventOf = (
  height: number,
  view: number,
  kind: DutyEvent['class'],
  reasons: readonly number[] = [],
): DutyEvent => {
  const [none = 0, invalid = 0, late = 0, declines = 0] = reasons;
  const reasonWeights = [BigInt(none), BigInt(invalid), BigInt(late), BigInt(declines)] as const;
  return { height, epoch: 0, view, source, class: kind, reasonWeights, totalWeight: 3n, leaderDeclined: declines > 0 };
};

test('views get the classes of the duty ledger, also those whose grace the chain does not reach', () => {
  const events = [
    eventOf(1, 1, 'PRODUCED'),
    eventOf(2, 2, 'NULLIFIED', [3]),
    eventOf(2, 3, 'NULLIFIED', [0, 0, 3]),
    eventOf(2, 4, 'NULLIFIED', [0, 0, 0, 3]),
    eventOf(2, 5, 'PRODUCED'),
    eventOf(3, 6, 'UNRECORDED'),
  ];
  const classes = dutyClasses(events, 32).map((found) => found.class);
  expect(classes.sort()).toEqual(['DECLINED', 'LATE', 'LATE', 'MISSED', 'PRODUCED', 'PRODUCED']);
});

test('from sixteen empty views in 32 on nobody is charged', () => {
  const events = Array.from({ length: 20 }, (_, view) => eventOf(1, view + 1, 'NULLIFIED', [3]));
  const classes = dutyClasses(events, 32).map((found) => found.class);
  expect(classes.filter((name) => name === 'MISSED')).toHaveLength(15);
  expect(classes.filter((name) => name === 'STORM')).toHaveLength(5);
});
