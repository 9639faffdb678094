/** Which studies are being read just now: what is written of a reading must not come after its study was erased. */
import { toHex } from '@radledger/primitives';

export interface RunningReads {
  /** @returns to be called once, when nothing more is written of this reading */
  begin(studyId: Uint8Array): () => void;
  isAny(studyId: Uint8Array): boolean;
}

export function createRunningReads(): RunningReads {
  const counts = new Map<string, number>();
  return {
    begin(studyId) {
      const id = toHex(studyId);
      counts.set(id, (counts.get(id) ?? 0) + 1);
      return () => {
        const left = (counts.get(id) ?? 1) - 1;
        if (left === 0) counts.delete(id);
        else counts.set(id, left);
      };
    },
    isAny: (studyId) => counts.has(toHex(studyId)),
  };
}
