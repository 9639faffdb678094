/**
 * Notices from one listing of an archive to the next what became of its studies: new ones, late images, purged ones. Every archive can be
 * listed (folder scan, QIDO-RS, C-FIND), so this needs no feed. Kept in memory: after a start all is looked at as if it were new.
 */
import type { StudySummary } from '@radledger/imaging';

export interface ArchiveWatchOptions {
  /** The clock, Unix ms. */
  readonly now: () => number;
  /** How long a study must stay as it is before it counts as whole, in ms. */
  readonly settleMs: number;
  /** How long a study must be missing before it counts as purged, in ms. */
  readonly purgedMs: number;
}

export interface ArchiveWatch {
  /**
   * Takes one whole listing.
   * @returns studies that have settled since the last call (each again after each change), and studies that are missing for long enough: each in every
   *   listing until `forget`, or until it is back
   */
  see(listing: readonly StudySummary[]): {
    readonly settled: readonly StudySummary[];
    readonly purged: readonly string[];
  };
  /** A purged study was dealt with. */
  forget(studyInstanceUid: string): void;
  /** False while images still come in. A study that was never seen is as old as this question. */
  isSettled(study: StudySummary): boolean;
}

interface Watched {
  readonly instances: number;
  readonly sinceMs: number;
  readonly missingSinceMs: number | undefined;
  readonly isTold: boolean;
}

export function createArchiveWatch({ now, settleMs, purgedMs }: ArchiveWatchOptions): ArchiveWatch {
  const watched = new Map<string, Watched>();

  const note = ({ studyInstanceUid, instances }: StudySummary): Watched => {
    const before = watched.get(studyInstanceUid);
    const isSame = before?.instances === instances && before.missingSinceMs === undefined;
    const after = isSame ? before : { instances, sinceMs: now(), missingSinceMs: undefined, isTold: false };
    watched.set(studyInstanceUid, after);
    return after;
  };

  return {
    see(listing) {
      const settled: StudySummary[] = [];
      const purged: string[] = [];
      const listed = new Set<string>();
      for (const study of listing) {
        listed.add(study.studyInstanceUid);
        const { sinceMs, isTold } = note(study);
        if (isTold || now() - sinceMs < settleMs) continue;
        watched.set(study.studyInstanceUid, { ...note(study), isTold: true });
        settled.push(study);
      }
      for (const [studyInstanceUid, study] of watched) {
        if (listed.has(studyInstanceUid)) continue;
        const missingSinceMs = study.missingSinceMs ?? now();
        watched.set(studyInstanceUid, { ...study, missingSinceMs });
        if (now() - missingSinceMs >= purgedMs) purged.push(studyInstanceUid);
      }
      return { settled, purged };
    },
    forget: (studyInstanceUid) => void watched.delete(studyInstanceUid),
    isSettled: (study) => now() - note(study).sinceMs >= settleMs,
  };
}
