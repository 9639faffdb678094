/** Who looked: the hospitals' signed lists, put beside what was allowed, and repeated copies folded into one row. */
import { toHex } from '@radledger/primitives';
import type { ReadingView } from '@radledger/wallet';
import type { Person, Study } from './shelf.js';

export interface Look {
  readonly id: string;
  readonly study: Study;
  /** 'self': she, or whom she named to act for her; undefined: nobody whom this app knows. */
  readonly who: Person | 'self' | undefined;
  /** The newest of those folded. */
  readonly atMs: number;
  /** The hospital let them in without asking her. */
  readonly isEmergency: boolean;
  /** When she allowed it. */
  readonly allowedAtMs: number | undefined;
  /** How many readings the row stands for. */
  readonly times: number;
}

/** One row for each reader, study and day; newest first. */
export function foldReadings(
  readings: readonly { readonly study: Study; readonly reading: ReadingView }[],
  people: readonly Person[],
): readonly Look[] {
  const rows = new Map<string, Look>();
  for (const { study, reading } of readings) {
    const reader = toHex(reading.reader);
    const isEmergency = reading.basis === 'emergency';
    const id = `${study.id}/${reader}/${new Date(reading.atMs).toDateString()}${isEmergency ? '!' : ''}`;
    const known = rows.get(id);
    const isOther = isEmergency || reading.basis === 'grant';
    const who = isOther ? people.find((person) => person.id === reader) : 'self';
    rows.set(id, {
      id,
      study,
      who,
      atMs: Math.max(known?.atMs ?? 0, reading.atMs),
      isEmergency,
      allowedAtMs: reading.allowedAtMs,
      times: (known?.times ?? 0) + reading.readings,
    });
  }
  return [...rows.values()].sort((a, b) => b.atMs - a.atMs);
}
