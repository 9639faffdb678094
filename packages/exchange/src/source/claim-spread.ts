/**
 * What one patient claims in one sitting is kept apart on the ledger, which shows everybody what came together. Spec:
 * docs/spec/exchange-records.md, section 4; figures: docs/guides/researchers.md, section 7.
 */
import { randomBytes, uint } from '@radledger/primitives';
import { type Change, type ExchangeStore, put, type RecordKind, remove } from '../exchange-store.js';

/** When the last claim of a patient went out at once, Unix ms; the id is his pseudonym. */
const sittingRecords: RecordKind<number> = { name: 'sitting', schema: uint(), bytesMax: 16 };

/** Forgets when that was: it tells by its time which study on the ledger is this patient's. */
export function forgetSitting(patient: string): Change {
  return remove(sittingRecords, patient);
}

/** When a study may be published, and what is committed with that. */
export interface Spread {
  readonly publishAtMs: number | undefined;
  readonly changes: readonly Change[];
}

/**
 * The first claim goes out at once, each further one within `spreadMs` after it at a random time of as long a span.
 * @param spreadMs - 0: all at once
 * @returns of a patient's pseudonym; whoever has none waits for nobody
 */
export function createClaimSpread(options: {
  readonly store: ExchangeStore;
  readonly spreadMs: number;
  readonly now: () => number;
}): (patient: string | undefined) => Promise<Spread> {
  const { store, spreadMs, now } = options;
  return async (patient) => {
    if (spreadMs === 0 || patient === undefined) return { publishAtMs: undefined, changes: [] };
    const nowMs = now();
    const lastMs = await store.get(sittingRecords, patient);
    if (lastMs === undefined || nowMs - lastMs >= spreadMs || nowMs < lastMs) {
      return { publishAtMs: undefined, changes: [put(sittingRecords, patient, nowMs)] };
    }
    return { publishAtMs: nowMs + Math.floor(fraction() * spreadMs), changes: [] };
  };
}

/** From 0, below 1, from the generator that keys come from: the ledger's readers look for a pattern. */
function fraction(): number {
  const [high = 0, middle = 0, low = 0] = randomBytes(3);
  return ((high * 256 + middle) * 256 + low) / 2 ** 24;
}
