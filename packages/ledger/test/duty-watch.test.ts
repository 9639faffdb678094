import { cellKey, EMPTY_DUTY_CELL, EMPTY_VIEWS_CELL, encodeDutyCell, encodeViewsCell } from '@radledger/chain';
import { toHex } from '@radledger/primitives';
import { expect, test } from 'vitest';
import { createDutyWatch } from '../src/duty-watch.js';
import { idOf } from './support/transactions.js';

const [clear, flagged, lost, unknown] = ['clear', 'flagged', 'lost', 'unknown'].map((label) => idOf(label)) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
];

function watch(continued: number) {
  const alarms: object[] = [];
  const records = [
    [clear, 9_500],
    [flagged, 8_123],
    [lost, 12],
  ] as const;
  const store = {
    scan: () =>
      Promise.resolve(
        records.map(
          ([source, reliability]) =>
            [cellKey.duty(source), encodeDutyCell({ ...EMPTY_DUTY_CELL, reliability })] as const,
        ),
      ),
    getMany: () => Promise.resolve([encodeViewsCell({ ...EMPTY_VIEWS_CELL, continued })]),
  };
  return { alarms, duties: createDutyWatch(store, { error: (facts) => void alarms.push(facts) }) };
}

test('who owes has turns by its reliability, never below a quarter', async () => {
  const { duties } = watch(0);
  await duties.look();
  const priorities = [clear, flagged, lost, unknown].map((source) => duties.priorityOf(toHex(source)));
  expect(priorities).toEqual([10_000, 8_123, 2_500, 10_000]);
});

test('a handover that is held for three epochs is an alarm', async () => {
  for (const [continued, alarms] of [
    [2, []],
    [3, [{ code: 'HANDOVER_HELD', epochs: 3 }]],
  ] as const) {
    const watched = watch(continued);
    await watched.duties.look();
    expect(watched.alarms).toEqual(alarms);
  }
});
