/** Cells of the ledger that a gateway has read and that no finalized block has changed since. */
import type { GrantCell, StudyCell } from '@radledger/chain';

const CACHED_PAIRS_MAX = 100_000;

/** The two cells that decide about one reader of one study, read together. */
export interface CellPair {
  readonly study: StudyCell | undefined;
  readonly grant: GrantCell | undefined;
}

/** Pairs of cells by study and tag, until their study changes. */
export interface PairCache {
  get(studyId: Uint8Array, tag: Uint8Array): CellPair | undefined;
  /** Keeps a pair unless something was dropped since `generation`: it may have been read before that change. */
  set(studyId: Uint8Array, tag: Uint8Array, pair: CellPair, generation: number): void;
  generation(): number;
  drop(studyId: Uint8Array | undefined): void;
  clear(): void;
}

/** Least recently inserted pairs go first; all pairs of a study go together. */
export function createPairCache(): PairCache {
  const studies = new Map<string, Map<string, CellPair>>();
  let size = 0;
  let generation = 0;
  const dropStudy = (key: string): void => {
    size -= studies.get(key)?.size ?? 0;
    studies.delete(key);
  };
  return {
    generation: () => generation,
    get: (studyId, tag) => studies.get(cacheKey(studyId))?.get(cacheKey(tag)),
    set(studyId, tag, pair, readAt) {
      if (readAt !== generation) return;
      const key = cacheKey(studyId);
      const tags = studies.get(key) ?? new Map<string, CellPair>();
      studies.set(key, tags);
      if (!tags.has(cacheKey(tag))) size += 1;
      tags.set(cacheKey(tag), pair);
      for (const oldest of studies.keys()) {
        if (size <= CACHED_PAIRS_MAX) break;
        dropStudy(oldest);
      }
    },
    drop(studyId) {
      if (studyId === undefined) return;
      generation += 1;
      dropStudy(cacheKey(studyId));
    },
    clear() {
      generation += 1;
      studies.clear();
      size = 0;
    },
  };
}

/** One character a byte: several times cheaper to make than hex, and never shown. */
function cacheKey(id: Uint8Array): string {
  return String.fromCharCode.apply(undefined, id as unknown as number[]);
}
