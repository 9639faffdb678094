/** What broken transfers left in quarantine, for the next try: one folder a retrieval, for a limited time and of limited size. */
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ImagingError } from '@radledger/imaging';
import { uint } from '@radledger/primitives';
import { type Change, type ExchangeStore, put, type RecordKind, remove } from '../exchange-store.js';
import type { KeyedLock } from '../keyed-lock.js';

const PREFIX = 'held-';
/** How long a broken transfer is held. */
const HELD_MS_MAX = 7 * 86_400_000;

/** When the transfer of a retrieval broke, Unix ms; the id is the retrieval's. */
const heldRecords: RecordKind<number> = { name: 'held', schema: uint(), bytesMax: 16 };

export interface HeldStudies {
  /** Where the study of a retrieval arrives. */
  folderOf(retrievalId: string): string;
  /** To be kept with the end of a transfer: what arrived is held for another try. */
  hold(retrievalId: string): Change;
  /** Erases what a retrieval holds. @returns to be kept with the end of its transfer */
  release(retrievalId: string): Promise<Change>;
  /** Erases what is too old, what nobody can fetch any more, and the oldest of what is too much. */
  sweep(): Promise<void>;
}

/** What becomes of a retrieval: its transfer runs or goes on by itself; it may be started again; it will not be. */
export type Prospect = 'runs' | 'may-run' | 'over';

/**
 * Opens the folder; what a crash left of retrievals that are not going on is erased.
 * @throws {ImagingError} `FOLDER_UNUSABLE`
 */
export async function openHeldStudies(options: {
  readonly store: ExchangeStore;
  readonly lock: KeyedLock;
  readonly quarantineFolder: string;
  /** Most bytes held, besides those of transfers that run. */
  readonly bytesMax: number;
  readonly prospectOf: (retrievalId: string) => Promise<Prospect>;
  readonly now: () => number;
  readonly onFailure: (error: unknown) => void;
}): Promise<HeldStudies> {
  const { store, lock, prospectOf, now } = options;
  const quarantine = resolve(options.quarantineFolder);
  const folderOf = (retrievalId: string): string => join(quarantine, `${PREFIX}${retrievalId}`);
  const erase = (retrievalId: string): Promise<void> =>
    onDisk(() => rm(folderOf(retrievalId), { recursive: true, force: true })).catch(options.onFailure);

  const names = await onDisk(async () => {
    await mkdir(quarantine, { recursive: true, mode: 0o700 });
    return readdir(quarantine);
  });
  for (const name of names) {
    const retrievalId = name.startsWith(PREFIX) ? name.slice(PREFIX.length) : undefined;
    if (retrievalId === undefined || (await store.get(heldRecords, retrievalId)) !== undefined) continue;
    if ((await prospectOf(retrievalId)) !== 'runs') await erase(retrievalId);
  }

  return {
    folderOf,
    hold: (retrievalId) => put(heldRecords, retrievalId, now()),
    async release(retrievalId) {
      await erase(retrievalId);
      return remove(heldRecords, retrievalId);
    },
    async sweep() {
      const held = await store.list(heldRecords);
      let bytes = 0;
      for (const { id, value: sinceMs } of held.toSorted((a, b) => b.value - a.value)) {
        await lock(`retrieval/${id}`, async () => {
          const prospect = await prospectOf(id);
          if (prospect === 'runs') return;
          const size = await bytesIn(folderOf(id));
          const isKept = prospect === 'may-run' && now() - sinceMs <= HELD_MS_MAX && bytes + size <= options.bytesMax;
          if (isKept) {
            bytes += size;
            return;
          }
          await erase(id);
          await store.commit([remove(heldRecords, id)]);
        });
      }
    },
  };
}

async function bytesIn(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** The system's own errors name paths. */
async function onDisk<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (cause) {
    const systemCode = (cause as NodeJS.ErrnoException).code ?? 'unknown';
    throw new ImagingError({ code: 'FOLDER_UNUSABLE', systemCode }, 'expected a quarantine folder with space to write');
  }
}
