/** Days and times as the reader's own language writes them. */
import { endOfDay } from '@radledger/wallet';

const DAY_MS = 86_400_000;

export interface Dates {
  /** "22 December 2026": the UTC day on which something ends. */
  day(ms: number): string;
  /** "29 November 2026": the day here on which something happened. */
  dayHere(ms: number): string;
  /** "14:02" */
  time(ms: number): string;
  /** "22 December 2026, 14:02" */
  moment(ms: number): string;
  /** "today 14:02", "yesterday 14:02", and the moment of what is longer ago. */
  lately(ms: number, nowMs: number): string;
}

export function createDates(locale: string): Dates {
  const dayHere = new Intl.DateTimeFormat(locale, { dateStyle: 'long' });
  const day = new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeZone: 'UTC' });
  const moment = new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeStyle: 'short' });
  const time = new Intl.DateTimeFormat(locale, { timeStyle: 'short' });
  const daysAgo = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  const midnight = (ms: number): number => new Date(ms).setHours(0, 0, 0, 0);
  return {
    lately(ms, nowMs) {
      const days = Math.round((midnight(ms) - midnight(nowMs)) / DAY_MS);
      return days === 0 || days === -1 ? `${daysAgo.format(days, 'day')} ${time.format(ms)}` : moment.format(ms);
    },
    time: (ms) => time.format(ms),
    day: (ms) => day.format(ms),
    dayHere: (ms) => dayHere.format(ms),
    moment: (ms) => moment.format(ms),
  };
}

const DEFAULT_DAYS = 30;

/** When a share is offered to end: on the day it was asked to, and in at most 30 days. */
export function offeredEnd(wantedUntilMs: number, nowMs: number): number {
  const wanted = wantedUntilMs > nowMs ? wantedUntilMs : Number.POSITIVE_INFINITY;
  return endOfDay(Math.min(wanted, nowMs + DEFAULT_DAYS * DAY_MS));
}

/** `YYYY-MM-DD` of a moment in UTC: the value of a date field. */
export function dateField(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

/** The last moment of the day in a date field; undefined when there is none in it. */
export function endOfField(field: string): number | undefined {
  const ms = /^\d{4}-\d{2}-\d{2}$/.test(field) ? Date.parse(`${field}T00:00:00Z`) : Number.NaN;
  return Number.isFinite(ms) ? endOfDay(ms) : undefined;
}
