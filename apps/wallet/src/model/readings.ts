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
  /** How often that was, from 1: pieces that a viewer fetched one after the other are one time. */
  readonly times: number;
}

/** Pieces that are further apart belong to two looks at the images; ms. */
const LOOK_MS = 600_000;

/** One row for each reader, study and day; newest first. */
export function foldReadings(
  readings: readonly { readonly study: Study; readonly reading: ReadingView }[],
  shelf: Pick<Shelf, 'people' | 'chosen'>,
): readonly Look[] {
  const rows = new Map<string, Look>();
  /** Of each row: when the last piece was fetched. */
  const pieces = new Map<string, number>();
  for (const { study, reading } of readings.toSorted((a, b) => a.reading.atMs - b.reading.atMs)) {
    const reader = toHex(reading.reader);
    const isEmergency = reading.basis === 'emergency';
    const id = `${study.id}/${reader}/${new Date(reading.atMs).toDateString()}${isEmergency ? '!' : ''}`;
    const known = rows.get(id);
    const isPiece = reading.part !== 'file-set';
    const isSameLook = isPiece && reading.atMs - (pieces.get(id) ?? Number.NEGATIVE_INFINITY) <= LOOK_MS;
    if (isPiece) pieces.set(id, reading.atMs);
    rows.set(id, {
      id,
      study,
      who: readerOf(study, reader, reading.basis, shelf),
      atMs: reading.atMs,
      isEmergency,
      allowedAtMs: reading.allowedAtMs,
      times: (known?.times ?? 0) + (isSameLook ? 0 : 1),
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
