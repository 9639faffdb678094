import { expect, test } from 'vitest';
import { createDates, dateField, endOfField, offeredEnd } from '../src/model/dates.js';

const NOW = Date.UTC(2026, 10, 20, 9, 30);
const DAY = 86_400_000;

test('a share is offered until what was asked for, and for 30 days at most', () => {
  expect(offeredEnd(NOW + 7 * DAY, NOW)).toBe(Date.UTC(2026, 10, 28) - 1);
  expect(offeredEnd(NOW + 365 * DAY, NOW)).toBe(Date.UTC(2026, 11, 21) - 1);
  expect(offeredEnd(NOW - DAY, NOW)).toBe(Date.UTC(2026, 11, 21) - 1);
});

test('a day lasts until its last millisecond, and what is no day is none', () => {
  expect(endOfField('2026-12-22')).toBe(Date.UTC(2026, 11, 23) - 1);
  expect(dateField(endOfField('2026-12-22') ?? 0)).toBe('2026-12-22');
  for (const field of ['', '2026-12', '22.12.2026', 'x']) expect(endOfField(field)).toBeUndefined();
});

test('what happened lately is said by today and yesterday, what is longer ago by its day', () => {
  const noon = new Date(2026, 10, 20, 12, 0).getTime();
  const dates = createDates('en-GB');
  expect(dates.lately(noon - 60_000, noon)).toBe('today 11:59');
  expect(dates.lately(noon - 13 * 3_600_000, noon)).toBe('yesterday 23:00');
  expect(dates.lately(noon - 37 * 3_600_000, noon)).toMatch(/^18 November 2026/);
  expect(createDates('de').lately(noon, noon)).toBe('heute 12:00');
});

test('days are written as the language writes them', () => {
  expect(createDates('en-GB').day(NOW)).toBe('20 November 2026');
  expect(createDates('de').day(NOW)).toBe('20. November 2026');
});
