/** Studies that were given to the wrong patient: whoever owns them gets nothing more. Spec: docs/spec/exchange-records.md, section 6. */
import { literal, toHex } from '@radledger/primitives';
import { type Change, type ExchangeStore, put, type RecordKind, remove } from '../exchange-store.js';

/** The id is the studyId in hex. */
const wrongPatientRecords: RecordKind<0> = { name: 'wrong-patient', schema: literal(0), bytesMax: 8 };

export interface WrongPatients {
  has(studyId: Uint8Array): boolean;
  /** Marks a study, in memory at once: nothing more is given out while the disk still works. */
  mark(studyId: Uint8Array): Change;
  /** The study was erased: there is nothing left to give out. */
  forget(studyId: Uint8Array): Change;
}

export async function openWrongPatients(store: ExchangeStore): Promise<WrongPatients> {
  const ids = new Set((await store.list(wrongPatientRecords)).map(({ id }) => id));
  return {
    has: (studyId) => ids.has(toHex(studyId)),
    mark(studyId) {
      ids.add(toHex(studyId));
      return put(wrongPatientRecords, toHex(studyId), 0);
    },
    // The mark in memory stays: a claim that is just being judged must not find the study whole again.
    forget: (studyId) => remove(wrongPatientRecords, toHex(studyId)),
  };
}
