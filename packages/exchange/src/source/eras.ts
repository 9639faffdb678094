/** The grant salt of each era (D4): Move Owner begins a new one, and the old opens nothing from then on. */
import { randomBytes, toHex } from '@radledger/primitives';
import { type ExchangeStore, put } from '../exchange-store.js';
import type { KeyedLock } from '../keyed-lock.js';
import { studyRecords } from './source-records.js';

export interface Eras {
  /** Makes sure that a study of ours has a salt for every era up to `era`: 32 fresh random bytes each, stored before it resolves. */
  reach(studyId: Uint8Array, era: number): Promise<void>;
}

export function createEras(options: { readonly store: ExchangeStore; readonly lock: KeyedLock }): Eras {
  const { store, lock } = options;
  return {
    reach: (studyId, era) => {
      const id = toHex(studyId);
      return lock(`study/${id}`, async () => {
        const study = await store.get(studyRecords, id);
        if (study === undefined || study.grantSalts.length > era) return;
        const missing = Array.from({ length: era + 1 - study.grantSalts.length }, () => randomBytes(32));
        await store.commit([put(studyRecords, id, { ...study, grantSalts: [...study.grantSalts, ...missing] })]);
      });
    },
  };
}
