/** Who of an epoch's members has shown a vote: one bit each. Spec: docs/spec/duties.md, section 2. */
import type { EpochCell } from '@radledger/chain';
import { toHex } from '@radledger/primitives';

/** Places in the epoch cell by source: the same for every block of an epoch. */
const places = new WeakMap<EpochCell, ReadonlyMap<string, number>>();

/** The bits with those of `sources` set; sources that are no members have none. */
export function withVoters(bits: Uint8Array, current: EpochCell, sources: readonly Uint8Array[]): Uint8Array {
  const place = placesOf(current);
  const after = new Uint8Array(Math.ceil(current.members.length / 8));
  after.set(bits);
  for (const source of sources) {
    const index = place.get(toHex(source));
    if (index !== undefined) after[index >> 3] = (after[index >> 3] as number) | (0x80 >> (index & 7));
  }
  return after;
}

export function hasVoted(bits: Uint8Array, index: number): boolean {
  return ((bits[index >> 3] ?? 0) & (0x80 >> (index & 7))) !== 0;
}

function placesOf(current: EpochCell): ReadonlyMap<string, number> {
  const known = places.get(current);
  if (known !== undefined) return known;
  const made = new Map(current.members.map(({ source }, index) => [toHex(source), index]));
  places.set(current, made);
  return made;
}
