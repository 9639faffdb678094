import { DEFAULT_PARAMETERS } from '@radledger/chain';
import { expect, test } from 'vitest';
import { earliestTimestampMs, isTimely, timeoutsOf } from '../src/timing.js';

const parameters = { ...DEFAULT_PARAMETERS, assumedDelayMs: 500, clockPrecisionMs: 500 };

test('timeouts grow by half for each view given up in a row, up to 30 s', () => {
  expect(timeoutsOf(parameters, 0)).toEqual({ leaderMs: 1_000, advanceMs: 1_500 });
  expect(timeoutsOf(parameters, 2)).toEqual({ leaderMs: 2_250, advanceMs: 3_375 });
  expect(timeoutsOf(parameters, 1_000)).toEqual({ leaderMs: 30_000, advanceMs: 30_000 });
});

test('a proposal is timely within the clock precision, and the delay that the views before show', () => {
  const timely = (timestampMs: number, nullifiedInARow = 0): boolean =>
    isTimely(timestampMs, { receivedAtMs: 10_000, nullifiedInARow, parameters });
  expect([10_500, 10_501, 8_000, 7_999].map((ms) => timely(ms))).toEqual([true, false, true, false]);
  expect(timely(7_999, 1)).toBe(true);
});

test('timestamps rise even when Tmin is 0', () => {
  expect(earliestTimestampMs(7, { ...parameters, minimumIntervalMs: 0 })).toBe(8);
  expect(earliestTimestampMs(7, { ...parameters, minimumIntervalMs: 200 })).toBe(207);
});
