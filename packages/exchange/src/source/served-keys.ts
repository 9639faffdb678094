/** The keys that were given a study: what strangers ask for in vain does not hold these up. Spec: docs/spec/gateway-api.md, section 3. */
import { literal, struct, uint } from '@radledger/primitives';
import { type ExchangeStore, put, type RecordKind, remove } from '../exchange-store.js';

/** The one that was served longest ago goes first. */
const SERVED_MAX = 10_000;
/** How old a kept time may be: not every reading is a write. */
const KEPT_MS = 86_400_000;

const schema = struct({ format: literal(1), atMs: uint() });
/** The id is the key in hex. */
const servedRecords: RecordKind<{ readonly format: 1; readonly atMs: number }> = {
  name: 'served-key',
  schema,
  bytesMax: 32,
};

/** Keys are in hex. */
export interface ServedKeys {
  has(key: string): boolean;
  /** A key is served now. It counts at once; that it still does after a stop is written in the background. */
  add(key: string): void;
}

export async function openServedKeys(options: {
  readonly store: Pick<ExchangeStore, 'list' | 'commit'>;
  readonly inBackground: (work: Promise<void>) => void;
  readonly now: () => number;
}): Promise<ServedKeys> {
  const { store, inBackground, now } = options;
  const kept = [...(await store.list(servedRecords))].sort((a, b) => a.value.atMs - b.value.atMs);
  /** By key when that was last written; those that were served last stand last. */
  const keptAtMs = new Map(kept.map(({ id, value }) => [id, value.atMs]));

  return {
    has: (key) => keptAtMs.has(key),
    add(key) {
      const atMs = now();
      const before = keptAtMs.get(key);
      const isKept = before !== undefined && before <= atMs && atMs < before + KEPT_MS;
      keptAtMs.delete(key);
      keptAtMs.set(key, isKept ? before : atMs);
      if (isKept) return;
      const [oldest] = keptAtMs.size > SERVED_MAX ? keptAtMs.keys() : [];
      if (oldest !== undefined) keptAtMs.delete(oldest);
      const gone = oldest === undefined ? [] : [remove(servedRecords, oldest)];
      inBackground(store.commit([put(servedRecords, key, { format: 1, atMs }), ...gone]));
    },
  };
}
