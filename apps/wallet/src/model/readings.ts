/** Who looked: the hospitals' signed lists, put beside what was allowed, and repeated copies folded into one row. */
import { toHex } from '@radledger/primitives';
import type { ReadingView } from '@radledger/wallet';
import type { Person, Shelf, Study } from './shelf.js';

/** Who reads by a role and not by a permission: whoever acts for her, or, on the phone of who acts, she whose images they are. */
export interface Partner {
  readonly role: 'delegate' | 'owner';
  /** What they call themselves; undefined when this phone does not know. */
  readonly name: string | undefined;
}

export interface Look {
  readonly id: string;
  readonly study: Study;
  /** 'self': she who holds this phone; undefined: nobody whom this app knows. */
  readonly who: Person | Partner | 'self' | undefined;
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
  shelf: Pick<Shelf, 'people' | 'chosen'>,
): readonly Look[] {
  const rows = new Map<string, Look>();
  for (const { study, reading } of readings) {
    const reader = toHex(reading.reader);
    const isEmergency = reading.basis === 'emergency';
    const id = `${study.id}/${reader}/${new Date(reading.atMs).toDateString()}${isEmergency ? '!' : ''}`;
    const known = rows.get(id);
    rows.set(id, {
      id,
      study,
      who: readerOf(study, reader, reading.basis, shelf),
      atMs: Math.max(known?.atMs ?? 0, reading.atMs),
      isEmergency,
      allowedAtMs: reading.allowedAtMs,
      times: (known?.times ?? 0) + reading.readings,
    });
  }
  return [...rows.values()].sort((a, b) => b.atMs - a.atMs);
}

function readerOf(
  { actsFor }: Study,
  reader: string,
  basis: ReadingView['basis'],
  { people, chosen }: Pick<Shelf, 'people' | 'chosen'>,
): Look['who'] {
  if (basis === 'grant' || basis === 'emergency') return people.find((person) => person.id === reader);
  if (basis === 'owner') return actsFor === undefined ? 'self' : { role: 'owner', name: actsFor.name };
  if (actsFor !== undefined && actsFor.key === reader) return 'self';
  const known = chosen.find(({ studies }) => studies.some(({ key }) => key === reader));
  return { role: 'delegate', name: known?.name };
}
