import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  applyVerdict,
  type DutyCell,
  type DutyVerdict,
  decodeDutyCell,
  decodeViewsCell,
  EMPTY_DUTY_CELL,
  EMPTY_VIEWS_CELL,
  encodeDutyCell,
  encodeViewsCell,
  type ViewsCell,
} from '../src/index.js';

const [leader, voter] = [1, 2].map((byte) => new Uint8Array(32).fill(byte)) as [Uint8Array, Uint8Array];
const waiting: ViewsCell = {
  ...EMPTY_VIEWS_CELL,
  pending: [
    { epoch: 3, view: 7, source: leader, dueHeight: 90 },
    { epoch: 3, view: 8, source: voter, dueHeight: 91 },
  ],
};
const verdict = (verdictClass: DutyVerdict['class'], source = leader, view = 7): DutyVerdict => ({
  class: verdictClass,
  source,
  epoch: 3,
  view,
});

describe('a verdict about a view within its grace', () => {
  test.each([
    ['LATE', 'late'],
    ['INVALID', 'invalid'],
  ] as const)('%s decides its class', (verdictClass, counter) => {
    const { views, duty } = applyVerdict(verdict(verdictClass), { views: waiting, duty: undefined }, 4);
    expect(views).toEqual({ ...waiting, pending: [waiting.pending[1]], settled: 1 });
    expect(duty?.open).toEqual({ ...EMPTY_DUTY_CELL.open, [counter]: 1 });
  });

  test('is not settled by a verdict about somebody else', () => {
    const { views, duty } = applyVerdict(verdict('EQUIVOCATED', voter), { views: waiting, duty: undefined }, 4);
    expect(views).toEqual({ ...waiting, charged: 1 });
    expect(duty?.open.equivocated).toBe(1);
  });
});

describe('a verdict about a view that has its class', () => {
  const past = { views: waiting, duty: EMPTY_DUTY_CELL };

  test('LATE comes too late', () => {
    expect(applyVerdict(verdict('LATE', leader, 6), past, 4)).toBe(past);
  });

  test('INVALID is charged once for a source and epoch', () => {
    const once = applyVerdict(verdict('INVALID', leader, 6), past, 4);
    expect(once.duty?.open.invalid).toBe(1);
    expect(once.views.charged).toBe(1);
    expect(applyVerdict(verdict('INVALID', leader, 5), once, 4)).toBe(once);
    expect(applyVerdict({ ...verdict('INVALID'), epoch: 2 }, once, 4).duty?.open.invalid).toBe(2);
  });

  test('EQUIVOCATED is charged with the epoch of its proof', () => {
    const { duty } = applyVerdict(verdict('EQUIVOCATED', leader, 6), past, 9);
    expect(duty?.tombstonedEpoch).toBe(9);
  });
});

test('verdicts, however many, leave cells that can be written and read back', () => {
  const verdicts = fc.array(
    fc.record({
      class: fc.constantFrom('EQUIVOCATED', 'INVALID', 'LATE'),
      source: fc.constant(leader),
      epoch: fc.nat({ max: 20 }),
      view: fc.nat({ max: 10 }),
    }),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(verdicts, (all) => {
      let cells: { views: ViewsCell; duty: DutyCell | undefined } = { views: waiting, duty: undefined };
      for (const one of all) cells = applyVerdict(one, cells, 21);
      const { views, duty = EMPTY_DUTY_CELL } = cells;
      expect(decodeViewsCell(encodeViewsCell(views))).toEqual(views);
      expect(decodeDutyCell(encodeDutyCell(duty))).toEqual(duty);
      const counted = Object.values(duty.open).reduce((sum, count) => sum + count, 0);
      expect(counted).toBe(views.settled + views.charged);
    }),
    { seed: 18 },
  );
});
