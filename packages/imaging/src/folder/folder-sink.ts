import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { equalBytes } from '@radledger/primitives';
import { ImagingError } from '../errors.js';
import { FileWriter } from '../file-writer.js';
import type { FiledStudy } from '../pacs-connector.js';
import type { QuarantinedInstance, QuarantinedStudy, StudySink } from '../quarantined-study.js';
import { openStoredFile, readChunks, syncFolder } from './stored-file.js';
import { withSystemErrors } from './system-errors.js';

const FILING_PREFIX = '.filing-';
const VERSIONS_MAX = 1000;

export interface FolderSinkOptions {
  /** Made when absent. Must be one file system, so that a rename is atomic. */
  readonly folder: string;
}

export interface FolderSink extends StudySink {
  /**
   * Files a study into `<folder>/<StudyInstanceUID>/<SOPInstanceUID>.dcm`, each file byte for byte as received. The
   * study is written beside, under a hidden name, synced, and renamed once: it is there whole or not at all. Equal
   * content that is there already is left alone (`written: false`); another version of the study goes to
   * `<StudyInstanceUID>.v2`, `.v3` and so on, so nothing is overwritten.
   * @throws {ImagingError} `FOLDER_UNUSABLE` | `QUARANTINE_CHANGED` | `QUARANTINE_CLOSED` | `TOO_MANY_VERSIONS`
   */
  fileStudy(study: QuarantinedStudy): Promise<FiledStudy>;
  /** Erases what a crash left half-written. Call at start, while no other process files into the folder. */
  clearLeftovers(): Promise<void>;
}

export function createFolderSink(options: FolderSinkOptions): FolderSink {
  const folder = resolve(options.folder);
  return {
    fileStudy: (study) => withSystemErrors(() => fileInto(folder, study)),
    clearLeftovers: () =>
      withSystemErrors(async () => {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        for (const name of await readdir(folder)) {
          if (name.startsWith(FILING_PREFIX)) await rm(join(folder, name), { recursive: true, force: true });
        }
      }),
  };
}

async function fileInto(folder: string, study: QuarantinedStudy): Promise<FiledStudy> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  let version = 1;
  for (; await exists(locationOf(folder, study, version)); version++) {
    const location = locationOf(folder, study, version);
    if (await holdsExactly(location, study.instances)) return { location, written: false };
    if (version === VERSIONS_MAX) throw tooManyVersions();
  }
  const draft = await mkdtemp(join(folder, FILING_PREFIX));
  try {
    for (const instance of study.instances) await writeInstance(join(draft, fileNameOf(instance)), instance);
    await syncFolder(draft);
    for (; ; version++) {
      if (version > VERSIONS_MAX) throw tooManyVersions();
      const location = locationOf(folder, study, version);
      // Someone else may have filed meanwhile: a folder with files in it is never replaced by a rename.
      if (await renamed(draft, location)) {
        await syncFolder(folder);
        return { location, written: true };
      }
    }
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

function locationOf(folder: string, study: QuarantinedStudy, version: number): string {
  return join(folder, version === 1 ? study.studyInstanceUid : `${study.studyInstanceUid}.v${version}`);
}

function fileNameOf(instance: QuarantinedInstance): string {
  return `${instance.sopInstanceUid}.dcm`;
}

async function writeInstance(path: string, instance: QuarantinedInstance): Promise<void> {
  const handle = await open(path, 'wx', 0o600);
  const writer = new FileWriter(handle);
  try {
    for await (const chunk of instance.open()) await writer.write(chunk);
    await writer.finish();
  } finally {
    await writer.settled();
    await handle.close();
  }
}

async function holdsExactly(location: string, instances: readonly QuarantinedInstance[]): Promise<boolean> {
  const names = new Set(await readdir(location));
  if (names.size !== instances.length) return false;
  for (const instance of instances) {
    if (!names.has(fileNameOf(instance))) return false;
    if (!(await holdsBytes(join(location, fileNameOf(instance)), instance))) return false;
  }
  return true;
}

async function holdsBytes(path: string, instance: QuarantinedInstance): Promise<boolean> {
  const opened = await openStoredFile(path);
  if (opened === undefined) return false;
  const { handle, state } = opened;
  try {
    if (state.sizeBytes !== BigInt(instance.sizeBytes)) return false;
    const hash = createHash('sha256');
    for await (const chunk of readChunks(handle)) hash.update(chunk);
    return equalBytes(hash.digest(), instance.sha256);
  } finally {
    await handle.close();
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

async function renamed(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (['ENOTEMPTY', 'EEXIST', 'ENOTDIR', 'EPERM'].includes(code) && (await exists(to))) return false;
    throw error;
  }
}

function tooManyVersions(): ImagingError {
  const info = { code: 'TOO_MANY_VERSIONS', versionsMax: VERSIONS_MAX } as const;
  return new ImagingError(info, `a study is kept in at most ${VERSIONS_MAX} versions; take old ones out of the folder`);
}
