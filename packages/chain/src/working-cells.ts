/** The cells a block works on: read in batches, decoded once, written once. */
import { compareBytes, toHex } from '@radledger/primitives';
import { hashedKeyOf } from './cell-names.js';
import { ChainError } from './errors.js';
import type { StateReader } from './state-reader.js';
import type { CellChange } from './tree/update.js';

/** How one kind of cell is read and written. */
export interface CellCodec<T> {
  decode(encoded: Uint8Array): T;
  encode(value: T): Uint8Array;
}

/** A cell's name with its hex, the key of every map. */
export interface CellRef {
  readonly name: Uint8Array;
  readonly hex: string;
}

export function cellRef(name: Uint8Array): CellRef {
  return { name, hex: toHex(name) };
}

interface Slot {
  readonly name: Uint8Array;
  /** `hashedKeyOf(name)`, taken at the first write: most of a mempool's reads never need it. */
  key: Uint8Array | undefined;
  readonly stored: Uint8Array | undefined;
  /** Absent until first read. */
  value?: unknown;
  codec?: CellCodec<never>;
  isRead: boolean;
}

/** Plain data between two batches of reads: `get` and `set` are synchronous and name only cells that were loaded. */
export class WorkingCells {
  private readonly slots = new Map<string, Slot>();

  constructor(private readonly state: StateReader) {}

  /** Reads cells that were not read before, by one `getMany`. Resolves through the event loop when the store does. */
  async load(refs: Iterable<CellRef>): Promise<void> {
    const wanted = new Map<string, Uint8Array>();
    for (const { name, hex } of refs) if (!this.slots.has(hex)) wanted.set(hex, name);
    const names = [...wanted.values()];
    const values = await this.state.getMany(names);
    let index = 0;
    for (const [hex, name] of wanted) this.know({ name, hex }, values[index++]);
  }

  /** Takes a cell's bytes (undefined: it is absent) as they are given, instead of reading them. */
  know({ name, hex }: CellRef, stored: Uint8Array | undefined): void {
    this.slots.set(hex, { name, key: undefined, stored, isRead: false });
  }

  get<T>(ref: CellRef, codec: CellCodec<T>): T | undefined {
    const slot = this.slotOf(ref);
    if (!slot.isRead) {
      slot.value = slot.stored === undefined ? undefined : codec.decode(slot.stored);
      slot.isRead = true;
    }
    return slot.value as T | undefined;
  }

  set<T>(ref: CellRef, codec: CellCodec<T>, value: T | undefined): void {
    const slot = this.slotOf(ref);
    slot.key ??= hashedKeyOf(slot.name);
    slot.value = value;
    slot.codec = codec as CellCodec<never>;
    slot.isRead = true;
  }

  /** The written cells, for the tree; each value is encoded when the tree asks for it, and noted in `encoded`. */
  changes(encoded: Map<string, Uint8Array | undefined>): CellChange[] {
    const changes: CellChange[] = [];
    for (const [hex, slot] of this.slots) {
      if (slot.key === undefined) continue;
      changes.push({
        key: slot.key,
        name: slot.name,
        value() {
          const bytes =
            slot.value === undefined ? undefined : (slot.codec as CellCodec<never>).encode(slot.value as never);
          encoded.set(hex, bytes);
          return bytes;
        },
      });
    }
    return changes;
  }

  /** All cells with a prefix, as they stand now: the store's, with this block's writes over them. */
  async scan<T>(prefix: Uint8Array, codec: CellCodec<T>): Promise<readonly (readonly [name: Uint8Array, value: T])[]> {
    const hexPrefix = toHex(prefix);
    const merged = new Map<string, readonly [Uint8Array, T]>();
    for (const [name, stored] of await this.state.scan(prefix)) merged.set(toHex(name), [name, codec.decode(stored)]);
    for (const [hex, slot] of this.slots) {
      if (slot.key === undefined || !hex.startsWith(hexPrefix)) continue;
      if (slot.value === undefined) merged.delete(hex);
      else merged.set(hex, [slot.name, slot.value as T]);
    }
    return [...merged.values()].sort((a, b) => compareBytes(a[0], b[0]));
  }

  private slotOf({ hex }: CellRef): Slot {
    const slot = this.slots.get(hex);
    if (slot !== undefined) return slot;
    throw new ChainError(
      { code: 'STATE_BROKEN', cell: 'unread' },
      'expected a transition to touch only cells it named before',
    );
  }
}
