/** What waits for a person: a study that passed and was set aside, or what arrived of one that was refused. */
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ZIP_NAME } from './file-set-judge.js';
import { syncFolder } from './folder/stored-file.js';
import { inWorker } from './in-worker.js';
import { DEFAULT_IMPORT_LIMITS, type ImportLimits } from './limits.js';
import { Quarantine } from './quarantine.js';
import { onDisk } from './quarantine-disk.js';
import type { QuarantinedStudy } from './quarantined-study.js';
import { readNote } from './set-aside.js';
import type { StudyDescription } from './study-description.js';
import { INSTANCE_FILE } from './study-intake.js';

/**
 * A study that `setAside` moved to `folder`. Its instances are compared with what was checked as they are read.
 * @param options.noteSha256 - what `setAside` returned
 * @throws {ImagingError} `QUARANTINE_CHANGED` | `FOLDER_UNUSABLE`
 */
export async function reopenStudy(options: {
  readonly folder: string;
  readonly noteSha256: Uint8Array;
  readonly limits?: Partial<ImportLimits>;
}): Promise<QuarantinedStudy> {
  const { folder, noteSha256 } = options;
  return new Quarantine(folder, await readNote(folder, noteSha256), { ...DEFAULT_IMPORT_LIMITS, ...options.limits });
}

/**
 * Keeps what an intake received of a study that was refused, to be looked into: what the sender sent, and nothing inflated beside it.
 * @param folder - of the intake; gone then
 * @param to - absent, on the same file system
 * @returns its size in bytes; 0 when nothing had arrived, and nothing is kept
 * @throws {ImagingError} `FOLDER_UNUSABLE`
 */
export async function keepRefused(folder: string, to: string): Promise<number> {
  return onDisk(async () => {
    const names = await readdir(folder).catch(() => []);
    let bytes = 0;
    for (const name of names) {
      const path = join(folder, name);
      if (name === ZIP_NAME || INSTANCE_FILE.test(name)) bytes += (await stat(path)).size;
      else await rm(path, { recursive: true, force: true });
    }
    if (bytes === 0) {
      await rm(folder, { recursive: true, force: true });
      return 0;
    }
    await mkdir(dirname(to), { recursive: true, mode: 0o700 });
    await rename(folder, to);
    await syncFolder(dirname(to));
    return bytes;
  });
}

/**
 * Who and what a study names that was refused, as far as it can be read; in a worker, under the limits of an import.
 * @param options.folder - where `keepRefused` put it
 * @throws {ImagingError} as `importFileSet`, for the directory of the ZIP | `FOLDER_UNUSABLE`
 */
export async function describeRefused(options: {
  readonly folder: string;
  readonly receivedBytes: number;
  readonly limits?: Partial<ImportLimits>;
  readonly signal?: AbortSignal;
}): Promise<StudyDescription> {
  const { folder, receivedBytes, signal } = options;
  await onDisk(() => stat(folder));
  const limits = { ...DEFAULT_IMPORT_LIMITS, ...options.limits };
  return inWorker({ kind: 'describe', folder, receivedBytes, limits, instances: undefined }, signal);
}
