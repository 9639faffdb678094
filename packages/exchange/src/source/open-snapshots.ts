/** Studies of the archive that stay open for a moment: a reader who asks for one instance after the other does not have it listed each time. */
import { ImagingError, type PacsConnector, type StudySnapshot } from '@radledger/imaging';

/** How long one stays open that nobody reads. */
const KEPT_MS = 30_000;
/** Most of those that nobody reads: each may name 100,000 instances. */
const KEPT_MAX = 8;

export interface SharedSnapshot {
  readonly snapshot: StudySnapshot;
  /** @param isWhole - whether all that was read of it was as planned; otherwise the next reader has it opened anew */
  release(isWhole: boolean): void;
}

export interface OpenSnapshots {
  /**
   * @param content - what the ledger names: another version is opened for itself
   * @throws {ImagingError} what the archive throws; `MIXED_STUDIES`
   */
  open(studyInstanceUid: string, content: string): Promise<SharedSnapshot>;
  /** Closes those that nobody reads, and from then on each when its last reader leaves it. */
  close(): void;
}

interface Shared {
  readonly opening: Promise<StudySnapshot>;
  readers: number;
  timer: NodeJS.Timeout | undefined;
}

export function createOpenSnapshots(options: {
  readonly connector: Pick<PacsConnector, 'openStudy'>;
  readonly onFailure: (error: unknown) => void;
}): OpenSnapshots {
  const { connector, onFailure } = options;
  const open = new Map<string, Shared>();
  let isClosed = false;

  const openStudy = async (studyInstanceUid: string): Promise<StudySnapshot> => {
    const snapshot = await connector.openStudy(studyInstanceUid);
    if (snapshot.studyInstanceUid === studyInstanceUid) return snapshot;
    await snapshot.close();
    throw new ImagingError({ code: 'MIXED_STUDIES' }, 'the archive opened another study');
  };
  /** Nobody finds it any more; closed once nobody reads it. */
  const forget = (key: string, shared: Shared): void => {
    clearTimeout(shared.timer);
    if (open.get(key) === shared) open.delete(key);
    if (shared.readers === 0) shared.opening.then((snapshot) => snapshot.close()).catch(onFailure);
  };
  const keep = (key: string, shared: Shared): void => {
    // Last in the order in which they make room.
    open.delete(key);
    open.set(key, shared);
    shared.timer = setTimeout(() => forget(key, shared), KEPT_MS).unref();
    const unread = [...open].filter(([, { readers }]) => readers === 0);
    for (const [oldest, one] of unread.slice(0, -KEPT_MAX)) forget(oldest, one);
  };

  return {
    async open(studyInstanceUid, content) {
      const key = `${studyInstanceUid} ${content}`;
      const shared = open.get(key) ?? { opening: openStudy(studyInstanceUid), readers: 0, timer: undefined };
      open.set(key, shared);
      clearTimeout(shared.timer);
      shared.readers += 1;
      let isReleased = false;
      const release = (isWhole: boolean): void => {
        if (isReleased) return;
        isReleased = true;
        shared.readers -= 1;
        if (!isWhole || isClosed || open.get(key) !== shared) forget(key, shared);
        else if (shared.readers === 0) keep(key, shared);
      };
      try {
        return { snapshot: await shared.opening, release };
      } catch (error) {
        shared.readers -= 1;
        if (open.get(key) === shared) open.delete(key);
        throw error;
      }
    },

    close() {
      isClosed = true;
      for (const [key, shared] of open) if (shared.readers === 0) forget(key, shared);
    },
  };
}
