/**
 * States that are read on while the store moves on, without a snapshot of the database: what a commit displaces is kept under the newest
 * state that is held. LevelDB before 1.21 gives old values back when it compacts under a live snapshot. Spec: docs/spec/storage.md, section 5.
 */
import type { BatchOperation, ByteDatabase } from './byte-database.js';
import {
  displacedKey,
  displacedRange,
  type DisplacedKind,
  displacedRangeBelow,
  idKey,
  idOfDisplaced,
  prefixRange,
} from './keys.js';

/** Old values that are forgotten in one batch. */
const FORGOTTEN_AT_ONCE = 1_000;
const ABSENT = Uint8Array.of(0);
const PRESENT = Uint8Array.of(1);

interface Held {
  /** Number of blocks that the state has behind it; 0 is the empty state. */
  readonly label: number;
  users: number;
}

export class HeldStates {
  /** Ascending. One without users stays as long as an older one is read: that one's old values may lie under it. */
  private readonly held: Held[] = [];

  constructor(private readonly database: ByteDatabase) {}

  /** Call between two commits. @param label - number of blocks committed so far */
  hold(label: number): void {
    const newest = this.held.at(-1);
    if (newest?.label === label) newest.users += 1;
    else this.held.push({ label, users: 1 });
  }

  /** @returns labels that nobody reads any more: to be forgotten */
  release(label: number): readonly number[] {
    const entry = this.held.find((one) => one.label === label);
    if (entry) entry.users -= 1;
    const gone: number[] = [];
    while (this.held[0]?.users === 0) gone.push((this.held.shift() as Held).label);
    return gone;
  }

  /** What must be written with entries that are about to change, so that held states stay as they are. */
  async displacing(
    entries: readonly { readonly kind: DisplacedKind; readonly id: Uint8Array }[],
  ): Promise<BatchOperation[]> {
    const newest = this.held.at(-1);
    if (!newest) return [];
    const places = entries.map(({ kind, id }) => displacedKey(newest.label, kind, id));
    const values = await this.database.getMany([...places, ...entries.map(({ kind, id }) => idKey(kind, id))]);
    return places.flatMap((key, at) => {
      const value = values[places.length + at];
      // Nobody who follows a tree from its root asks for a node that was not there.
      const isNeeded = value !== undefined || entries[at]?.kind === 'cell';
      return isNeeded && values[at] === undefined ? [{ type: 'put' as const, key, value: encodeDisplaced(value) }] : [];
    });
  }

  /** Values of the state of a held label; of nodes, those that its tree has. */
  async getMany(label: number, kind: DisplacedKind, ids: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    const labels = this.labelsFrom(label);
    // One read sees one moment: a commit moves a value to its old place and writes the new one at once.
    const keys = ids.flatMap((id) => [...labels.map((one) => displacedKey(one, kind, id)), idKey(kind, id)]);
    const values = await this.database.getMany(keys);
    const width = labels.length + 1;
    return ids.map((_, index) => {
      const old = values.slice(index * width, index * width + labels.length).find((value) => value !== undefined);
      return old === undefined ? values[index * width + labels.length] : decodeDisplaced(old);
    });
  }

  /** Cells of the state of a held label whose names begin with `prefix`, in the order of names. */
  async scan(label: number, prefix: Uint8Array): Promise<[Uint8Array, Uint8Array][]> {
    const found = new Map<string, [Uint8Array, Uint8Array]>();
    for (const [key, value] of await this.database.range(prefixRange('cell', prefix))) {
      const name = key.subarray(1);
      found.set(nameKey(name), [name, value]);
    }
    // After the cells themselves: whatever changed while they were read has its old value by now. The oldest has the last word.
    for (const one of this.labelsFrom(label).toReversed()) {
      for (const [key, old] of await this.database.range(displacedRange(one, 'cell', prefix))) {
        const name = idOfDisplaced(key);
        const value = decodeDisplaced(old);
        if (value === undefined) found.delete(nameKey(name));
        else found.set(nameKey(name), [name, value]);
      }
    }
    return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
  }

  /** Forgets some old values of a label, or of all below one that an earlier process left. @returns whether there may be more */
  async forget(which: { readonly label: number } | { readonly below: number }): Promise<boolean> {
    const range = 'label' in which ? displacedRange(which.label) : displacedRangeBelow(which.below);
    const entries = await this.database.range({ ...range, limit: FORGOTTEN_AT_ONCE });
    if (entries.length > 0) await this.database.writeSynced(entries.map(([key]) => ({ type: 'del', key })));
    return entries.length === FORGOTTEN_AT_ONCE;
  }

  private labelsFrom(label: number): readonly number[] {
    return this.held.map((one) => one.label).filter((one) => one >= label);
  }
}

function encodeDisplaced(value: Uint8Array | undefined): Uint8Array {
  if (value === undefined) return ABSENT;
  const encoded = new Uint8Array(1 + value.length);
  encoded.set(PRESENT);
  encoded.set(value, 1);
  return encoded;
}

function decodeDisplaced(encoded: Uint8Array): Uint8Array | undefined {
  return encoded[0] === 0 ? undefined : encoded.subarray(1);
}

/** One character a byte, so that strings are ordered as bytes are. */
function nameKey(name: Uint8Array): string {
  return Buffer.from(name.buffer, name.byteOffset, name.length).toString('latin1');
}
